"""Sessions of the service: started, counted, and stopped on every way out, also one that is half started."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from avatar import ServiceError
from avatar.api import LiveAvatarAPI
from avatar.hosted import open_hosted_room
from avatar.service_session import Appearance, RoomAccess, ServiceSessions
from tests.avatar.fakes import KEY, LiteService, reply

ACCESS = RoomAccess("ws://127.0.0.1:1", "a-room", "the-agent", "devkey", "a-secret-of-more-than-thirty-two-characters")


@asynccontextmanager
async def sessions_of(service: LiteService, **appearance: Any) -> AsyncIterator[ServiceSessions]:
    """What a call has of the service."""
    async with service.running_server() as url, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1)
        look = Appearance("an-avatar", "face", "Avatar", **appearance)
        yield ServiceSessions(api, ACCESS, look, asyncio.get_running_loop().time)


class SlowStart(LiteService):
    """Has started a session a while after it was asked to, whether or not somebody waits; stops only what runs."""

    def __init__(self) -> None:
        super().__init__()
        self.may_start = asyncio.Event()
        self.asked = asyncio.Event()

    def start_later(self) -> None:
        """Leave time for a stop to come first."""
        asyncio.get_running_loop().call_later(0.3, self.may_start.set)

    def _rest(self, path: str, handler: Any) -> Any:
        answer = super()._rest(path, handler)
        if path != "start":
            return answer

        async def start(request: web.Request) -> web.Response:
            await request.read()
            self.asked.set()
            return await asyncio.shield(asyncio.ensure_future(later(request)))

        async def later(request: web.Request) -> web.Response:
            await self.may_start.wait()
            response: web.Response = await answer(request)
            return response

        return start

    def on_stop(self, request: web.Request) -> web.Response:
        if not self.running:
            return reply({"message": "session not found"}, status=404)
        return super().on_stop(request)


async def test_a_stop_does_not_overtake_the_start() -> None:
    """Cancelled while the service starts it: it is stopped when it runs, not before, when there is nothing to stop."""
    service = SlowStart()
    async with sessions_of(service) as sessions:
        starting = asyncio.create_task(sessions.start())
        await service.asked.wait()
        starting.cancel()
        service.start_later()
        await asyncio.gather(starting, return_exceptions=True)
        await sessions.aclose()

        assert starting.cancelled()
        assert [path for path, _ in service.calls] == ["token", "start", "stop"]
        assert service.running == set()


async def test_a_call_that_ends_while_its_avatar_starts_leaves_none() -> None:
    """Whoever closes need not know that a start is under way."""
    service = SlowStart()
    async with sessions_of(service) as sessions:
        starting = asyncio.create_task(sessions.start())
        await service.asked.wait()
        closing = asyncio.create_task(sessions.aclose())
        service.start_later()
        await asyncio.gather(starting, closing)

        assert service.running == set()


async def test_a_start_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop is sent all the same: the session may run."""
    monkeypatch.setattr("avatar.service_session._START_IN_FLIGHT", 0.1)
    service = SlowStart()
    async with sessions_of(service) as sessions:
        starting = asyncio.create_task(sessions.start())
        await service.asked.wait()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)

        assert service.called("stop") == [{"session_id": "s-1", "reason": "USER_CLOSED"}]
        service.may_start.set()


async def test_a_hosted_room_is_not_left_running_either() -> None:
    """The session of a room of the service's own is stopped after its start has come through."""
    service = SlowStart()
    async with service.running_server() as url, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1)
        opening = asyncio.create_task(open_hosted_room(api, avatar_id="an-avatar"))
        await service.asked.wait()
        opening.cancel()
        service.start_later()
        await asyncio.gather(opening, return_exceptions=True)

        assert [path for path, _ in service.calls] == ["token", "start", "stop"]
        assert service.running == set()


async def test_a_stop_that_is_not_answered_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the session, which somebody has to stop, and why it may run on."""
    monkeypatch.setattr("avatar.service_session._STOP_TIMEOUT", 0.1)

    class NeverStops(LiteService):
        def _rest(self, path: str, handler: Any) -> Any:
            return _hang if path == "stop" else super()._rest(path, handler)

    async with sessions_of(NeverStops()) as sessions:
        session = await sessions.start()
        await sessions.stop(session.session_id)

    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.message.endswith("until somebody stops it: no answer within 0 s")


async def _hang(_: web.Request) -> web.Response:
    await asyncio.sleep(60)
    raise AssertionError


class RefusesOnce(LiteService):
    """Has no token to give, the first time."""

    def on_token(self, request: web.Request) -> web.Response:
        if len(self.called("token")) == 1:
            return reply({"message": "oops"}, status=500)
        return super().on_token(request)


async def test_only_sessions_that_were_made_are_counted() -> None:
    """One that was refused costs nothing, and takes no number: the next has the identity that callers know."""
    service = RefusesOnce()
    async with sessions_of(service) as sessions:
        with pytest.raises(ServiceError):
            await sessions.start()
        assert sessions.count == 0

        session = await sessions.start()
        assert (sessions.count, session.identity) == (1, "face")
        assert (await sessions.start()).identity == "face-2"
        await sessions.aclose()


class Lasts(LiteService):
    """Says how long a session may last."""

    def __init__(self, seconds: object) -> None:
        super().__init__()
        self.seconds = seconds

    def on_start(self, request: web.Request) -> web.Response:
        self.running.add("s-1")
        data = {"session_id": "s-1", "ws_url": f"{self.url}/ws", "max_session_duration": self.seconds}
        return reply({"code": 1000, "data": data, "message": "ok"}, status=201)


@pytest.mark.parametrize(
    ("told", "asked", "expected"),
    [(600, 300, 600.0), (0, 300, 300.0), (-1, None, None), (None, 300, 300.0), ("600", None, None)],
)
async def test_a_length_that_is_none_is_not_believed(told: object, asked: int | None, expected: float | None) -> None:
    """Then the one that was asked for counts: a session of 0 s would be followed by the next at once, and so on."""
    async with sessions_of(Lasts(told), max_session_duration=asked) as sessions:
        session = await sessions.start()
        lasts = None if session.ends_at is None else session.ends_at - session.started_at
        await sessions.aclose()

    assert lasts == (None if expected is None else pytest.approx(expected))
