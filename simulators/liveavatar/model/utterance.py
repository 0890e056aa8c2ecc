"""One utterance at the service: its audio and its progress."""

from __future__ import annotations

from dataclasses import dataclass, field

# All audio is PCM at this rate: 16 bits, signed, little-endian, mono. The service accepts no other format.
RATE_HZ = 24_000
SAMPLE_BYTES = 2


@dataclass(slots=True)
class Utterance:
    """Speech from its first audio to `speak_end` or `interrupt`.

    Attributes:
        number: 1 for the first utterance of the session.
        event_id: Id of the command that opened it.
        received_bytes: Bytes of received audio.
        heard_samples: Samples that were played.
        underrun_samples: Samples of silence in the middle of it, because audio came too late.
        started_at: When its first sample was played, in seconds since the player was made; None before.
        sealed: Whether no more audio will come.
        ended: Whether nothing more of it will be played.
        interrupted: Whether the client interrupted it.
        allowed_samples: Samples that may still be played; None for all.
        shortest_chunk: Seconds; an utterance whose chunks are all shorter is played when it is sealed.
    """

    number: int
    event_id: str | None
    received_bytes: int = 0
    heard_samples: int = 0
    underrun_samples: int = 0
    started_at: float | None = None
    sealed: bool = False
    ended: bool = False
    interrupted: bool = False
    allowed_samples: int | None = None
    shortest_chunk: float = field(default=0.0, repr=False)
    _audio: bytearray = field(default_factory=bytearray, repr=False)
    _has_long_chunk: bool = field(default=False, repr=False)
    _dry_since: int | None = field(default=None, repr=False)

    @property
    def underrun_seconds(self) -> float:
        """Silence in the middle of the utterance, in seconds."""
        return self.underrun_samples / RATE_HZ

    @property
    def waiting_samples(self) -> int:
        """Received samples that are not played yet."""
        waiting = len(self._audio) // SAMPLE_BYTES
        return waiting if self.allowed_samples is None else min(waiting, self.allowed_samples)

    @property
    def is_playable(self) -> bool:
        """Whether it has audio that can be played now."""
        return self.waiting_samples > 0 and (self.sealed or self._has_long_chunk)

    @property
    def is_played(self) -> bool:
        """Whether nothing more of it will be played."""
        return self.waiting_samples == 0 and (self.sealed or self.allowed_samples == 0)

    def append(self, pcm: bytes) -> None:
        """Add audio; half a sample waits for its other byte."""
        self.received_bytes += len(pcm)
        self._has_long_chunk |= len(pcm) >= self.shortest_chunk * RATE_HZ * SAMPLE_BYTES
        self._audio += pcm

    def take(self, samples: int) -> bytes:
        """Play the next `samples` of it, or fewer if it has fewer."""
        taken = min(samples, self.waiting_samples)
        pcm = bytes(self._audio[: taken * SAMPLE_BYTES])
        del self._audio[: len(pcm)]
        self.heard_samples += taken
        if self.allowed_samples is not None:
            self.allowed_samples -= taken
        return pcm

    def run_dry(self, position: int) -> None:
        """Note that the audio ran out at `position` before the utterance ended."""
        self._dry_since = position

    def resume(self, position: int) -> None:
        """Note that the audio begins or continues at `position`."""
        if self.started_at is None:
            self.started_at = position / RATE_HZ
        if self._dry_since is not None:
            self.underrun_samples += position - self._dry_since
            self._dry_since = None

    def interrupt(self, tail_samples: int) -> None:
        """Interrupt it; `tail_samples` of it are still played."""
        self.interrupted = self.sealed = True
        del self._audio[tail_samples * SAMPLE_BYTES :]
