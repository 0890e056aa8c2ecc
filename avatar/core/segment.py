"""One segment: its audio is kept until it was played."""

from collections import deque
from collections.abc import Sequence

from avatar.core.audio import is_silent, to_bytes, to_seconds
from avatar.core.words import Word, cut_at, last_gap

# What was played last, for going back to the start of the word in which playback was cut, and further where the avatar
# is found not to be heard: that takes 4 s.
_KEPT = to_bytes(6.0)

# The end of what was played in which `sounds` looks for sound.
_LATELY = to_bytes(1.0)

# How far back a gap between words is looked for, where text to speech has not timed the words.
_GAP_WITHIN = to_bytes(0.6)


class Segment:
    """What the framework captured from a first frame to its flush, as PCM bytes.

    Three marks move through it: played, handed (to the sink), captured. Audio well before the first is forgotten, so a
    segment never holds much more than its unplayed speech.

    Args:
        number: 1 for the first segment of a call.
        captured_at: Monotonic seconds at which its capture began.
    """

    def __init__(self, number: int, captured_at: float) -> None:
        self.number = number
        self.captured_at = captured_at
        """When its capture began."""
        self.sealed = False
        """True once the framework has flushed it: nothing more is captured."""
        self.finished = False
        """True once its end was reported: audio that is still captured for it is dropped."""
        self.sent = False
        """True once a chunk of it was sent to any sink."""
        self.started = False
        """True once a sink has begun to play it."""
        self.reported = 0.0
        """Seconds up to which progress was reported."""
        self._words: deque[Word] = deque()
        self._pcm = bytearray()
        self._start = 0  # where _pcm begins
        self._played = 0
        self._handed = 0
        self._captured = 0
        self._first_size: int | None = None
        self._last_at = captured_at

    @property
    def captured(self) -> float:
        """Seconds captured."""
        return to_seconds(self._captured)

    @property
    def played(self) -> float:
        """Seconds that were played for certain; the utterance at the sink may be further."""
        return to_seconds(self._played)

    @property
    def pending(self) -> float:
        """Seconds captured and not sent."""
        return to_seconds(self.pending_bytes)

    @property
    def pending_bytes(self) -> int:
        """Bytes captured and not sent."""
        return self._captured - self._handed

    @property
    def rate(self) -> float:
        """How fast it is captured, in multiples of the speed at which it is spoken; infinite until the second piece.

        The first piece does not count: when its synthesis began is unknown.
        """
        elapsed = self._last_at - self.captured_at
        return to_seconds(self._captured - (self._first_size or 0)) / elapsed if elapsed > 0 else float("inf")

    def append(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> None:
        """Capture `pcm`, whole samples, PCM16 24 kHz mono, and the words in it that text to speech has timed."""
        size = len(pcm)
        if self._first_size is None:
            self._first_size = size
        self._pcm += pcm
        self._captured += size
        self._last_at = now
        if words:
            self._words.extend(words)

    def sounds(self, position: float) -> bool:
        """True if there is sound in the second before `position`, which is no earlier than what was played."""
        end = to_bytes(position) - self._start
        return not is_silent(bytes(self._pcm[max(0, end - _LATELY) : end]))

    def take(self, most: float) -> bytes:
        """Take the next audio to send, at most `most` seconds of it."""
        start = self._handed - self._start
        pcm = bytes(self._pcm[start : start + to_bytes(most)])
        self._handed += len(pcm)
        return pcm

    def forget_before(self, position: float) -> None:
        """Free the memory of audio well before `position` seconds, up to which it was played."""
        surplus = min(to_bytes(position), self._handed) - self._start - _KEPT
        if surplus > 0:
            del self._pcm[:surplus]
            self._start += surplus
        while self._words and to_bytes(self._words[0].end) < self._start:
            self._words.popleft()

    def rewind(self, position: float) -> None:
        """Go back to `position` seconds, what was played; the audio after it is to be sent again."""
        self._played = max(self._played, min(to_bytes(position), self._handed))
        self._handed = self._played
        self.forget_before(position)

    def resume(self) -> float:
        """Go back to the start of the word in which playback was cut, if that is known and audio is left.

        Returns:
            The position at which the segment goes on, in seconds.
        """
        if self._handed == self._played and self.pending_bytes:
            self._handed = self._before_cut()
        return to_seconds(self._handed)

    def _before_cut(self) -> int:
        start = cut_at(to_seconds(self._played), self._words)
        if start is not None:
            return max(self._start, to_bytes(start))
        heard = bytes(self._pcm[: self._played - self._start][-_GAP_WITHIN:])
        return self._played - len(heard) + last_gap(heard)
