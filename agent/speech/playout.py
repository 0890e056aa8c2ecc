"""Where the sentences of a segment lie in its audio, and how far it was played. Pure: time is an argument."""

from collections.abc import Sequence
from itertools import accumulate


def starts(durations: Sequence[float]) -> list[float]:
    """Where each of the sentences starts that follow each other without a gap, in seconds of their segment."""
    return list(accumulate(durations, initial=0.0))[:-1]


def played(durations: Sequence[float], position: float) -> list[float]:
    """How many seconds of each sentence were played when their segment was played to `position`."""
    spans = zip(starts(durations), durations, strict=True)
    return [min(max(position - start, 0.0), duration) for start, duration in spans]


def reached(durations: Sequence[float], position: float) -> int:
    """How many of the sentences the position has come to; one without audio counts with the one that follows."""
    return sum(start <= position for start in starts(durations))


class Playout:
    """The audio of a segment while it grows and plays.

    Audio outputs tell of the start and of the end, and of little between: in between it is assumed that they play in
    real time and stop where the audio does. What they tell takes the place of what was assumed.

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
        """The audio that it has."""
        # As the starts are added up: the end of one sentence is exactly the start of the next.
        return list(accumulate(self.durations, initial=0.0))[-1]

    @property
    def unplayed(self) -> float:
        """The audio that it has and was not played."""
        return self.pushed - self.position

    def begin_sentence(self) -> None:
        """What is pushed from here on belongs to the next sentence."""
        self.durations.append(0.0)

    def push(self, duration: float, now: float) -> None:
        """More audio of the sentence was handed over."""
        self.durations[-1] += duration
        if self._pushed_at is None:
            self._pushed_at = now

    def start(self, now: float) -> None:
        """The first audio is being played."""
        self.is_started = True
        self._advanced_at = now

    def advance(self, now: float, *, is_playing: bool) -> None:
        """Time has passed; paused or not started, it stands still."""
        if is_playing and self.is_started:
            self.position = min(self.position + now - self._advanced_at, self.pushed)
        self._advanced_at = now

    def correct(self, position: float) -> None:
        """The audio output tells the position."""
        self.position = min(position, self.pushed)

    def runs_dry_in(self, now: float) -> float:
        """How long it plays without more audio, at least: before its start it might have started with the first."""
        if self.is_started or self._pushed_at is None:
            return self.unplayed
        return self.pushed - (now - self._pushed_at)
