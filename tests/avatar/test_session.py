"""The avatar session against a service on loopback: started sessions are stopped, and speech arrives."""

import asyncio
import base64
import json
import logging
from typing import Any

import pytest
from aiohttp import web
from livekit.agents import AgentSession, CloseEvent, CloseReason
from livekit.agents.voice.io import PlaybackFinishedEvent

from avatar import (
    AuthError,
    AvatarError,
    AvatarReason,
    AvatarSession,
    AvatarStatus,
    CapacityError,
    ConfigurationError,
)
from simulators.liveavatar.model import DIALECTS
from tests.avatar.calls import LIVEKIT, call, played
from tests.avatar.fakes import KEY, FakeRoom, LiteService, frame, reply


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_segment_arrives_bit_exact_and_is_finished_when_played(dialect: str) -> None:
    """The service gets the captured audio under one event id, and the position is its duration."""
    service = LiteService(DIALECTS[dialect])
    async with call(service) as (_, output):
        for value in range(10):
            await output.capture_frame(frame(0.1, value=value))
        output.flush()
        event = await played(output)

    audio = b"".join(base64.b64decode(command["audio"]) for command in service.of("agent.speak"))
    assert audio == b"".join(bytes(frame(0.1, value=value).data) for value in range(10))
    assert len({command["event_id"] for command in service.of("agent.speak")}) == 1
    assert len(service.of("agent.speak_end")) == 1
    assert event == PlaybackFinishedEvent(playback_position=1.0, interrupted=False)


async def test_clear_buffer_interrupts_sent_speech_and_reports_what_was_played() -> None:
    """Before the avatar has spoken, it sends an interrupt and reports nothing played."""
    service = LiteService()
    async with call(service) as (_, output):
        await output.capture_frame(frame(3.0))
        await service.wait_for("agent.speak")
        output.flush()
        output.clear_buffer()
        event = await played(output)
        await service.wait_for("agent.interrupt")

    assert event == PlaybackFinishedEvent(playback_position=0.0, interrupted=True)
    assert service.of("agent.speak_end") == []


@pytest.mark.parametrize(("rate", "channels"), [(22_050, 1), (44_100, 2), (48_000, 1), (24_000, 2)])
async def test_other_formats_lose_nothing_at_the_end(rate: int, channels: int) -> None:
    """Any rate and channel count comes out as 24 kHz mono of the same duration, to the millisecond."""
    service = LiteService()
    async with call(service) as (_, output):
        for _ in range(10):
            await output.capture_frame(frame(0.1, rate=rate, channels=channels))
        output.flush()
        await service.wait_for("agent.speak_end")

    sent = sum(len(base64.b64decode(command["audio"])) for command in service.of("agent.speak"))
    assert sent / 48_000 == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/sessions", "/v1/sessions/"])
async def test_api_url_is_accepted_with_and_without_the_path(path: str) -> None:
    """The official plugin wants the path in it."""
    service = LiteService()
    async with call(service, api_path=path) as (avatar, _):
        assert avatar.session_id == "s-1"


async def test_the_token_request_is_as_documented() -> None:
    """Quality is in video_settings, the room in livekit_config; the avatar's token is for this room alone."""
    service = LiteService()
    async with call(service, video_quality="low", is_sandbox=True, max_session_duration=300):
        pass

    [body] = service.called("token")
    room = body.pop("livekit_config")
    assert body == {
        "mode": "LITE",
        "avatar_id": "an-avatar",
        "is_sandbox": True,
        "video_settings": {"quality": "low", "encoding": "H264"},
        "max_session_duration": 300,
    }
    assert (room["livekit_url"], room["livekit_room"]) == ("ws://127.0.0.1:1", "a-room")
    claims = _claims(room["livekit_client_token"])
    assert claims["video"]["room"] == "a-room"
    assert claims["attributes"] == {"lk.publish_on_behalf": "the-agent"}
    assert "roomAdmin" not in claims["video"]


async def test_aclose_stops_the_session_once() -> None:
    """Closing the avatar stops the session once, however often it is closed."""
    service = LiteService()
    async with call(service) as (avatar, _):
        assert service.running == {"s-1"}
        await asyncio.gather(avatar.aclose(), avatar.aclose())
        assert service.running == set()

    assert service.called("stop") == [{"session_id": "s-1", "reason": "USER_CLOSED"}]


