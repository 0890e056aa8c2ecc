"""The timeline of one segment: its speech is kept until it was played."""

from avatar.core.audio import to_bytes, to_seconds
from avatar.core.words import last_gap

_KEPT = to_bytes(0.6)
# What was played last, for going back to the start of the word in which it was cut off.


class Segment:
    """What the framework captured from a first frame to its flush, as PCM bytes.

    Three marks move through it: played, handed (to the service), captured. What lies well before the first is
    forgotten, so a segment never holds much more than its unplayed speech.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.sealed = False
        """Whether the framework has flushed it: nothing is captured any more."""
        self.finished = False
        """Whether its end was reported: what is still captured for it has nowhere to go."""
        self.started = False
        """Whether the avatar has begun to speak it."""
        self.reported = 0.0
        """Seconds up to which progress was reported."""
        self._pcm = bytearray()
        self._start = 0  # where _pcm begins
        self._played = 0
        self._handed = 0

    @property
    def captured(self) -> float:
        """Seconds captured."""
        return to_seconds(self._captured)

    @property
    def played(self) -> float:
        """Seconds that were played for certain; the speech at the service may be further."""
        return to_seconds(self._played)

    @property
    def pending(self) -> float:
        """Seconds captured and not handed over."""
        return to_seconds(self.pending_bytes)

    @property
    def pending_bytes(self) -> int:
        """Bytes captured and not handed over."""
        return self._captured - self._handed

    @property
    def held_bytes(self) -> int:
        """Bytes held in memory."""
        return len(self._pcm)

    def append(self, pcm: bytes) -> None:
        """Capture `pcm`: whole samples, PCM16 24 kHz mono."""
        if not self.finished:
            self._pcm += pcm

    def take(self, most: float) -> bytes:
        """Hand over the next speech, `most` seconds of it at the most."""
        start = self._handed - self._start
        pcm = bytes(self._pcm[start : start + to_bytes(most)])
        self._handed += len(pcm)
        return pcm

    def note_played(self, position: float) -> None:
        """The first `position` seconds were played."""
        self._played = max(self._played, min(to_bytes(position), self._handed))
        surplus = self._played - self._start - _KEPT
        if surplus > 0:
            del self._pcm[:surplus]
            self._start += surplus

    def rewind(self, position: float) -> None:
        """Go back to `position` seconds, what was played; what comes after is to be handed over again."""
        self.note_played(position)
        self._handed = self._played

    def resume(self) -> float:
        """Go back to the start of the word in which the speech was cut off, if it can be told and something is left.

        Returns:
            Where it goes on, in seconds.
        """
        if self._handed == self._played and self.pending_bytes:
            self._handed = self._start + last_gap(bytes(self._pcm[: self._played - self._start]))
        return to_seconds(self._handed)

    @property
    def _captured(self) -> int:
        return self._start + len(self._pcm)
