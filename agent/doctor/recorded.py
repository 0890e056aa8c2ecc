"""Reads a recording of a call: what was exchanged, by whom and when. Pure except for `read_recording`.

docs/recording.md describes the format. Unknown lines and fields are ignored, missing ones are None.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BYTES_PER_SECOND = 48_000  # PCM16, 24 kHz, mono
_FIRST_CLIENT_ERROR = 400

# Texts of the notes that `agent.doctor.listener` makes.
AUDIBLE, SILENT = "avatar audible", "avatar silent"
JOINED, LEFT = "avatar joined", "avatar left"
TRACK, SOUND_FRAMES, VIDEO = "avatar track", "avatar audio", "avatar video"


@dataclass(slots=True)
class Exchange:
    """A REST call; times are seconds of the recording, None if there was no reply."""

    method: str
    path: str
    body: Any
    sent_at: float
    replied_at: float | None = None
    status: int | None = None
    reply: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the call was answered and not refused."""
        return self.status is not None and self.status < _FIRST_CLIENT_ERROR

    @property
    def seconds(self) -> float | None:
        """How long the answer took; None if there was none."""
        return None if self.replied_at is None else self.replied_at - self.sent_at

    def field(self, name: str) -> Any:
        """Return a field of the request's body or, if that lacks it, of the reply's data."""
        data = self.reply.get("data") if isinstance(self.reply, dict) else None
        for place in (self.body, data):
            if isinstance(place, dict) and name in place:
                return place[name]
        return None


@dataclass(frozen=True, slots=True)
class Message:
    """A WebSocket message that is a JSON object."""

    at: float
    is_ours: bool
    fields: dict[str, Any]

    @property
    def type(self) -> str:
        """The message's type; empty if it has none."""
        return str(self.fields.get("type", ""))

    @property
    def state(self) -> str:
        """The state that the message reports; empty if it reports none."""
        return str(self.fields.get("new_state") or self.fields.get("state") or "")

    @property
    def source(self) -> str | None:
        """The event id of the command that the message answers; None if it has none."""
        source = self.fields.get("source_event_id")
        return source if isinstance(source, str) else None

    @property
    def event_id(self) -> str:
        """The message's own event id."""
        return str(self.fields.get("event_id", ""))

    @property
    def tells_connected(self) -> bool:
        """Whether the message says that the session takes commands."""
        return self.type == "session.state_updated" and self.state == "connected"

    @property
    def tells_started(self) -> bool:
        """Whether the message says that the avatar begins to speak."""
        return self.type == "agent.speak_started" or (self.type == "agent.state_updated" and self.state == "talking")

    @property
    def tells_ended(self) -> bool:
        """Whether the message says that the avatar has stopped speaking."""
        has_gone_quiet = self.type == "agent.state_updated" and self.state in {"idle", "listening"}
        return self.type == "agent.speak_ended" or has_gone_quiet

    @property
    def tells_cleared(self) -> bool:
        """Whether the message says that an interrupt was carried out."""
        return self.type in {"agent.audio_buffer_cleared", "agent.speak_interrupted"}


@dataclass(slots=True)
class Socket:
    """A WebSocket; `status` is 101 for one that was opened."""

    url: str
    status: int | None
    opened_at: float
    messages: list[Message] = field(default_factory=list)
    closed_at: float | None = None
    close_code: int | None = None
    closed_by: str | None = None

    @property
    def received(self) -> list[Message]:
        """The messages that the service has sent."""
        return [message for message in self.messages if not message.is_ours]

    @property
    def connected_at(self) -> float | None:
        """When the service said that the session takes commands."""
        return next((message.at for message in self.received if message.tells_connected), None)


@dataclass(frozen=True, slots=True)
class Utterance:
    """The speech that was sent under one event id.

    Attributes:
        event_id: Of its commands.
        sent_at: When its first audio was sent.
        seconds: Duration of its audio.
        socket: The WebSocket that it was sent on.
        interrupt: The interrupt between this utterance and the next, if there was one.
    """

    event_id: str
    sent_at: float
    seconds: float
    socket: Socket
    interrupt: Message | None


@dataclass(frozen=True, slots=True)
class Note:
    """An observation that no message contains."""

    at: float
    text: str
    fields: dict[str, Any]


