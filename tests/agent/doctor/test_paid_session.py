"""The session of a test call is stopped in every case."""

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from agent.doctor.paid_session import paid_session
from avatar import AvatarError, LiveAvatarAPI
from avatar.api import SessionToken
from tests.avatar.fakes import KEY, LiteService, reply

TOKEN = SessionToken("s-1", "jwt")


async def run(service: LiteService, said: list[str], body: Any = None) -> None:
    """Keep a session while the body runs."""
    async with service.running_server() as url, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1)
        async with paid_session(api, TOKEN, said.append) as session:
            assert session.session_id == "s-1"
            if body is not None:
                await body()


async def test_it_is_stopped_at_the_end() -> None:
    """No message is shown."""
    service, said = LiteService(), list[str]()
    await run(service, said)

    assert (service.running, said) == (set(), [])


async def test_it_is_stopped_when_the_call_fails() -> None:
    """The session is stopped before the error is raised."""
    service, said = LiteService(), list[str]()

    async def fail() -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any would do
        await run(service, said, fail)

    assert (service.running, said) == (set(), [])


async def test_it_is_stopped_when_the_call_is_cancelled() -> None:
    """Ctrl-C cancels it."""
    service, said = LiteService(), list[str]()
    runs = asyncio.Event()

    async def wait() -> None:
        runs.set()
        await asyncio.sleep(60)

    calling = asyncio.create_task(run(service, said, wait))
    await runs.wait()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)

    assert calling.cancelled()
    assert (service.running, said) == (set(), [])


class SlowStart(LiteService):
    """A service that answers a start only when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.may_start = asyncio.Event()

    def _rest(self, path: str, handler: Any) -> Any:
        answer = super()._rest(path, handler)
        if path != "start":
            return answer

        async def start(request: web.Request) -> Any:
            self.asked.set()
            await self.may_start.wait()
            return await answer(request)

        return start


async def test_a_start_in_progress_is_waited_for() -> None:
    """If the call is cancelled meanwhile, the stop follows the start's answer."""
    service, said = SlowStart(), list[str]()
    calling = asyncio.create_task(run(service, said))
    await service.asked.wait()
    calling.cancel()
    asyncio.get_running_loop().call_later(0.1, service.may_start.set)
    await asyncio.gather(calling, return_exceptions=True)

    assert [path for path, _ in service.calls] == ["start", "stop"]
    assert (service.running, said) == (set(), [])


async def test_a_start_that_is_never_answered_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop is still sent, and the message has the command that stops the session."""
    monkeypatch.setattr("agent.doctor.paid_session._START_TIMEOUT_S", 0.1)
    service, said = SlowStart(), list[str]()
    calling = asyncio.create_task(run(service, said))
    await service.asked.wait()
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)
    service.may_start.set()

    assert [path for path, _ in service.calls][:1] == ["stop"]
    assert "sessions stop s-1" in said[0]


class Refuses(LiteService):
    def on_start(self, request: web.Request) -> web.Response:
        return reply({"code": 4033, "data": None, "message": "Insufficient credits"}, status=403)


async def test_a_refused_start_is_the_calls_error() -> None:
    """There is no session to stop."""
    service, said = Refuses(), list[str]()
    with pytest.raises(AvatarError, match="Insufficient credits"):
        await run(service, said)

    assert said == []


class NeverStops(LiteService):
    def on_stop(self, request: web.Request) -> web.Response:
        return reply({"message": "oops"}, status=500)


async def test_a_session_that_could_not_be_stopped_is_reported() -> None:
    """The message has the command that stops it."""
    service, said = NeverStops(), list[str]()
    await run(service, said)

    assert "could NOT be stopped" in said[0]
    assert "sessions stop s-1" in said[0]
