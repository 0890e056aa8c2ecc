"""REST calls: their credentials, their retries, and the translation of foreign errors."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from avatar.errors import AvatarError, ConnectionLost, ServiceTimeout, service_error
from avatar.recording import Recorder
from avatar.rest import Credential, RestClient, wait_before_retry
from tests.avatar.recording.recorded import lines_in

KEY = Credential("key", "a-long-enough-key")


def client(http: aiohttp.ClientSession, url: str, recorder: Recorder | None = None, limit: float = 5.0) -> RestClient:
    """Return a client that calls once."""
    return RestClient(http, url, timeout=limit, attempts=1, recorder=recorder or Recorder())


@pytest.mark.parametrize(
    ("credential", "headers"),
    [
        (Credential("key", "hush"), {"X-API-KEY": "hush"}),
        (Credential("token", "hush"), {"Authorization": "Bearer hush"}),
    ],
)
def test_a_call_is_authorised_by_the_key_or_a_sessions_token(credential: Credential, headers: dict[str, str]) -> None:
    """Key and token are sent in the headers that the service reads, and are not shown."""
    assert credential.headers == headers
    assert "hush" not in repr(credential)


@pytest.mark.parametrize(("asked", "waits"), [(2.0, 2.0), (300.0, 10.0), (None, True)])
def test_a_retry_comes_within_ten_seconds(asked: float | None, waits: float) -> None:
    """A caller is waiting, whatever wait the service asks for."""
    assert wait_before_retry(service_error("GET /", status_code=429, retry_after=asked)) == waits


@pytest.mark.parametrize("error", [service_error("GET /", status_code=400), ValueError("a bug")], ids=str)
def test_errors_that_a_retry_does_not_fix_are_not_retried(error: Exception) -> None:
    """Refusals and our own defects are not retried."""
    assert wait_before_retry(error) is False


async def test_an_unreachable_service_is_an_error_of_this_package() -> None:
    """No foreign exception leaves the client, and the message says what to check."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(ConnectionLost, match=r"is http://127\.0\.0\.1:1 reachable"):
            await client(http, "http://127.0.0.1:1").call("GET", "/x", KEY)


async def test_a_service_that_does_not_answer_is_timed_out(tmp_path: Path) -> None:
    """No answer within the set time is an error of its own class, and is recorded."""
    gone = asyncio.Event()

    async def never(reader: Any, writer: Any) -> None:
        await reader.read()  # until the client has given up
        writer.close()
        await writer.wait_closed()
        gone.set()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as http:
        with (
            Recorder.in_directory(tmp_path) as recorder,
            pytest.raises(ServiceTimeout, match="GET /x was not answered"),
        ):
            await client(http, f"http://127.0.0.1:{port}", recorder, 0.2).call("GET", "/x", KEY)
        await gone.wait()
    last = lines_in(tmp_path)[-1]

    assert (last["kind"], last["error"]) == ("reply", "timeout")


async def test_an_error_does_not_repeat_the_requests_secrets() -> None:
    """An error shows neither the key nor a token of the body, even if the service repeats them."""

    async def echo(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"message": f"{request.headers['X-API-KEY']} {body['session_token']}"}, status=400)

    app = web.Application()
    app.router.add_post("/x", echo)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        echoing = client(http, str(server.make_url("")))
        with pytest.raises(AvatarError) as caught:
            await echoing.call("POST", "/x", KEY, body={"session_token": "a-long-enough-token"})

    assert "<redacted:17> <redacted:19>" in str(caught.value)
