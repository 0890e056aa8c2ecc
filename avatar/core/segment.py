"""The timeline of one segment: its speech is kept until it was played."""

from avatar.core.audio import to_bytes, to_seconds


class Segment:
    """What the framework captured from a first frame to its flush, as PCM bytes.

    Three marks move through it, in this order: played, handed (to the service), captured. What lies before the
    first is forgotten, so a segment never holds more than its unplayed speech.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.sealed = False
        """Whether the framework has flushed it: nothing is captured any more."""
        self.finished = False
        """Whether its end was reported: what is still captured for it has nowhere to go."""
        self.started = False
        """Whether the avatar has begun to speak it."""
        self._unplayed = bytearray()
        self._played = 0
        self._handed = 0

    @property
    def captured(self) -> float:
        """Seconds captured."""
        return to_seconds(self._played + len(self._unplayed))

    @property
    def played(self) -> float:
        """Seconds forgotten: where it goes on after `rewind`."""
        return to_seconds(self._played)

    @property
    def pending(self) -> float:
        """Seconds captured and not handed over."""
        return to_seconds(self.pending_bytes)

    @property
    def pending_bytes(self) -> int:
        """Bytes captured and not handed over."""
        return self._played + len(self._unplayed) - self._handed

    @property
    def unplayed_bytes(self) -> int:
        """Bytes held in memory."""
        return len(self._unplayed)

    def append(self, pcm: bytes) -> None:
        """Capture `pcm`: whole samples, PCM16 24 kHz mono."""
        if not self.finished:
            self._unplayed += pcm

    def take(self, most: float) -> bytes:
        """Hand over the next speech, `most` seconds of it at the most."""
        start = self._handed - self._played
        pcm = bytes(self._unplayed[start : start + to_bytes(most)])
        self._handed += len(pcm)
        return pcm

    def forget(self, position: float) -> None:
        """The first `position` seconds were played, and will not be needed again."""
        played = min(to_bytes(position), self._handed)
        if played > self._played:
            del self._unplayed[: played - self._played]
            self._played = played

    def rewind(self, position: float) -> None:
        """Go back to `position` seconds, what was played; what comes after is to be handed over again."""
        self.forget(position)
        self._handed = self._played
