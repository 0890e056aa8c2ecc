"""The REST client: its requests, its retries, and its reading of answers."""

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

from avatar import AuthError, CapacityError, LiveAvatarAPI, ServiceError, ServiceTimeout
from avatar.api import ActiveSession, Avatar, SessionToken
from avatar.core.refusal import Refusal
from avatar.recording import Recorder
from avatar.sessions.journal import JournalError, SessionJournal
from tests.avatar.recording.recorded import lines_in, text_in

TOKEN = SessionToken("s-1", "jwt")


@asynccontextmanager
async def service(
    *answers: Callable[[], web.Response], journal: SessionJournal | None = None, recorder: Recorder | None = None
) -> AsyncIterator[tuple[LiveAvatarAPI, list[web.Request]]]:
    """Yield a client of a server that gives these answers one after another."""
    requests: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        requests.append(request)
        return answers[min(len(requests), len(answers)) - 1]()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        with stamina.set_testing(testing=True, attempts=3, cap=True):
            url = str(server.make_url(""))
            yield (
                LiveAvatarAPI(http, api_key="key", api_url=url, timeout=5.0, journal=journal, recorder=recorder),
                requests,
            )


def answer(data: Any = None, *, status: int = 200, code: int = 1000, message: str = "", **headers: str) -> Any:
    """Return an answer in the service's envelope."""
    body = {"code": code, "data": data, "message": message}
    return lambda: web.json_response(body, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def test_a_repeatable_call_is_repeated() -> None:
    """After an outage the token is requested again."""
    good = answer({"session_id": "s-1", "session_token": "jwt"})
    async with service(answer(status=503), answer(status=429, Retry_After="0"), good) as (api, requests):
        token = await api.create_token(avatar_id="a")

    assert token == TOKEN
    assert len(requests) == 3


async def test_start_is_never_repeated() -> None:
    """A start that failed may have started a session: a second one would be billed too."""
    async with service(answer(status=503)) as (api, requests):
        with pytest.raises(ServiceError):
            await api.start(TOKEN)

    assert len(requests) == 1


async def test_a_refused_key_is_not_retried() -> None:
    """A retry would be refused in the same way."""
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
async def test_capacity_is_distinguished_from_a_refused_key(status: int, code: int, message: str) -> None:
    """Concurrency, credits and rate limits raise one class, whatever the status."""
    async with service(answer(status=status, code=code, message=message)) as (api, _):
        with pytest.raises(CapacityError):
            await api.start(TOKEN)


async def test_optional_fields_may_be_missing() -> None:
    """A started session needs only the ws_url."""
    async with service(answer({"ws_url": "wss://x/1"}, status=201)) as (api, _):
        started = await api.start(TOKEN)

    assert (started.session_id, started.max_duration) == ("s-1", None)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"data":null}', b'{"data":{"session_id":1}}'])
async def test_an_unusable_reply_is_an_error_of_the_service(body: bytes) -> None:
    """The error of a truncated or foreign reply names the call and the missing field."""
    async with service(lambda: web.Response(body=body)) as (api, _):
        with pytest.raises(ServiceError, match=r"POST /v1/sessions/token.*no session_id"):
            await api.create_token(avatar_id="a")


@pytest.mark.parametrize(
    ("status", "message"), [(404, ""), (410, ""), (400, "Session has already ended"), (409, "Session is closed")]
)
async def test_a_session_that_is_gone_counts_as_stopped(status: int, message: str) -> None:
    """Stopping twice is not an error."""
    async with service(answer(status=status, message=message)) as (api, requests):
        await api.stop("s-1")

    assert [request.path for request in requests] == ["/v1/sessions/stop"]


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "reason: not one of the permitted values"), (401, "The session of this key has ended"), (500, "closed")],
)
async def test_a_stop_that_is_refused_for_another_reason_is_an_error(status: int, message: str) -> None:
    """Only a reply that says that there is nothing to stop counts as a stop."""
    async with service(answer(status=status, message=message)) as (api, _):
        with pytest.raises(ServiceError):
            await api.stop("s-1")


async def test_all_pages_of_active_sessions_are_read() -> None:
    """Each session has its id and, if the reply has it, its running time."""
    first = {"next": "page 2", "results": [{"id": "s-1", "duration": 61}, "nonsense"]}
    async with service(answer(first), answer({"next": None, "results": [{"id": "s-2"}]})) as (api, requests):
        sessions = await api.active_sessions()

    assert sessions == [ActiveSession("s-1", 61.0), ActiveSession("s-2", None)]
    assert [(request.query["type"], request.query["page"]) for request in requests] == [
        ("active", "1"),
        ("active", "2"),
    ]


async def test_a_session_is_in_the_journal_before_its_start(tmp_path: Path) -> None:
    """Whenever this process dies, the journal knows which session may run."""
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
    """A session with an unanswered stop stays in the journal, for the sweep."""
    journal = SessionJournal(tmp_path)
    async with service(answer({"ws_url": "wss://x/1"}), answer(status=503), journal=journal) as (api, _):
        await api.start(TOKEN)
        with pytest.raises(ServiceError):
            await api.stop("s-1")

    assert [entry.state for entry in journal.entries()] == ["stopping"]
    journal.disown()


async def test_a_session_that_cannot_be_noted_is_stopped_and_not_started(tmp_path: Path) -> None:
    """A full disk prevents the start of a session, but not its stop."""
    (tmp_path / "file").touch()
    async with service(answer(), journal=SessionJournal(tmp_path / "file")) as (api, requests):
        with pytest.raises(JournalError):
            await api.start(TOKEN)
        await api.stop("s-1")

    assert [request.path for request in requests] == ["/v1/sessions/stop"]


