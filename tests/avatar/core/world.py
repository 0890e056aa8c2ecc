"""The machine, models of the service, a room and a fallback track, in virtual time.

The executors here do what those of `avatar.link` do, with a fixed delay between them and the service.
"""

import heapq
import itertools
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from avatar.core import (
    Action,
    AvatarMachine,
    CancelStart,
    CloseSocket,
    Command,
    Event,
    EventKind,
    MuteAvatar,
    OpenSocket,
    PlaybackFinished,
    PlaybackProgressed,
    PublishFallback,
    StartSession,
    StopSession,
    Timings,
    UnpublishFallback,
    Word,
    to_json,
)
from avatar.core.chunking import Chunking
from simulators.liveavatar.model import (
    DRAWN_FACE_ID,
    AvatarJoined,
    AvatarLeft,
    Habits,
    Replied,
    ServiceModel,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketText,
)
from tests.avatar.core.fallback_model import BYTES_PER_SECOND, FallbackModel
from tests.avatar.core.rest_executor import RestExecutor
from tests.avatar.heard import Piece, avatar_pieces, overlap

_SESSION_OVER = {401, 403, 404, 410}

# A pattern without silence, so there is no gap between words. Every sample of a scenario is different.
_PATTERN_SAMPLES = 24_001
_PATTERN = array("h", range(8_000, 8_000 + _PATTERN_SAMPLES)).tobytes() * 70


@dataclass
class Sent:
    """A command, the session that got it, and the time at which it was sent."""

    command: Command
    at: float
    session: int


