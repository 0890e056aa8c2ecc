"""Rooms of LiveAvatar's: the connection details from the session, and a call that ends with its one session."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import AgentSession, APIConnectOptions

from avatar import (
    AvatarError,
    AvatarSession,
    HostedRoom,
    LiveAvatarAPI,
    ServiceError,
    SessionOver,
    open_hosted_room,
)
from avatar.sessions.hosted import AVATAR_IDENTITY, _identity_and_room
from avatar.sessions.journal import SessionJournal
from tests.avatar.fakes import KEY, FakeRoom, LiteService, frame, reply
from tests.avatar.hosting import ROOM, Hosting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web
    from livekit.agents.voice.io import AudioOutput


@asynccontextmanager
async def client(service: LiteService, journal: SessionJournal | None = None) -> AsyncIterator[LiveAvatarAPI]:
    """Yield the service's client."""
    async with service.running_server() as url, aiohttp.ClientSession() as http:
        yield LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1, journal=journal)


@asynccontextmanager
async def call(service: LiteService) -> AsyncIterator[tuple[AvatarSession, AudioOutput]]:
    """Yield an agent session in the service's room, without a key of a LiveKit server."""
    async with client(service) as service_api:
        hosted = await open_hosted_room(service_api, avatar_id="an-avatar")
        avatar = AvatarSession(
            api_key=KEY, api_url=service_api.url, conn_options=APIConnectOptions(max_retry=0, timeout=5.0)
        )
        session: AgentSession[Any] = AgentSession(vad=None)
        try:
            await avatar.start_hosted(session, FakeRoom(), hosted)  # type: ignore[arg-type] # a small stand-in
            assert session.output.audio is not None
            yield avatar, session.output.audio
        finally:
            await avatar.aclose()
            await session.aclose()


async def test_the_room_is_read_from_the_tokens() -> None:
    """No room is requested; its name and its participants are read from the reply."""
    service = Hosting()
    async with client(service) as service_api:
        room = await open_hosted_room(service_api, avatar_id="an-avatar", clock=lambda: 1000.0)

    [asked] = service.called("token")
    assert "livekit_config" not in asked
    assert (room.session_id, room.url, room.name) == ("s-1", "wss://theirs.example", ROOM)
    assert (room.caller, room.agent) == ("client", "agent")
    assert (room.started_at, room.max_duration) == (1000.0, 600.0)
    assert HostedRoom.from_json(room.to_json()) == room


async def test_a_rooms_representation_has_no_credential() -> None:
    """The `repr` of a hosted room has neither token nor ws_url."""
    service = Hosting()
    async with client(service) as service_api:
        room = await open_hosted_room(service_api, avatar_id="an-avatar")

    for credential in (room.ws_url, room.client_token, room.agent_token):
        assert credential not in repr(room)


@pytest.mark.parametrize("missing", ["livekit_url", "livekit_client_token", "livekit_agent_token", "ws_url"])
@pytest.mark.parametrize("value", [None, "", 7])
async def test_a_session_without_a_room_is_stopped(missing: str, value: object) -> None:
    """A reply without a room names what is missing, and its session is stopped."""
    service = Hosting(**{missing: value})
    async with client(service) as service_api:
        with pytest.raises(ServiceError, match=missing):
            await open_hosted_room(service_api, avatar_id="an-avatar")

    assert not service.running


@pytest.mark.parametrize("name", ["livekit_client_token", "livekit_agent_token"])
async def test_a_token_without_a_room_is_an_error(name: str, tmp_path: Path) -> None:
    """The session is stopped, the journal knows of its end, and the token is not in the error."""
    service, journal = Hosting(**{name: "not.a.token"}), SessionJournal(tmp_path)
    async with client(service, journal) as service_api:
        with pytest.raises(ServiceError, match=name) as raised:
            await open_hosted_room(service_api, avatar_id="an-avatar")

    assert not service.running
    assert journal.entries() == []
    assert "not.a.token" not in str(raised.value)
    journal.disown()


class Stuck(Hosting):
    """A service that has started the session and does not answer."""

    def on_start(self, request: web.Request) -> web.Response:
        super().on_start(request)
        return reply({"message": "gateway"}, status=504)


async def test_a_start_that_failed_is_stopped() -> None:
    """The session may run: it is stopped before the error is raised."""
    service = Stuck()
    async with client(service) as service_api:
        with pytest.raises(AvatarError):
            await open_hosted_room(service_api, avatar_id="an-avatar")

    assert not service.running


def claims_of(payload: object) -> str:
    """Return a string that looks like a token with these claims."""
    return f"e30.{base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip('=')}.sig"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
claims = json_values | st.fixed_dictionaries(
    {"sub": json_values, "video": st.dictionaries(st.just("room"), json_values)}
)


@given(st.text() | claims.map(claims_of))
def test_no_token_breaks_the_reader(text: str) -> None:
    """A token gives its two names, or an error that says that the reply can't be used."""
    try:
        names = _identity_and_room("livekit_agent_token", text)
    except ServiceError:
        return
    assert all(isinstance(name, str) for name in names)


async def test_speech_goes_to_the_session_that_came_with_the_room() -> None:
    """The avatar is the service's participant; its session is neither created again nor stopped before the end."""
    service = Hosting()
    async with call(service) as (avatar, output):
        await output.capture_frame(frame(0.5))
        output.flush()
        async with asyncio.timeout(20):
            event = await output.wait_for_playout()
        assert avatar.avatar_identity == AVATAR_IDENTITY
        assert (avatar.session_id, avatar.sessions_used) == ("s-1", 1)
        assert service.running == {"s-1"}
        avatar.release("nobody speaks")
        assert avatar.is_live

    assert (event.playback_position, event.interrupted) == (0.5, False)
    assert [len(service.called(path)) for path in ("token", "start", "stop")] == [1, 1, 1]
    assert not service.running


async def test_a_lost_connection_is_opened_again() -> None:
    """Only the session can't be replaced; its WebSocket can."""
    service = Hosting()
    async with call(service) as (_, output):
        await output.capture_frame(frame(0.5))
        await service.wait_for("agent.speak")
        await service.sockets[0].close()
        await service.wait_for("agent.speak", 2)

    assert len(service.sockets) == 2
    assert len(service.called("start")) == 1


class Ending(Hosting):
    """A service that ends the session when speech arrives."""

    async def serve(self, socket: web.WebSocketResponse) -> None:
        await socket.receive()
        await socket.send_json({"type": "session.state_updated", "state": "closed"})
        await super().serve(socket)


async def test_the_end_of_the_session_is_the_end_of_the_avatar() -> None:
    """No second session is requested; the fallback track speaks until the call is over, and the reason is reported."""
    service = Ending()
    lost: asyncio.Future[AvatarError] = asyncio.get_running_loop().create_future()
    async with call(service) as (avatar, output):
        avatar.on("avatar_lost", lost.set_result)
        await output.capture_frame(frame(0.5))
        async with asyncio.timeout(20):
            reason = await lost
        assert isinstance(reason, SessionOver)
        assert not avatar.is_live
        assert service.called("stop") == []

    assert len(service.called("token")) == 1
    assert len(service.called("stop")) == 1
