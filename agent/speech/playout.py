"""The position of each sentence in the audio of a segment, and how far it was played. Pure: time is an argument."""

from collections.abc import Sequence
from itertools import accumulate


def starts(durations: Sequence[float]) -> list[float]:
    """Compute the start of each sentence, in seconds of the segment; sentences follow each other without a gap."""
    return list(accumulate(durations, initial=0.0))[:-1]


def played(durations: Sequence[float], position: float) -> list[float]:
    """Compute how many seconds of each sentence were played when the segment was played to `position`."""
    spans = zip(starts(durations), durations, strict=True)
    return [min(max(position - start, 0.0), duration) for start, duration in spans]


def reached(durations: Sequence[float], position: float) -> int:
    """Count the sentences that `position` has reached; one without audio counts with the next one."""
    return sum(start <= position for start in starts(durations))


class Playout:
    """The audio of a segment while it grows and plays.

    Audio outputs report the start and the end of playback. In between they are assumed to play in real time and to stop
    where the audio stops; a reported position replaces the assumed one.

    `now` is monotonic seconds; positions and durations are seconds of the segment's audio.
    """

    def __init__(self) -> None:
        self.durations: list[float] = []
        self.position = 0.0
        self.is_started = False
        self._pushed_at: float | None = None
        self._advanced_at = 0.0

    @property
    def pushed(self) -> float:
        """Seconds of audio so far."""
        # Added up like the starts, so that the end of one sentence is exactly the start of the next.
        return list(accumulate(self.durations, initial=0.0))[-1]

    @property
    def unplayed(self) -> float:
        """Seconds of audio that were not played."""
        return self.pushed - self.position

    def begin_sentence(self) -> None:
        """Begin the next sentence: audio pushed from now on belongs to it."""
        self.durations.append(0.0)

    def push(self, duration: float, now: float) -> None:
        """Add audio to the sentence."""
        self.durations[-1] += duration
        if self._pushed_at is None:
            self._pushed_at = now

    def start(self, now: float) -> None:
        """Note that the first audio is being played."""
        self.is_started = True
        self._advanced_at = now

    def advance(self, now: float, *, is_playing: bool) -> None:
        """Advance the position to `now`, unless playback is paused or has not started."""
        if is_playing and self.is_started:
            self.position = min(self.position + now - self._advanced_at, self.pushed)
        self._advanced_at = now

    def correct(self, position: float) -> None:
        """Set the position that the audio output reports."""
        self.position = min(position, self.pushed)

    def runs_dry_in(self, now: float) -> float:
        """Return for how many seconds at least the audio lasts; playback may have started with the first push."""
        if self.is_started or self._pushed_at is None:
            return self.unplayed
        return self.pushed - (now - self._pushed_at)