@dataclass
class World:
    """All parts of a scenario: act on it, then `run` until a moment."""

    habits: Habits = field(default_factory=Habits.fast)
    # Delay between the executors and the service, each way, in seconds.
    wire: float = 0.02
    can_publish: bool = True
    can_mute: bool = True
    mutes_fail: bool = False
    sees_room: bool = True
    replaceable: bool = True
    # False: the room takes no fallback track.
    publishes: bool = True
    publish_takes: float = 0.15
    timings: Timings = field(default_factory=Timings)
    chunking: Chunking = field(default_factory=Chunking)
    max_session_duration: int | None = None
    # False: the answer to a start does not name the longest duration.
    tells_duration: bool = True
    now: float = 0.0
    # False: the sockets are stuck, and take no command.
    drains: bool = True

    def __post_init__(self) -> None:
        self.service = ServiceModel(self.habits, now=self.now)
        self.fallback = FallbackModel(self.now)
        self.machine = AvatarMachine(
            "t",
            self.now,
            avatar_id=DRAWN_FACE_ID,
            can_publish=self.can_publish,
            can_mute=self.can_mute,
            sees_room=self.sees_room,
            replaceable=self.replaceable,
            timings=self.timings,
            chunking=self.chunking,
        )
        self.sent: list[Sent] = []
        self.events: list[Event] = []
        self.event_times: list[float] = []
        self.actions: list[tuple[float, Action]] = []
        self.captured: list[bytearray] = []
        # When each segment could begin: it was flushed, or long enough.
        self.speakable_at: list[float] = []
        self.mutes: list[tuple[float, str, bool]] = []
        self.net_is_up = True
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._rest = RestExecutor(self)
        self._sockets: dict[int, int] = {}
        self._open: dict[int, int] = {}
        self._fallback_is_published = False
        self._publishing: object | None = None
        self._said = 0
        self._segment_is_open = False
        self._pump()

    def say(self, seconds: float, words: Sequence[Word] = ()) -> None:
        """Capture speech."""
        if not self._segment_is_open:
            self._segment_is_open = True
            self.captured.append(bytearray())
        pcm = self.samples(int(seconds * 24_000))
        self.captured[-1] += pcm
        self._note_speakable(at_least=2 * 24_000 * 2)
        unneeded = self.machine.unneeded_bytes
        may_be_due = self.machine.push_audio(pcm, self.now, words)
        assert not may_be_due or len(pcm) >= unneeded, "speech that the machine did not need made something due"
        self._pump()

    def _note_speakable(self, at_least: int = 0) -> None:
        if len(self.speakable_at) < len(self.captured) and len(self.captured[-1]) >= at_least:
            self.speakable_at.append(self.now)

    def samples(self, count: int) -> bytes:
        start = self._said % _PATTERN_SAMPLES
        self._said += count
        return _PATTERN[2 * start : 2 * (start + count)]

    def flush(self) -> None:
        self._segment_is_open = False
        self._note_speakable()
        self.machine.end_segment(self.now)
        self._pump()

    def interrupt(self) -> None:
        self._segment_is_open = False
        self._note_speakable()
        self.machine.interrupt(self.now)
        self._pump()

    def do(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Report a fact to the machine."""
        getattr(self.machine, method)(*args, **kwargs, now=self.now)
        self._pump()

    # Faults

    def drop_socket(self, *, told: bool = True) -> None:
        """Lose the current session's socket; without `told`, only the client's time-out detects it, 8 s later."""
        current = self.machine.current
        if current is None or current.number not in self._open:
            return
        number, socket_id = current.number, self._open[current.number]
        self.service.drop_socket(socket_id, self.now, told=told)
        if not told:
            self.at(8.0, lambda: self._lose(number, socket_id, "time-out"))

    # Time

    def at(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something in so many seconds."""
        heapq.heappush(self._due, (self.now + seconds, next(self._order), do))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        until = self.now + seconds
        self._turn()
        while (at := self._next_at()) is not None and at <= until:
            self.now = max(self.now, at)
            self._turn()
        self.now = until
        self._turn()

    def settle(self, limit: float = 60.0) -> None:
        """Run until every segment is finished, or the limit has passed."""
        end = self.now + limit
        while self.now < end and len(self.finished) < len(self.captured):
            self.run(0.25)
        self.run(0.25)

    def run_until(self, condition: Callable[[], bool], limit: float = 30.0) -> None:
        """Run until something holds.

        Raises:
            AssertionError: It does not hold within the limit.
        """
        end = self.now + limit
        while not condition():
            assert self.now < end, "the condition did not hold in time"
            self.run(0.02)

    # Results

    @property
    def finished(self) -> list[PlaybackFinished]:
        return [event for event in self.events if isinstance(event, PlaybackFinished)]

    @property
    def progressed(self) -> list[PlaybackProgressed]:
        return [event for event in self.events if isinstance(event, PlaybackProgressed)]

    @property
    def is_live(self) -> bool:
        current = self.machine.current
        return current is not None and current.is_ready

    def sent_of(self, kind: type[Command]) -> list[Sent]:
        return [sent for sent in self.sent if isinstance(sent.command, kind)]

    def done(self, kind: type[Action]) -> list[tuple[float, Action]]:
        return [(at, action) for at, action in self.actions if isinstance(action, kind)]

    def pieces(self) -> list[Piece]:
        """Return the stretches that the caller heard: begin, end, sink and PCM, in the order of their beginnings."""
        pieces = [(at, at + len(pcm) / BYTES_PER_SECOND, "fallback", pcm) for at, pcm in self.fallback.pieces]
        for begin, end, identity, pcm in avatar_pieces(self.service):
            for start, stop in self._audible(identity, begin, end):
                first = 2 * round((start - begin) * 24_000)
                pieces.append((start, stop, identity, pcm[first : first + 2 * round((stop - start) * 24_000)]))
        return sorted(pieces, key=lambda piece: piece[0])

    def heard(self) -> bytes:
        """Return the PCM that the caller heard, in one piece."""
        return b"".join(pcm for _, _, _, pcm in self.pieces())

    def overlap(self) -> float:
        """Return seconds in which two sinks were heard at once."""
        return overlap(self.pieces())

    def _audible(self, identity: str, start: float, end: float) -> list[tuple[float, float]]:
        spans, at, muted = [], start, False
        for when, who, is_muted in self.mutes:
            if who != identity:
                continue
            within = min(max(when, start), end)
            if not muted and within > at:
                spans.append((at, within))
            at, muted = max(at, within), is_muted
        return spans if muted or at >= end else [*spans, (at, end)]

    def _next_at(self) -> float | None:
        due = self._due[0][0] if self._due else None
        instants = (due, self.machine.next_timeout(), self.service.next_at(), self.fallback.next_at)
        return min((at for at in instants if at is not None), default=None)

    def _turn(self) -> None:
        for happening in self.service.advance(self.now):
            self._happen(happening)
        self._report_fallback(self.fallback.advance(self.now))
        while self._due and self._due[0][0] <= self.now:
            heapq.heappop(self._due)[2]()
        timeout = self.machine.next_timeout()
        if timeout is not None and timeout <= self.now:
            self.machine.handle_timeout(self.now)
            after = self.machine.next_timeout()
            assert after is None or after > self.now, "the next deadline is not in the future"
        self._pump()

    def _pump(self) -> None:
        """Carry out everything that the machine wants."""
        while True:
            progress = self._take_events()
            while (action := self.machine.next_action()) is not None:
                progress = True
                self.actions.append((self.now, action))
                self._carry_out(action)
            progress |= self._send()
            if not progress:
                return

    def _take_events(self) -> bool:
        before = len(self.events)
        while (event := self.machine.next_event()) is not None:
            self.events.append(event)
            self.event_times.append(self.now)
        return len(self.events) > before

    def _send(self) -> bool:
        progress = False
        for number, socket_id in list(self._open.items()) if self.drains else []:
            while (command := self.machine.next_command(number, self.now)) is not None:
                progress = True
                self.sent.append(Sent(command, self.now, number))
                text = to_json(command)
                self.at(self.wire, lambda s=socket_id, t=text: self.service.receive(s, t, self.now))  # type: ignore[misc]
        while self._fallback_is_published and (said := self.machine.next_fallback_command(self.now)) is not None:
            progress = True
            self._report_fallback(self.fallback.receive(said, self.now))
        return progress

    def _carry_out(self, action: Action) -> None:
        match action:
            case StartSession(number, identity, avatar_id):
                self._rest.start(number, identity, avatar_id)
            case CancelStart(number):
                self._rest.cancel(number)
            case StopSession(number):
                self._rest.stop(number)
            case OpenSocket(number):
                if self.net_is_up:
                    self._sockets[self.service.open_socket(self._rest.ws_urls[number], self.now)] = number
                else:
                    self.at(0.1, lambda: self.report("socket_lost", number, "no route"))
            case CloseSocket(number):
                self._close(number)
            case PublishFallback():
                self._publish()
            case UnpublishFallback():
                self._publishing, self._fallback_is_published = None, False
                self.fallback.advance(self.now)
                self.fallback.clear()
            case MuteAvatar(identity, muted):
                self.at(0.05, lambda: self._mute(identity, muted=muted))

    def report(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Report a fact to the machine, from an executor."""
        getattr(self.machine, method)(*args, **kwargs, now=self.now)
        self._take_events()

    # Sockets and the room

    def _happen(self, happening: object) -> None:
        match happening:
            case Replied():
                self._rest.answer(happening)
            case SocketOpened(socket_id) if socket_id in self._sockets:
                number = self._sockets[socket_id]
                self._open[number] = socket_id
                self.report("socket_opened", number)
            case SocketRefused(socket_id, status) if socket_id in self._sockets:
                number = self._sockets.pop(socket_id)
                over = status in _SESSION_OVER
                self.report("socket_lost", number, f"refused with {status}", session_over=over)
            case SocketText(socket_id, text):
                self.at(self.wire, lambda: self._deliver(socket_id, text))
            case SocketClosed(socket_id, code) if socket_id in self._sockets:
                number = self._sockets[socket_id]
                self.at(self.wire, lambda: self._lose(number, socket_id, f"closed with {code}"))
            case AvatarJoined(_, identity):
                self.at(self.wire, lambda: self._seen("avatar_joined", identity))
            case AvatarLeft(_, identity):
                self.at(self.wire, lambda: self._seen("avatar_left", identity))
            case _:
                pass

    def _seen(self, method: str, identity: str) -> None:
        if self.sees_room:
            self.report(method, identity)

    def _deliver(self, socket_id: int, text: str) -> None:
        number = self._sockets.get(socket_id)
        if number is not None and self._open.get(number) == socket_id:
            self.report("receive_text", number, text)

    def _lose(self, number: int, socket_id: int, detail: str) -> None:
        if self._open.get(number) == socket_id:
            del self._open[number]
            self.report("socket_lost", number, detail)

    def _close(self, number: int) -> None:
        socket_id = self._open.pop(number, None)
        if socket_id is not None:
            self.at(self.wire, lambda: self.service.close_socket(socket_id, self.now))
        self._sockets = {each: owner for each, owner in self._sockets.items() if owner != number}

    def _publish(self) -> None:
        publishing = self._publishing = object()

        def published() -> None:
            if self._publishing is not publishing:
                return
            self._fallback_is_published = self.publishes
            self.report("fallback_published" if self.publishes else "fallback_lost")

        self.at(self.publish_takes, published)

    def _report_fallback(self, reports: list[tuple[EventKind, str]]) -> None:
        for kind, event_id in reports:
            self.report("fallback_reports", kind, event_id)

    def _mute(self, identity: str, *, muted: bool) -> None:
        self.mutes += [] if self.mutes_fail else [(self.now, identity, muted)]
        self.report("avatar_muted", identity, done=not self.mutes_fail)
