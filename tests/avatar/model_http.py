"""The model of the service behind the interface of an aiohttp session, in the event loop's time."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Literal, Self, cast

import aiohttp
from livekit import api

from simulators.liveavatar.model import (
    AvatarJoined,
    AvatarLeft,
    Happening,
    Replied,
    ServiceModel,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketText,
)

URL = "https://service.example"


class ModelSocket:
    """A client's WebSocket: `send_str` hands a frame to the model, and reading gives what the model sends.

    Args:
        http: The HTTP session, which has the model.
        socket_id: The model's number of the socket.
    """

    def __init__(self, http: "ModelHttp", socket_id: int) -> None:
        self.opened: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.messages: asyncio.Queue[str | None] = asyncio.Queue()
        self.close_code: int | None = None
        self._http = http
        self._socket_id = socket_id

    async def send_str(self, text: str) -> None:
        """Send a frame; on a slow uplink this takes a while."""
        await asyncio.sleep(len(text) / self._http.uplink)
        self._http.frames.append({**json.loads(text), "at": self._http.now, "socket": self._socket_id})
        self._http.model.receive(self._socket_id, text, self._http.now)
        self._http.pump()

    async def __aiter__(self) -> AsyncIterator[SimpleNamespace]:
        while (text := await self.messages.get()) is not None:
            yield SimpleNamespace(type=aiohttp.WSMsgType.TEXT, data=text)

    def get_extra_info(self, name: str) -> None:
        """Return None: there is no transport."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._http.model.close_socket(self._socket_id, self._http.now)
        self._http.pump()


class ModelHttp:
    """An HTTP session that answers REST calls, opens WebSockets, and notes its requests.

    Args:
        model: The service.
        on_room: Called with each event of the avatar's room.
        uplink: Bytes per second of a WebSocket to the service.
    """

    def __init__(
        self,
        model: ServiceModel,
        on_room: Callable[[AvatarJoined | AvatarLeft], None],
        *,
        uplink: float = float("inf"),
    ) -> None:
        self.model = model
        # REST calls: time, last part of the path, and body.
        self.calls: list[tuple[float, str, Any]] = []
        # The frames of all WebSockets: text, time and number in `sockets`.
        self.frames: list[dict[str, Any]] = []
        # Subscription changes that the room's server was asked for: time, and whether to mute.
        self.mutes: list[tuple[float, bool]] = []
        # The model's numbers of the WebSockets that were opened.
        self.sockets: list[int] = []
        self.uplink = uplink
        self.is_reachable = True
        # Calls, by the last part of the path, that are carried out but never answered.
        self.hangs: set[str] = set()
        self.timeout = aiohttp.ClientTimeout()
        self._on_room = on_room
        self._replies: dict[int, asyncio.Future[Replied]] = {}
        self._sockets: dict[int, ModelSocket] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def now(self) -> float:
        """The event loop's time."""
        return asyncio.get_running_loop().time()

    def called(self, path: str) -> list[float]:
        """Return the times of a call."""
        return [at for at, name, _ in self.calls if name == path]

    def sent(self, kind: str) -> list[dict[str, Any]]:
        """Return the commands of a type that were sent."""
        return [frame for frame in self.frames if frame["type"] == kind]

    def lose_socket(self, *, told: bool = True) -> None:
        """Lose the newest WebSocket; without `told`, the client is not informed."""
        self.model.drop_socket(self.sockets[-1], self.now, told=told)
        self.pump()

    def end_session(self, reason: Literal["SERVER_ERROR", "NO_CREDITS"] = "SERVER_ERROR") -> None:
        """Let the service end the newest session."""
        self.model.end(self.model.sessions[-1].id, reason, self.now)
        self.pump()

    def pump(self) -> None:
        """Carry out what is due at the service, and plan the next wake-up."""
        for happening in self.model.advance(self.now):
            self._happen(happening)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self.model.next_at()) is not None:
            # A timer may fire a little early, and the model does nothing before its time.
            self._timer = asyncio.get_running_loop().call_at(max(at, self.now + 1e-5), self.pump)

    # The interface of aiohttp.ClientSession

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json: object,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as aiohttp has it
        **_: object,
    ) -> AsyncIterator[SimpleNamespace]:
        """Make a REST call."""
        path = url.removeprefix(URL)
        name = path.rpartition("/")[2]
        self.calls.append((self.now, name, json))
        if not self.is_reachable:
            message = "unreachable"
            raise aiohttp.ClientConnectionError(message)
        request_id = self.model.request(method, path, headers, json, self.now)
        reply: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        if name not in self.hangs:
            self._replies[request_id] = reply
        self.pump()
        async with asyncio.timeout(timeout.total):
            replied = await reply
        body = _to_bytes(replied.body)
        yield SimpleNamespace(status=replied.status, headers=replied.headers, read=lambda: _value(body))

    async def ws_connect(self, url: str, **_: object) -> ModelSocket:
        """Open a WebSocket."""
        if not self.is_reachable:
            message = "unreachable"
            raise aiohttp.ClientConnectionError(message)
        socket_id = self.model.open_socket(url, self.now)
        socket = self._sockets[socket_id] = ModelSocket(self, socket_id)
        self.sockets.append(socket_id)
        self.pump()
        if (status := await socket.opened) is not None:
            raise aiohttp.WSServerHandshakeError(cast("Any", None), (), status=status)
        return socket

    @asynccontextmanager
    async def post(self, url: str, *, data: bytes, **_: object) -> AsyncIterator[SimpleNamespace]:
        """Act as the room's server, which changes subscriptions."""
        asked = api.UpdateSubscriptionsRequest.FromString(data)
        self.mutes.append((self.now, not asked.subscribe))
        answer = api.UpdateSubscriptionsResponse().SerializeToString()
        yield SimpleNamespace(status=200, read=lambda: _value(answer))

    async def close(self) -> None:
        """Drop the connection."""
        if self._timer is not None:
            self._timer.cancel()

    def _happen(self, happening: Happening) -> None:
        match happening:
            case Replied(request_id):
                reply = self._replies.pop(request_id, None)
                if reply is not None and not reply.done():
                    reply.set_result(happening)
            case SocketOpened(socket_id):
                self._decide(socket_id, None)
            case SocketRefused(socket_id, status):
                self._decide(socket_id, status)
            case SocketText(socket_id, text):
                self._sockets[socket_id].messages.put_nowait(text)
            case SocketClosed(socket_id, code):
                self._sockets[socket_id].close_code = code
                self._sockets[socket_id].messages.put_nowait(None)
            case AvatarJoined() | AvatarLeft():
                self._on_room(happening)
            case _:
                pass

    def _decide(self, socket_id: int, status: int | None) -> None:
        opened = self._sockets[socket_id].opened
        if not opened.done():
            opened.set_result(status)


async def _value(value: bytes) -> bytes:
    return value


def _to_bytes(body: object) -> bytes:
    return json.dumps(body).encode()