TOO_LONG = "max_session_duration (600s) exceeds the maximum allowed (60s)"


async def test_a_duration_above_the_plans_limit_is_asked_for_again_as_allowed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The request is repeated once, with the refusal's limit, which is logged, remembered, and used from then on."""
    good = answer({"session_id": "s-1", "session_token": "jwt"})
    async with service(answer(status=400, code=4000, message=TOO_LONG), good) as (api, requests):
        first = await api.create_token(avatar_id="a", max_session_duration=600)
        second = await api.create_token(avatar_id="a", max_session_duration=600)
        asked = [(await request.json())["max_session_duration"] for request in requests]

    assert asked == [600, 60, 60]
    assert (first.max_session_duration, second.max_session_duration) == (60, 60)
    assert [record.message for record in caplog.records] == ["the account's plan allows less than was asked for"]


async def test_1080p_and_a_long_session_may_both_be_refused() -> None:
    """Quality and duration are replaced after their own refusals, and the session is created."""
    refusals = (answer(status=400, message=TOO_LONG), answer(status=400, message="very_high is not in your plan"))
    good = answer({"session_id": "s-1", "session_token": "jwt"})
    async with service(*refusals, good) as (api, requests):
        token = await api.create_token(avatar_id="a", video_quality="very_high", max_session_duration=600)

    assert (token.video_quality, token.max_session_duration, len(requests)) == ("high", 60, 3)


async def test_a_request_is_amended_a_limited_number_of_times() -> None:
    """A service that refuses even what it allows is not asked for ever."""
    async with service(answer(status=400, message=TOO_LONG)) as (api, requests):
        with pytest.raises(ServiceError, match="lower max_session_duration"):
            await api.create_token(avatar_id="a", max_session_duration=600)

    assert len(requests) == 2


async def test_the_granted_duration_is_that_of_the_session() -> None:
    """If the start reply has no duration, the requested and granted one counts."""
    async with service(answer({"ws_url": "wss://x/1"}, status=201)) as (api, _):
        started = await api.start(SessionToken("s-1", "jwt", max_session_duration=60))

    assert started.max_duration == 60


async def test_a_start_without_an_answer_may_have_taken_effect() -> None:
    """The start's time limit is its own: the client's shorter one does not apply."""
    answered = asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        await answered.wait()
        return web.json_response({"data": {"ws_url": "wss://x/1"}}, status=201)

    app = web.Application()
    app.router.add_post("/v1/sessions/start", slow)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        api = LiveAvatarAPI(http, api_key="key", api_url=str(server.make_url("")), timeout=0.1)
        with pytest.raises(ServiceTimeout, match="not answered within") as caught:
            await api.start(TOKEN, timeout=0.2)
        starting = asyncio.create_task(api.start(TOKEN))
        await asyncio.wait([starting], timeout=0.3)  # longer than the client's own limit
        assert not starting.done()
        answered.set()
        started = await starting

    assert caught.value.refusal is Refusal.UNREACHABLE
    assert started.ws_url == "wss://x/1"


async def test_a_keep_alive_needs_the_key_and_the_session_id() -> None:
    """An empty body is refused with a key (10), and a keep-alive of an ended session is an error (11)."""
    async with service(answer(), answer(status=400, message="Session is closed")) as (api, requests):
        await api.keep_alive("s-1")
        body, key = await requests[0].json(), requests[0].headers["X-API-KEY"]
        with pytest.raises(ServiceError):
            await api.keep_alive("s-1")

    assert (requests[0].path, body, key) == ("/v1/sessions/keep-alive", {"session_id": "s-1"}, "key")


@pytest.mark.parametrize(
    ("data", "avatar"),
    [
        ({"name": "Wayne", "status": "ACTIVE", "is_expired": False}, Avatar("Wayne", "ACTIVE", is_expired=False)),
        ({"name": "Old", "status": "ACTIVE", "is_expired": True}, Avatar("Old", "ACTIVE", is_expired=True)),
        ({"name": "Bare"}, Avatar("Bare")),
    ],
)
async def test_an_avatar_is_looked_up(data: dict[str, object], avatar: Avatar) -> None:
    """The result has the reasons why it may be unusable; the service may leave them out."""
    async with service(answer(data)) as (api, _):
        assert await api.avatar("a") == avatar


async def test_every_call_is_recorded(tmp_path: Path) -> None:
    """Request and reply are recorded with the kind of credential, without the key, the token and the session's id."""
    token = answer({"session_id": "a-session-id", "session_token": "a-session-token"})
    started = answer({"ws_url": "wss://x.example/secret-path"}, status=201)
    with Recorder.in_directory(tmp_path) as recorder:
        async with service(token, started, answer(status=503), answer(), recorder=recorder) as (api, _):
            session = await api.create_token(avatar_id="a")
            await api.start(session)
            await api.stop(session.session_id)
    text, lines = text_in(tmp_path), lines_in(tmp_path)

    assert [(line["kind"], line["call"]) for line in lines] == [
        (kind, call) for call in (1, 2, 3, 4) for kind in ("request", "reply")
    ]
    assert [line["auth"] for line in lines if line["kind"] == "request"] == ["key", "token", "key", "key"]
    assert [line["status"] for line in lines if line["kind"] == "reply"] == [200, 201, 503, 200]
    assert not [
        secret for secret in ("a-session-id", "a-session-token", "secret-path", "the-api-key") if secret in text
    ]


def test_secrets_are_not_shown() -> None:
    """Tokens and the ws_url are not in a `repr`."""
    assert "jwt" not in repr(TOKEN)
