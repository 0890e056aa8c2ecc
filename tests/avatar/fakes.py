"""A LITE service on loopback, scripted by subclassing, and an empty room.

Its REST replies are scripts, so a test can use a reply that the service was never seen to give. What it does
with speech is the stand-in's model of a conversation.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Literal

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from livekit import rtc

from simulators.liveavatar.model import FULL, Dialect, Habits
from simulators.liveavatar.model.conversation import Conversation, Message

KEY = "the-key"

# Seconds from the first audio to the first sound: captured audio is not played at once.
_STARTS_AFTER_S = 0.2

RoomEvent = Literal[
    "disconnected", "participant_connected", "participant_disconnected", "reconnected", "track_published"
]


class FakeRoom(rtc.EventEmitter[RoomEvent]):
    """A connected room that can't publish."""

    name = "a-room"
    connection_state = rtc.ConnectionState.CONN_CONNECTED

    def __init__(self) -> None:
        super().__init__()
        self.local_participant = SimpleNamespace(identity="the-agent")
        self.remote_participants: dict[str, Any] = {}

    def isconnected(self) -> bool:
        return True


class LiteService:
    """REST and WebSocket of one account. A test overrides what should go wrong."""

    def __init__(self, dialect: Dialect = FULL) -> None:
        self.habits = Habits.fast(
            dialect=dialect, speech_starts_after=_STARTS_AFTER_S, first_speech_starts_after=_STARTS_AFTER_S
        )
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.running: set[str] = set()
        self.commands: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.changed = asyncio.Condition()
        self.url = ""

    # Handlers that a test may override

    def on_token(self, request: web.Request) -> web.Response:
        if request.headers.get("X-API-KEY") != KEY:
            return reply({"code": 4010, "data": None, "message": "Invalid API key"}, status=401)
        return reply({"code": 1000, "data": {"session_id": "s-1", "session_token": "jwt"}, "message": "ok"})

    def on_start(self, request: web.Request) -> web.Response:
        self.running.add("s-1")
        data = {"session_id": "s-1", "livekit_url": "", "livekit_client_token": "", "ws_url": f"{self.url}/ws"}
        return reply({"code": 1000, "data": data, "message": "ok"}, status=201)

    def on_stop(self, request: web.Request) -> web.Response:
        self.running.discard("s-1")
        return reply({"code": 1000, "data": None, "message": "ok"})

    async def on_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await self.greet(socket)
        await self.serve(socket)
        return socket

    async def greet(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json({"type": "session.state_updated", "state": "connected"})

    # Fixed parts

    async def serve(self, socket: web.WebSocketResponse) -> None:
        """Play the received audio with the model until the socket is closed."""
        said: list[Message] = []
        conversation = Conversation(self.habits, now=self._time(), new_id=lambda: "minted", send=said.append)
        conversation.player.release(now=self._time())
        playing = asyncio.create_task(self._play(socket, conversation, said))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.commands.append(json.loads(message.data))
                conversation.receive(message.data, now=self._time(), is_ready=True)
                await self._say(socket, said)
                await self._note()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)

    async def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until `count` commands of a type have come."""
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [command for command in self.commands if command["type"] == kind]

    def called(self, path: str) -> list[dict[str, Any]]:
        return [body for called, body in self.calls if called == path]

    @asynccontextmanager
    async def running_server(self) -> AsyncIterator[str]:
        app = web.Application()
        for path, handler in (("token", self.on_token), ("start", self.on_start), ("stop", self.on_stop)):
            app.router.add_post(f"/v1/sessions/{path}", self._rest(path, handler))
        app.router.add_get("/ws", self.on_socket)
        app.on_shutdown.append(self._close_sockets)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).rstrip("/")
            yield self.url

    def _rest(self, path: str, handler: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            self.calls.append((path, await request.json()))
            response: web.Response = handler(request)
            await self._note()
            return response

        return handle

    async def _play(self, socket: web.WebSocketResponse, conversation: Conversation, said: list[Message]) -> None:
        while True:
            await asyncio.sleep(0.02)
            conversation.send_events(now=self._time())
            await self._say(socket, said)

    async def _say(self, socket: web.WebSocketResponse, said: list[Message]) -> None:
        while said:
            message = said.pop(0)
            if not socket.closed:
                await socket.send_json(message)

    async def _note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _close_sockets(self, _: web.Application) -> None:
        for socket in self.sockets:
            await socket.close()

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def reply(body: dict[str, Any], status: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.json_response(body, status=status)


def frame(seconds: float, *, rate: int = 24_000, channels: int = 1, value: int = 7) -> rtc.AudioFrame:
    """Return a frame of a constant sample."""
    samples = int(seconds * rate)
    pcm = value.to_bytes(2, "little", signed=True) * samples * channels
    return rtc.AudioFrame(pcm, rate, channels, samples)
