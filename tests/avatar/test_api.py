"""The REST client: what it asks, what it repeats, and what it makes of answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import stamina
from aiohttp import web
from aiohttp.test_utils import TestServer

from avatar import AuthError, CapacityError, ConnectionLost, LiveAvatarAPI, ServiceError, ServiceTimeout
from avatar.api import ActiveSession, SessionToken, _wait_before_retry
from avatar.errors import service_error
from avatar.journal import JournalError, SessionJournal

TOKEN = SessionToken("s-1", "jwt")
GOOD = web.json_response


@asynccontextmanager
async def service(
    *answers: Callable[[], web.Response], journal: SessionJournal | None = None
) -> AsyncIterator[tuple[LiveAvatarAPI, list[web.Request]]]:
    """A client of a server that gives these answers one after another."""
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1]()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        with stamina.set_testing(testing=True, attempts=3, cap=True):
            url = str(server.make_url(""))
            yield LiveAvatarAPI(http, api_key="key", api_url=url, timeout=5.0, journal=journal), requests


def answer(data: Any = None, *, status: int = 200, code: int = 1000, message: str = "", **headers: str) -> Any:
    """An answer in the service's envelope."""
    body = {"code": code, "data": data, "message": message}
    return lambda: web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_a_call_that_may_be_repeated_is() -> None:
    """After an outage the token is asked for again."""
    good = answer({"session_id": "s-1", "session_token": "jwt"})
    async with service(answer(status=503), answer(status=429, Retry_After="0"), good) as (api, requests):
        token = await api.create_token(avatar_id="a")

    assert token == TOKEN
    assert len(requests) == 3


async def test_start_is_never_repeated() -> None:
    """A start that failed half-way may have started a session: a second one would be billed beside it."""
    async with service(answer(status=503)) as (api, requests):
        with pytest.raises(ServiceError):
            await api.start(TOKEN)

    assert len(requests) == 1


async def test_a_refused_key_is_not_tried_again() -> None:
    """Authentication does not get better by repetition."""
    async with service(answer(status=401, message="Invalid API key")) as (api, requests):
        with pytest.raises(AuthError) as error:
            await api.credits_left()

    assert len(requests) == 1
    assert (error.value.status_code, error.value.body) == (401, "Invalid API key")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, 4032, "Session concurrency limit reached"),
        (402, 1, "pay"),
        (403, 1, "Not enough credits"),
        (429, 1, "slow"),
    ],
)
async def test_no_room_for_a_session_is_told_from_a_refused_key(status: int, code: int, message: str) -> None:
    """Concurrency, credits and rate are one class, whatever the status."""
    async with service(answer(status=status, code=code, message=message)) as (api, _):
        with pytest.raises(CapacityError):
            await api.start(TOKEN)


async def test_optional_fields_may_be_missing() -> None:
    """Of a started session only the ws_url has to be there."""
    async with service(answer({"ws_url": "wss://x/1"}, status=201)) as (api, _):
        started = await api.start(TOKEN)

    assert (started.session_id, started.max_duration) == ("s-1", None)


@pytest.mark.parametrize(("asked", "waits"), [(2.0, 2.0), (300.0, 10.0), (None, True)])
def test_somebody_waits_so_a_call_is_not_repeated_much_later(asked: float | None, waits: float) -> None:
    """Whatever the service asks for; with nothing asked for, the wait is that of every repetition."""
    assert _wait_before_retry(service_error("GET /", status_code=429, retry_after=asked)) == waits


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"data":null}', b'{"data":{"session_id":1}}'])
async def test_a_reply_that_can_not_be_used_is_an_error_of_the_service(body: bytes) -> None:
    """Truncated or foreign replies name the call and the field that is missing."""
    async with service(lambda: web.Response(body=body)) as (api, _):
        with pytest.raises(ServiceError, match=r"POST /v1/sessions/token.*no session_id"):
            await api.create_token(avatar_id="a")


async def test_a_validation_error_is_told_in_the_services_words() -> None:
    """The list of a 422 is read to its first entry."""
    detail = [{"loc": ["body", "avatar_id"], "msg": "Input should be a valid UUID"}]
    async with service(lambda: GOOD({"detail": detail}, status=422)) as (api, _):
        with pytest.raises(ServiceError, match=r"body\.avatar_id: Input should be a valid UUID"):
            await api.create_token(avatar_id="a")


