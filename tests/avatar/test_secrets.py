"""Keys, tokens, the ws_url and audio do not appear in logs, errors or reprs."""

import asyncio
import logging
import traceback
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from livekit.agents import AgentSession, APIConnectOptions

from avatar import AvatarError, AvatarSession, LiveAvatarAPI
from avatar.api import Room, SessionToken, StartedSession
from tests.avatar.fakes import FakeRoom, LiteService, frame, reply

SECRET = "hush-hush"
# Part of the base64 text of the fakes' frames.
AUDIO = "BwAHAAcA"


class Confidential(LiteService):
    """A service that puts the secret into each of its credentials."""

    def on_token(self, request: web.Request) -> web.Response:
        return reply({"code": 1000, "data": {"session_id": "s-1", "session_token": f"token-{SECRET}"}})

    def on_start(self, request: web.Request) -> web.Response:
        self.running.add("s-1")
        return reply({"code": 1000, "data": {"ws_url": self.ws_url()}}, status=201)

    def ws_url(self) -> str:
        return f"{self.url}/ws?key={SECRET}"


class Drops(Confidential):
    async def serve(self, socket: web.WebSocketResponse) -> None:
        if len(self.sockets) > 1:
            await super().serve(socket)
            return
        await socket.receive_json()
        await socket.close(code=1011)


class Refuses(Confidential):
    async def on_socket(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=403)


class Nowhere(Confidential):
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{unused_port()}/{SECRET}"


class NoAddress(Confidential):
    def ws_url(self) -> str:
        return SECRET


class Garbles(Confidential):
    async def greet(self, socket: web.WebSocketResponse) -> None:
        await socket.send_json({"type": "error", "error": {"type": "internal", "message": "oops"}})
        await socket.close(code=1011)


class Log(logging.Handler):
    """All log records except the fake service's, with all fields and tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.addFilter(lambda record: record.name != "aiohttp.access")
        self.text = ""
        self.has_warning = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{self.format(record)} {vars(record)}\n"
        if (record.name, record.levelno) == ("avatar", logging.WARNING):
            self.has_warning.set()


@pytest.fixture
def log() -> Iterator[Log]:
    """Yield the records of all levels."""
    root, handler = logging.getLogger(), Log()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


async def call(service: LiteService, log: Log, *, until_warned: bool) -> None:
    """Speak for half a second; end when it was played, or when a warning is logged."""
    async with service.running_server() as url:
        avatar = AvatarSession(
            api_key=f"key-{SECRET}", api_url=url, avatar_id="a", conn_options=APIConnectOptions(max_retry=0)
        )
        session: AgentSession[Any] = AgentSession(vad=None)
        await avatar.start(
            session,
            FakeRoom(),  # type: ignore[arg-type] # a small stand-in
            livekit_url="ws://127.0.0.1:1",
            livekit_api_key="devkey",
            livekit_api_secret=f"{SECRET}-and-more-than-thirty-two-characters",
        )
        output = session.output.audio
        assert output is not None
        await output.capture_frame(frame(0.5))
        output.flush()
        async with asyncio.timeout(20):
            await (log.has_warning.wait() if until_warned else output.wait_for_playout())
        await avatar.aclose()
        await session.aclose()


async def test_a_call_logs_no_secret(log: Log) -> None:
    """Keys, tokens, the ws_url and transcripts are logged at no level."""
    service = Confidential()
    await call(service, log, until_warned=False)
    [body] = service.called("token")
    sent = str(service.of("agent.speak"))

    assert "avatar session stopped" in log.text
    assert AUDIO in sent
    for secret in (SECRET, AUDIO, r"\x07\x00", body["livekit_config"]["livekit_client_token"]):
        assert secret not in log.text


@pytest.mark.parametrize("service", [Drops, Refuses, Nowhere, NoAddress, Garbles])
async def test_a_failing_call_logs_no_secret(service: type[LiteService], log: Log) -> None:
    """A WebSocket that can't be opened, or is lost, is logged without its URL."""
    fake = service()
    await call(fake, log, until_warned=True)

    for secret in (SECRET, AUDIO, *(body["livekit_config"]["livekit_client_token"] for body in fake.called("token"))):
        assert secret not in log.text


class RefusesKey(Confidential):
    def on_token(self, request: web.Request) -> web.Response:
        return reply({"code": 4010, "data": None, "message": "Invalid API key"}, status=401)


class BreaksStart(Confidential):
    def on_start(self, request: web.Request) -> web.Response:
        return web.Response(status=500, text="<html>oops</html>")


class SaysNothing(Confidential):
    def ws_url(self) -> str:
        return ""


class HangsUp(Confidential):
    def on_start(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()


@pytest.mark.parametrize("service", [RefusesKey, BreaksStart, SaysNothing, HangsUp])
async def test_errors_carry_no_secret(service: type[LiteService]) -> None:
    """Neither the message of an error nor its cause, as a traceback shows it, has a secret."""
    async with service().running_server() as url, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key=f"key-{SECRET}", api_url=url, attempts=1)
        with pytest.raises(AvatarError) as caught:
            await api.start(await api.create_token(avatar_id="a", room=Room("ws://127.0.0.1:1", "a-room", SECRET)))

    error = caught.value
    shown = "".join(traceback.format_exception(error))
    assert type(error).__name__ in shown
    assert SECRET not in f"{error} {error!r} {vars(error)} {shown}"


@pytest.mark.parametrize(
    "value",
    [
        Room("ws://127.0.0.1:1", "a-room", SECRET),
        SessionToken("s-1", SECRET, "a-room"),
        StartedSession("s-1", f"wss://example.org/{SECRET}", 60.0),
    ],
    ids=lambda value: type(value).__name__,
)
def test_objects_with_credentials_do_not_show_them(value: object) -> None:
    """A logged object shows no credential."""
    assert SECRET not in f"{value} {value!r}"
