"""One segment, whose audio is kept until it was played."""

from collections import deque
from collections.abc import Sequence

from avatar.core.audio import is_silent, to_bytes, to_seconds
from avatar.core.words import Word, cut_at, last_gap

# Bytes of played audio that are kept, to go back to the start of the word in which playback was cut, or further if the
# avatar was not heard: noticing that takes 4 s.
_KEPT = to_bytes(6.0)

# The last bytes played, in which `sounds` looks for sound.
_LATELY = to_bytes(1.0)

# How many bytes back a gap between words is looked for, if the TTS has not timed the words.
_GAP_WITHIN = to_bytes(0.6)


class Segment:
    """The PCM bytes that the framework captured from a first frame to its flush.

    Three marks move through it: played, handed (to the sink), captured. Audio well before the first is forgotten, so a
    segment never holds much more than its unplayed speech.

    Args:
        number: 1 for the first segment of a call.
        captured_at: Monotonic seconds at which its capture began.
    """

    def __init__(self, number: int, captured_at: float) -> None:
        self.number = number
        # When its capture began.
        self.captured_at = captured_at
        # True once the framework has flushed it: no more is captured.
        self.sealed = False
        # True once its end was reported: audio that is still captured for it is dropped.
        self.finished = False
        # True once a chunk of it was sent to any sink.
        self.sent = False
        # True once a sink has begun to play it.
        self.started = False
        # Seconds up to which progress was reported.
        self.reported = 0.0
        self._words: deque[Word] = deque()
        self._pcm = bytearray()
        # Position in the segment at which `_pcm` begins, in bytes.
        self._start = 0
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
        """Seconds that were certainly played; the utterance at the sink may be further."""
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
        """The capture rate, in multiples of speaking speed; infinite until the second piece of audio.

        The first piece does not count, as the start of its synthesis is unknown.
        """
        elapsed = self._last_at - self.captured_at
        return to_seconds(self._captured - (self._first_size or 0)) / elapsed if elapsed > 0 else float("inf")

    def append(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> None:
        """Capture `pcm`, whole samples of PCM16 24 kHz mono, and the words in it that the TTS has timed."""
        size = len(pcm)
        if self._first_size is None:
            self._first_size = size
        self._pcm += pcm
        self._captured += size
        self._last_at = now
        if words:
            self._words.extend(words)

    def sounds(self, position: float) -> bool:
        """Return whether there is sound in the second before `position`, which is not before the played position."""
        end = to_bytes(position) - self._start
        return not is_silent(bytes(self._pcm[max(0, end - _LATELY) : end]))

    def take(self, most: float) -> bytes:
        """Take the next audio to send, at most `most` seconds of it."""
        start = self._handed - self._start
        pcm = bytes(self._pcm[start : start + to_bytes(most)])
        self._handed += len(pcm)
        return pcm

    def forget_before(self, position: float) -> None:
        """Free the memory of audio well before `position`, the played position in seconds."""
        surplus = min(to_bytes(position), self._handed) - self._start - _KEPT
        if surplus > 0:
            del self._pcm[:surplus]
            self._start += surplus
        while self._words and to_bytes(self._words[0].end) < self._start:
            self._words.popleft()

    def rewind(self, position: float) -> None:
        """Go back to `position`, the played position in seconds; the audio after it has to be sent again."""
        self._played = max(self._played, min(to_bytes(position), self._handed))
        self._handed = self._played
        self.forget_before(position)

    def resume(self) -> float:
        """Go back to the start of the word in which playback was cut, if that is known and audio is left.

        Returns:
            The position at which the segment continues, in seconds.
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
