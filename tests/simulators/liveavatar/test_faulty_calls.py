"""Every fault of the REST API, and whether the call takes effect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientError, ClientTimeout, ContentTypeError, WSServerHandshakeError

from simulators.faults.calls import Cut, Hang, HoldReply, LoseReply, Omit, Slow, Status, Truncate
from tests.simulators.liveavatar.client import KEY, LITE, bearer

if TYPE_CHECKING:
    from simulators.faults import Fault
    from tests.simulators.liveavatar.client import StandIn
    from tests.simulators.liveavatar.conftest import Serve

# The time-out of an impatient client.
BRIEF = ClientTimeout(total=0.3)


def fault_at(call: str, **fields: Any) -> Status:
    """Return a status fault of a call of LiveAvatar's."""
    return Status(vendor="liveavatar", at=call, **fields)


async def start(stand_in: StandIn, patience: ClientTimeout | None = None) -> int:
    """Create and start a session, and return the status of the start."""
    token = (await stand_in.create())["session_token"]
    url = f"{stand_in.url}/v1/sessions/start"
    async with stand_in.http.post(url, headers=bearer(token), timeout=patience or ClientTimeout()) as response:
        await response.read()
        return response.status


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        ("token", "POST", "/v1/sessions/token"),
        ("start", "POST", "/v1/sessions/start"),
        ("stop", "POST", "/v1/sessions/stop"),
        ("keep_alive", "POST", "/v1/sessions/keep-alive"),
        ("credits", "GET", "/v1/users/credits"),
        ("sessions", "GET", "/v1/sessions"),
        ("session", "GET", "/v1/sessions/1"),
        ("avatars", "GET", "/v1/avatars/public"),
        ("avatar", "GET", "/v1/avatars/1"),
    ],
)
async def test_status_is_returned_only_by_its_call(serve: Serve, call: str, method: str, path: str) -> None:
    """The error comes in the service's envelope, once, and from no other call."""
    stand_in = await serve(None, fault_at(call, status=503))
    other = "/v1/users/credits" if call != "credits" else "/v1/sessions?type=active"
    assert (await stand_in.get(other)).status == 200
    async with stand_in.http.request(method, stand_in.url + path, headers=KEY) as response:
        assert response.status == 503
        assert (await response.json())["code"] == 503
    async with stand_in.http.request(method, stand_in.url + path, headers=KEY) as response:
        assert response.status != 503


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": 401}, 401),
        ({"status": 403, "code": 4032, "message": "Session concurrency limit reached"}, 4032),
        ({"status": 402, "message": "Insufficient credits"}, 402),
        ({"status": 429, "headers": {"Retry-After": "2"}}, 429),
        ({"status": 500}, 500),
    ],
)
async def test_error_has_its_code_message_and_headers(serve: Serve, fields: dict[str, Any], code: int) -> None:
    """Status, code, message and headers of the error can be set."""
    fault = fault_at("token", **fields)
    answer = await (await serve(None, fault)).post("/v1/sessions/token", LITE)

    assert (answer.status, answer.body) == (fault.status, {"code": code, "data": None, "message": fault.message})
    assert fault.headers.items() <= answer.headers.items()


async def test_error_of_a_gateway_is_a_page(serve: Serve) -> None:
    """A body that is a string is sent as HTML."""
    stand_in = await serve(None, fault_at("token", status=502, body="<html>Bad Gateway</html>"))
    with pytest.raises(ContentTypeError):
        await stand_in.post("/v1/sessions/token", LITE)


async def test_error_has_any_body(serve: Serve) -> None:
    """A body that is not a string is sent as JSON."""
    stand_in = await serve(None, fault_at("token", status=500, body=["not", "an", "envelope"]))

    assert (await stand_in.post("/v1/sessions/token", LITE)).body == ["not", "an", "envelope"]


async def test_slow_call_is_carried_out(serve: Serve) -> None:
    """A slow call takes effect in the end; a client with a shorter time-out never learns this."""
    stand_in = await serve(None, Slow(vendor="liveavatar", at="start", seconds=0.6))
    with pytest.raises(TimeoutError):
        await start(stand_in, BRIEF)
    await stand_in.inspect_until(lambda session: session["state"] == "started")

    assert await stand_in.open_sessions() == 1


@pytest.mark.parametrize(
    ("fault", "error", "open_sessions"),
    [
        (Hang(vendor="liveavatar", at="start"), TimeoutError, 0),
        (Cut(vendor="liveavatar", at="start"), ClientError, 0),
        (HoldReply(vendor="liveavatar", at="start"), TimeoutError, 1),
        (LoseReply(vendor="liveavatar", at="start"), ClientError, 1),
    ],
    ids=lambda value: value.kind if hasattr(value, "kind") else None,
)
async def test_start_without_an_answer(serve: Serve, fault: Fault, error: type[Exception], open_sessions: int) -> None:
    """The client gets nothing; whether a session runs depends on when the answer was lost. The next start works."""
    stand_in = await serve(None, fault)
    with pytest.raises(error):
        await start(stand_in, BRIEF)

    assert await stand_in.open_sessions() == open_sessions
    assert await start(stand_in) == 201


async def test_hanging_call_ends_with_the_stand_in(serve: Serve) -> None:
    """A client that waits for ever is cut off when the stand-in ends; otherwise the fixture would not end."""
    stand_in = await serve(None, Hang(vendor="liveavatar", at="credits"))
    waiting = asyncio.create_task(stand_in.get("/v1/users/credits"))
    await stand_in.strikes()

    assert not waiting.done()
    waiting.cancel()


async def test_truncated_answer_is_not_json(serve: Serve) -> None:
    """The status is success, the JSON ends in the middle, and the session runs."""
    stand_in = await serve(None, Truncate(vendor="liveavatar", at="start"))
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        await stand_in.start()

    assert await stand_in.open_sessions() == 1


async def test_omitted_fields_are_missing(serve: Serve) -> None:
    """Optional or required fields inside the envelope are omitted; unknown names do no harm."""
    fields = ("data.max_session_duration", "data.ws_url", "message", "data.none.such")
    stand_in = await serve(None, Omit(vendor="liveavatar", at="start", fields=fields))
    token = (await stand_in.create())["session_token"]
    answer = await stand_in.post("/v1/sessions/start", headers=bearer(token))

    assert (answer.status, set(answer.body), set(answer.data)) == (201, {"code", "data"}, {"session_id"})


async def test_faults_of_one_call_add_up(serve: Serve) -> None:
    """Two faults that strike together both happen, in the order in which they were armed."""
    slow = Slow(vendor="liveavatar", at="token", seconds=0.01)
    stand_in = await serve(None, slow, fault_at("token", status=500))

    assert (await stand_in.post("/v1/sessions/token", LITE)).status == 500
    assert [armed.struck for armed in stand_in.plan.armed] == [1, 1]


async def test_refused_upgrade_has_its_status(serve: Serve) -> None:
    """The WebSocket is not opened as often as the fault says; the session runs."""
    stand_in = await serve(None, fault_at("websocket", status=503, times=2))
    session = await stand_in.start()
    for _ in range(2):
        with pytest.raises(WSServerHandshakeError) as refusal:
            await stand_in.http.ws_connect(session["ws_url"])
        assert refusal.value.status == 503
    await stand_in.connect(session)

    assert (await stand_in.inspect())["sockets"] == 1