async def test_an_unknown_avatar_is_told_by_its_setting() -> None:
    """Who mistyped the avatar's id reads which variable to look at."""
    async with service(answer(status=404, message="avatar not found")) as (api, _):
        with pytest.raises(ServiceError, match="avatar not found - check LIVEAVATAR_AVATAR_ID"):
            await api.create_token(avatar_id="nobody")


@pytest.mark.parametrize(("status", "message"), [(404, ""), (400, "Session has already ended")])
async def test_a_session_that_is_gone_counts_as_stopped(status: int, message: str) -> None:
    """Stopping twice is no error."""
    async with service(answer(status=status, message=message)) as (api, requests):
        await api.stop("s-1")

    assert [request.path for request in requests] == ["/v1/sessions/stop"]


async def test_a_stop_that_is_refused_for_another_reason_is_an_error() -> None:
    """Only what says that there is nothing to stop counts as a stop."""
    async with service(answer(status=400, message="reason: not one of the permitted values")) as (api, _):
        with pytest.raises(ServiceError):
            await api.stop("s-1")


async def test_active_sessions_are_read_to_the_last_page() -> None:
    """Each has its id and, if it is told, how long it has run."""
    first = {"next": "page 2", "results": [{"id": "s-1", "duration": 61}, "nonsense"]}
    async with service(answer(first), answer({"next": None, "results": [{"id": "s-2"}]})) as (api, requests):
        sessions = await api.active_sessions()

    assert sessions == [ActiveSession("s-1", 61.0), ActiveSession("s-2", None)]
    assert [(request.query["type"], request.query["page"]) for request in requests] == [
        ("active", "1"),
        ("active", "2"),
    ]


async def test_a_session_is_in_the_journal_before_it_is_started(tmp_path: Path) -> None:
    """Whenever this process dies, somebody knows which session may run."""
    journal = SessionJournal(tmp_path)
    seen: list[str] = []

    def start() -> web.Response:
        seen.extend(f"{entry.session_id} {entry.room} {entry.state}" for entry in journal.entries())
        return web.json_response({"data": {"ws_url": "wss://x/1"}}, status=201)

    async with service(start, answer(), journal=journal) as (api, _):
        await api.start(SessionToken("s-1", "jwt", "a-room"))
        seen.extend(entry.state for entry in journal.entries())
        await api.stop("s-1")

    assert seen == ["s-1 a-room made", "started"]
    assert journal.entries() == []
    journal.disown()


async def test_a_stop_without_an_answer_leaves_the_session_in_the_journal(tmp_path: Path) -> None:
    """It is for the sweep."""
    journal = SessionJournal(tmp_path)
    async with service(answer({"ws_url": "wss://x/1"}), answer(status=503), journal=journal) as (api, _):
        await api.start(TOKEN)
        with pytest.raises(ServiceError):
            await api.stop("s-1")

    assert [entry.state for entry in journal.entries()] == ["stopping"]
    journal.disown()


async def test_what_cannot_be_noted_is_not_started_but_stopped(tmp_path: Path) -> None:
    """A full disk keeps a session from being started, and none from being stopped."""
    (tmp_path / "file").touch()
    async with service(answer(), journal=SessionJournal(tmp_path / "file")) as (api, requests):
        with pytest.raises(JournalError):
            await api.start(TOKEN)
        await api.stop("s-1")

    assert [request.path for request in requests] == ["/v1/sessions/stop"]


async def test_an_unreachable_service_is_one_error_of_ours() -> None:
    """No foreign exception leaves the client, and the message says what to look at."""
    async with aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key="key", api_url="http://127.0.0.1:1", attempts=1)
        with pytest.raises(ConnectionLost, match=r"is http://127\.0\.0\.1:1 reachable"):
            await api.credits_left()


async def test_a_service_that_does_not_answer_is_timed_out() -> None:
    """Silence is an error with a name, after the set time."""
    gone = asyncio.Event()

    async def never(reader: Any, writer: Any) -> None:
        await reader.read()  # until the client has given up
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key="key", api_url=f"http://127.0.0.1:{port}", timeout=0.2, attempts=1)
        with pytest.raises(ServiceTimeout, match="GET /v1/users/credits was not answered"):
            await api.credits_left()
        await gone.wait()


def test_secrets_are_not_shown() -> None:
    """Neither tokens nor the ws_url are in a `repr`."""
    assert "jwt" not in repr(TOKEN)