@dataclass(slots=True)
class RecordedCall:
    """Everything in a recording, in order."""

    exchanges: list[Exchange] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    utterances: list[Utterance] = field(default_factory=list)

    def calls_of(self, path: str) -> list[Exchange]:
        """Return the REST calls to an endpoint, by the end of its path without the query."""
        return [each for each in self.exchanges if each.path.partition("?")[0].endswith(path)]

    def first(self, path: str) -> Exchange | None:
        """Return the first call to an endpoint that was not refused, or else the first call."""
        calls = self.calls_of(path)
        return next((each for each in calls if each.is_success), calls[0] if calls else None)

    def sent_at(self, path: str) -> float | None:
        """Return the time of the `first` call to an endpoint."""
        exchange = self.first(path)
        return None if exchange is None else exchange.sent_at

    def replied_at(self, path: str) -> float | None:
        """Return the time at which an endpoint answered the `first` call."""
        exchange = self.first(path)
        return None if exchange is None else exchange.replied_at

    def noted_at(self, text: str, *, after: float = 0.0) -> float | None:
        """Return the time of the first note with a text, from a time on."""
        note = self.noted(text, after=after)
        return None if note is None else note.at

    def silent_at(self, after: float) -> float | None:
        """Return when the avatar became silent in the room, from `after` on; `after` itself if it was silent then.

        The note comes when the avatar has been silent for a while, and says for how long.
        """
        sounds = [note for note in self.notes if note.text in {AUDIBLE, SILENT}]
        before = [note.text for note in sounds if note.at <= after]
        if before[-1:] == [SILENT]:
            return after
        silent = self.noted(SILENT, after=after)
        return None if silent is None else silent.at - silent.fields.get("silent_for", 0.0)

    def noted(self, text: str, *, after: float = 0.0) -> Note | None:
        """Return the first note with a text, from a time on."""
        return next((note for note in self.notes if note.text == text and note.at >= after), None)

    @property
    def opened(self) -> list[Socket]:
        """The WebSockets that were opened."""
        return [socket for socket in self.sockets if socket.status == 101]  # noqa: PLR2004 - HTTP's own number

    @property
    def received(self) -> list[Message]:
        """All messages that the service has sent on WebSockets."""
        return [message for socket in self.sockets for message in socket.received]


def read_recording(path: Path) -> RecordedCall:
    """Read a file; unreadable lines are left out.

    Raises:
        OSError: The file can't be read.
    """
    return parse(path.read_text("utf-8", "replace").splitlines())


def parse(lines: Iterable[str]) -> RecordedCall:
    """Read the lines of a recording."""
    call = RecordedCall()
    exchanges: dict[Any, Exchange] = {}
    sockets: dict[Any, Socket] = {}
    for line in _objects(lines):
        at = float(line["at"])
        match line["kind"]:
            case "note":
                rest = {name: value for name, value in line.items() if name not in {"at", "kind", "text"}}
                call.notes.append(Note(at, str(line.get("text", "")), rest))
            case "request":
                exchange = Exchange(str(line.get("method", "")), str(line.get("path", "")), line.get("body"), at)
                exchanges[line.get("call")] = exchange
                call.exchanges.append(exchange)
            case "reply" if (known := exchanges.get(line.get("call"))) is not None:
                _answer(known, at, line)
            case "open":
                socket = sockets[line.get("socket")] = Socket(str(line.get("url", "")), line.get("status"), at)
                call.sockets.append(socket)
            case "send" | "receive" if (there := sockets.get(line.get("socket"))) is not None:
                if isinstance(line.get("message"), dict):
                    there.messages.append(Message(at, line["kind"] == "send", line["message"]))
            case "close" if (gone := sockets.get(line.get("socket"))) is not None:
                gone.closed_at, gone.close_code, gone.closed_by = at, line.get("code"), line.get("by")
    call.utterances = [utterance for socket in call.opened for utterance in _utterances(socket)]
    return call


def _objects(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and isinstance(value.get("at"), int | float) and "kind" in value:
            yield value


def _answer(exchange: Exchange, at: float, line: dict[str, Any]) -> None:
    exchange.error = line.get("error")
    if exchange.error is None:
        exchange.replied_at, exchange.status = at, line.get("status")
        exchange.reply, exchange.headers = line.get("body"), line.get("headers") or {}


def _utterances(socket: Socket) -> Iterator[Utterance]:
    ours = [message for message in socket.messages if message.is_ours]
    spoken = [message for message in ours if message.type == "agent.speak"]
    ids = list(dict.fromkeys(message.event_id for message in spoken))
    starts = [next(message.at for message in spoken if message.event_id == event_id) for event_id in ids]
    ends = [*starts[1:], float("inf")]
    for event_id, start, end in zip(ids, starts, ends, strict=False):
        size = sum(_audio_bytes(message) for message in spoken if message.event_id == event_id)
        interrupts = (each for each in ours if each.type == "agent.interrupt" and start <= each.at < end)
        yield Utterance(event_id, start, size / _BYTES_PER_SECOND, socket, next(interrupts, None))


def _audio_bytes(message: Message) -> int:
    audio = message.fields.get("audio")
    size = audio.get("bytes") if isinstance(audio, dict) else None
    return size if isinstance(size, int) else 0
