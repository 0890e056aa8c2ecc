"""A model of the fallback track for the core's tests: plays in real time, reports it, and keeps what was heard."""

from dataclasses import dataclass, field

from avatar.core import EventKind, Interrupt, Speak, SpeakEnd

BYTES_PER_SECOND = 48_000


@dataclass
class FallbackModel:
    """A fallback track that plays its utterance; `advance` returns its reports, each with an event id."""

    now: float = 0.0
    # When each stretch began, and its PCM.
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    _event_id: str | None = None
    _pcm: bytearray = field(default_factory=bytearray)
    _sealed: bool = False
    _playing: bool = False

    @property
    def next_at(self) -> float | None:
        if self._pcm:
            return self.now + len(self._pcm) / BYTES_PER_SECOND
        return self.now if self._event_id is not None and (self._playing or self._sealed) else None

    def receive(self, command: Speak | SpeakEnd | Interrupt, now: float) -> list[tuple[EventKind, str]]:
        reports = self.advance(now)
        match command:
            case Speak(event_id, audio):
                self._event_id = event_id
                self._pcm += audio
            case SpeakEnd():
                self._sealed = True
            case Interrupt():
                self.clear()
        return reports + self.advance(now)

    def clear(self) -> None:
        self._pcm.clear()
        self._event_id, self._sealed, self._playing = None, False, False

    def advance(self, now: float) -> list[tuple[EventKind, str]]:
        reports: list[tuple[EventKind, str]] = []
        if self._event_id is None:
            self.now = now
            return reports
        if self._pcm and not self._playing:
            self._playing = True
            reports.append((EventKind.STARTED, self._event_id))
        played = bytes(self._pcm[: 2 * round((now - self.now) * BYTES_PER_SECOND / 2)])
        if played:
            self.pieces.append((self.now, played))
            del self._pcm[: len(played)]
        self.now = now
        if not self._pcm and (self._playing or self._sealed):
            self._playing = False
            event_id = self._event_id
            if self._sealed:
                self.clear()
            reports.append((EventKind.ENDED if event_id != self._event_id else EventKind.SILENT, event_id))
        return reports