async def test_closing_the_agent_session_stops_the_avatar() -> None:
    """When the agent session closes, billing ends without a call of `aclose`."""
    service = LiteService()
    async with service.running_server() as url:
        avatar = AvatarSession(api_key=KEY, api_url=url, avatar_id="an-avatar")
        session: AgentSession[Any] = AgentSession(vad=None)
        await avatar.start(session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
        session.emit("close", CloseEvent(reason=CloseReason.USER_INITIATED))
        async with service.changed, asyncio.timeout(10):
            await service.changed.wait_for(lambda: not service.running)
        await avatar.aclose()


class WithoutSocketURL(LiteService):
    def on_start(self, request: web.Request) -> web.Response:
        super().on_start(request)
        return reply({"code": 1000, "data": {"session_id": "s-1"}, "message": "ok"}, status=201)


class BrokenStart(LiteService):
    def on_start(self, request: web.Request) -> web.Response:
        super().on_start(request)
        return reply({"message": "oops"}, status=500)


@pytest.mark.parametrize("service", [WithoutSocketURL, BrokenStart])
async def test_a_session_of_a_failed_start_is_stopped(service: type[LiteService]) -> None:
    """If `start` raises after the service has started a session, that session is stopped."""
    fake = service()
    with pytest.raises(AvatarError):
        async with call(fake):
            pass

    assert fake.running == set()
    assert len(fake.called("start")) == 1


class Full(LiteService):
    def on_start(self, request: web.Request) -> web.Response:
        return reply({"code": 4032, "data": None, "message": "Session concurrency limit reached"}, status=403)


async def test_errors_of_the_service_have_classes_of_their_own() -> None:
    """A wrong key and a full account raise different classes, and say what to do."""
    with pytest.raises(AuthError, match="LIVEAVATAR_API_KEY") as refused:
        async with call(LiteService(), api_key="wrong"):
            pass
    with pytest.raises(CapacityError, match="end another session"):
        async with call(Full()):
            pass

    assert "wrong" not in str(refused.value)


async def test_the_room_server_is_called_at_our_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service gets an address that it can reach; ours may differ, for example behind a load balancer."""
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:2")
    service = LiteService()
    async with call(service) as (avatar, _):
        assert avatar._link is not None
        assert avatar._link._subscriptions is not None
        assert avatar._link._subscriptions._server.url == "ws://127.0.0.1:2"

    [body] = service.called("token")
    assert body["livekit_config"]["livekit_url"] == "ws://127.0.0.1:1"


async def test_all_missing_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All missing settings are in one error, before any request."""
    for name in ("LIVEAVATAR_API_KEY", "LIVEAVATAR_AVATAR_ID", "LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError) as error:
        await AvatarSession().start(AgentSession(vad=None), FakeRoom())  # type: ignore[arg-type] # a small stand-in

    assert "LIVEAVATAR_API_KEY, LIVEAVATAR_AVATAR_ID, LIVEKIT_URL" in str(error.value)


class DropsOnce(LiteService):
    """A service that closes its first socket after the first chunk."""

    async def serve(self, socket: web.WebSocketResponse) -> None:
        if len(self.sockets) > 1:
            await super().serve(socket)
            return
        self.first = await socket.receive_json()
        await socket.close(code=1011)


async def test_a_dropped_socket_loses_no_speech() -> None:
    """After a reconnect the service gets the speech again that it cannot have played, and the segment is finished."""
    service = DropsOnce()
    async with call(service) as (_, output):
        await output.capture_frame(frame(1.0))
        output.flush()
        event = await played(output)

    again = b"".join(base64.b64decode(command["audio"]) for command in service.of("agent.speak"))
    assert service.first["type"] == "agent.speak"
    assert again == bytes(frame(1.0).data)
    assert event == PlaybackFinishedEvent(playback_position=1.0, interrupted=False)


class Refuses(LiteService):
    """A service that has forgotten the session when the socket opens."""

    async def on_socket(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)


class Ends(LiteService):
    """A service that says that the session is over."""

    async def greet(self, socket: web.WebSocketResponse) -> None:
        await super().greet(socket)
        await socket.send_json({"type": "session.state_updated", "state": "closed"})


@pytest.mark.parametrize("service", [Refuses, Ends])
async def test_each_unusable_session_is_stopped(service: type[LiteService]) -> None:
    """The next one is started after it, and at the end of the call none runs."""
    fake = service()
    async with call(fake) as (_, output):
        await output.capture_frame(frame(1.0))
        output.flush()
        async with asyncio.timeout(20):
            while len(fake.called("stop")) < 2:  # noqa: ASYNC110 - the fake has no event
                await asyncio.sleep(0.05)
        running = set(fake.running)

    assert len(running) <= 1
    assert fake.running == set()
    assert len(fake.called("stop")) == len(fake.called("start"))


class Garbled(LiteService):
    """A service that sends malformed messages."""

    async def greet(self, socket: web.WebSocketResponse) -> None:
        await socket.send_str("{not json")
        await socket.send_bytes(b"\x00\x01")
        await socket.send_json([1, 2])
        await socket.send_json({"type": "session.state_updated", "state": ["connected"]})
        await super().greet(socket)


async def test_garbage_does_not_end_a_session() -> None:
    """A malformed message is logged as one warning, and the session continues."""
    service = Garbled()
    async with call(service) as (_, output):
        await output.capture_frame(frame(0.5))
        output.flush()
        event = await played(output)

    assert not event.interrupted


async def test_logs_carry_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Keys, tokens and the ws_url, which is a credential, are logged at no level."""
    caplog.set_level(logging.DEBUG)
    service = DropsOnce()
    async with call(service) as (_, output):
        await output.capture_frame(frame(0.5))
        output.flush()
        await played(output)

    [body] = service.called("token")
    secrets = (KEY, "jwt", f"{service.url}/ws", body["livekit_config"]["livekit_client_token"])
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records if record.name == "avatar"]
    assert lines
    assert not [line for line in lines for secret in secrets if secret in line]


async def test_each_segment_is_reported_as_sent_once() -> None:
    """The report comes with its first chunk: a pause, which takes speech back and sends it again, repeats no report."""
    service = LiteService()
    sent: list[int] = []
    async with call(service) as (avatar, output):
        avatar.on("speech_sent", lambda: sent.append(len(service.of("agent.speak"))))
        await output.capture_frame(frame(3.0))
        await service.wait_for("agent.speak")
        output.pause()
        await service.wait_for("agent.interrupt")
        output.resume()
        output.clear_buffer()
        await played(output)
        first = len(sent)
        await output.capture_frame(frame(0.5))
        output.flush()
        await played(output)

    assert first == 1
    assert len(sent) == 2


@pytest.mark.parametrize("event", ["speech_sent", "status_changed"])
async def test_a_failing_handler_does_not_end_the_avatar(event: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Speech is played whatever the application does with an event; the error is logged."""
    async with call(LiteService()) as (avatar, output):
        avatar.on(event, lambda _one, _too_many: None)
        output.on("playback_finished", lambda _one, _too_many: None)
        for _ in range(2):
            await output.capture_frame(frame(0.3))
            output.flush()
            last = await played(output)
        assert not last.interrupted

    told = [record for record in caplog.records if record.exc_info]
    assert {record.message for record in told} == {"a handler of an avatar event failed"}


async def test_events_are_emitted_one_at_a_time() -> None:
    """A handler that calls the avatar is not nested; the resulting events are emitted after it returns."""
    depth, heard = 0, []

    async with call(LiteService()) as (avatar, _):

        def on_status(status: AvatarStatus) -> None:
            nonlocal depth
            depth += 1
            assert depth == 1
            heard.append(status.reason)
            if status.is_live:
                avatar.release("a test")
                avatar.engage()
            depth -= 1

        avatar.on("status_changed", on_status)
        async with asyncio.timeout(5):
            while len(heard) < 3:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)

    assert heard[:3] == [None, AvatarReason.RELEASED, AvatarReason.STARTING]


async def test_an_avatar_session_is_started_once() -> None:
    """A second start would leave the first session running: it is refused, and the first session continues."""
    service = LiteService()
    async with call(service) as (avatar, output):
        assert avatar._agent_session is not None
        with pytest.raises(ConfigurationError, match="make another one"):
            await avatar.start(avatar._agent_session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
        await output.capture_frame(frame(0.3))
        output.flush()
        assert not (await played(output)).interrupted

    assert len(service.called("start")) == len(service.called("stop")) == 1


async def test_closing_during_the_start_raises() -> None:
    """A session that is closed while it starts leaves nothing running."""
    service = LiteService()
    async with service.running_server() as url:
        avatar = AvatarSession(api_key=KEY, api_url=url, avatar_id="an-avatar")
        session: AgentSession[Any] = AgentSession(vad=None)
        starting = asyncio.create_task(avatar.start(session, FakeRoom(), **LIVEKIT))  # type: ignore[arg-type] # a stand-in
        async with service.changed, asyncio.timeout(10):
            await service.changed.wait_for(lambda: service.called("token"))
        await avatar.aclose()
        with pytest.raises(AvatarError):
            await starting

        assert service.running == set()
        assert session.output.audio is None


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
