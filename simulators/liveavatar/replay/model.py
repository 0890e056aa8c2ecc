"""A recorded call as a model, which repeats the service's recorded answers."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from simulators.liveavatar.model.happenings import (
    Happening,
    Replied,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketText,
)
from simulators.liveavatar.model.routes import find_target
from simulators.liveavatar.model.schedule import Schedule
from simulators.liveavatar.replay.script import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.liveavatar.replay.recording import Message, RecordedCall, RecordedSocket, Recording

# The URL of no LiveKit server: a client must not join the real rooms of a recorded call.
NOWHERE = "ws://127.0.0.1:1"

REDACTED = "<redacted:"


class ReplayModel:
    """Replays the service's side of a recording; used like `ServiceModel`.

    Args:
        recording: The recording of one call.
        now: Time in seconds.
        livekit_url: URL in the answer to a start, instead of the recorded one.
    """

    def __init__(self, recording: Recording, *, now: float, livekit_url: str = NOWHERE) -> None:
        self._now = now
        self._livekit_url = livekit_url
        self._calls: dict[tuple[str, ...], deque[RecordedCall]] = defaultdict(deque)
        for call in recording.calls:
            self._calls[_endpoint(call.method, call.path)].append(call)
        self._waiting = deque(recording.sockets)
        self._scripts: dict[int, Script] = {}
        self._newest: dict[int, float] = {}
        self._tokens = 0
        self._schedule = Schedule()
        self._outbox: deque[Happening] = deque()
        self._numbers = count(1)

    def next_at(self) -> float | None:
        """Return when `advance` is due; None for never."""
        return self._now if self._outbox else self._schedule.next_at()

    def advance(self, now: float) -> list[Happening]:
        """Do everything that is due at `now`, and return the happenings to carry out."""
        self._schedule.run(now)
        self._now = max(self._now, now)
        happenings = list(self._outbox)
        self._outbox.clear()
        return happenings

    def request(self, method: str, path: str, _headers: Mapping[str, str], _body: object, now: float) -> int:
        """Take a REST request; one without a recorded answer gets none."""
        request_id = next(self._numbers)
        replies = self._calls.get(_endpoint(method, path))
        if replies is None:
            body = {"code": 404, "data": None, "message": "This call is not in the recording"}
            self._outbox.append(Replied(request_id, 404, {}, body))
            return request_id
        call = replies.popleft() if len(replies) > 1 else replies[0]
        if call.status is not None:
            self._tokens += find_target(method, path).name == "token"
            reply = Replied(request_id, call.status, call.headers, self._filled_in(call.body))
            self._later(now + call.takes, reply)
        return request_id

    def open_socket(self, _url: str, now: float) -> int:
        """Take a WebSocket handshake, and replay the next recorded WebSocket on it."""
        socket_id = next(self._numbers)
        recorded: RecordedSocket | None = self._waiting.popleft() if self._waiting else None
        if recorded is None or recorded.status != 101:  # noqa: PLR2004 - switching protocols
            self._outbox.append(SocketRefused(socket_id, recorded.status or 503 if recorded else 404))
            return socket_id
        script = self._scripts[socket_id] = Script(recorded.cues)
        self._outbox.append(SocketOpened(socket_id))
        self._newest[socket_id] = now
        self._play(socket_id, script, None, now)
        return socket_id

    def receive(self, socket_id: int, frame: str | bytes, now: float) -> None:
        """Take a frame."""
        script = self._scripts.get(socket_id)
        message = _read(frame)
        if script is not None and message is not None:
            self._play(socket_id, script, message, now)

    def close_socket(self, socket_id: int, _now: float) -> None:
        """Take the close of a WebSocket by its client."""
        self._scripts.pop(socket_id, None)

    def _play(self, socket_id: int, script: Script, message: Message | None, now: float) -> None:
        for cue in script.open() if message is None else script.receive(message):
            for later, answer in cue.answers:
                text = json.dumps(script.translate(answer))
                self._say(socket_id, now + later, SocketText(socket_id, text))
            if cue.close is not None:
                later, code = cue.close
                self._say(socket_id, now + later, SocketClosed(socket_id, code))

    def _say(self, socket_id: int, at: float, happening: Happening) -> None:
        """Send something on a WebSocket, keeping the recorded order."""
        self._newest[socket_id] = at = max(at, self._newest[socket_id])
        self._later(at, happening, socket_id)

    def _later(self, at: float, happening: Happening, socket_id: int | None = None) -> None:
        self._schedule.at(at, partial(self._happen, happening, socket_id))

    def _happen(self, happening: Happening, socket_id: int | None, _at: float) -> None:
        if socket_id is None or socket_id in self._scripts:
            self._outbox.append(happening)
        if isinstance(happening, SocketClosed):
            self._scripts.pop(happening.socket_id, None)

    def _filled_in(self, value: Any, name: str = "") -> Any:
        """Replace redacted values with made-up ones."""
        if isinstance(value, dict):
            return {key: self._filled_in(each, key) for key, each in value.items()}
        if isinstance(value, list):
            return [self._filled_in(each, name) for each in value]
        if name == "livekit_url":
            return self._livekit_url
        return self._made_up(name) if isinstance(value, str) and REDACTED in value else value

    def _made_up(self, name: str) -> str:
        """Make a value that is the same in all answers about one session."""
        if name == "ws_url":
            return f"ws://127.0.0.1/replay-{self._tokens}"
        if name in ("id", "session_id", "space_id"):
            return str(uuid5(NAMESPACE_URL, f"{name} {self._tokens}"))
        return f"{name}-{self._tokens}"


def _endpoint(method: str, path: str) -> tuple[str, ...]:
    target = find_target(method, path)
    return (target.name,) if not target.name.isdigit() else (method, path.partition("?")[0])


def _read(frame: str | bytes) -> Message | None:
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
