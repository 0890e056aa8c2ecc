"""Which connections use a proxy: REST calls and WebSockets of a session follow one rule."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, cast

import aiohttp
import pytest
from livekit.agents import JobExecutorType, JobProcess, job

from avatar import LiveAvatarAPI
from avatar.errors import ConfigurationError, ConnectionLost
from avatar.http import client_session, proxy_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROXY = "http://proxy.test:3128"
OTHER = "http://other.test:3128"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Clear all proxy settings."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


class RecordingProxy:
    """A proxy that notes the first line of each request, and refuses it."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RecordingProxy]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(request.decode().splitlines()[0])
        self.seen += [line for line in request.decode().splitlines() if line.startswith("Proxy-Authorization")]
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


class Job:
    """A stand-in for a job, with the proxy of its process."""

    def __init__(self, http_proxy: str) -> None:
        self.proc = JobProcess(executor_type=JobExecutorType.THREAD, user_arguments=None, http_proxy=http_proxy)


@contextlib.contextmanager
def in_job(http_proxy: str) -> Iterator[None]:
    """Run the body as in a job of a worker with this proxy."""
    token = job._JobContextVar.set(cast("job.JobContext", Job(http_proxy)))
    try:
        yield
    finally:
        job._JobContextVar.reset(token)


@pytest.mark.parametrize(
    ("environment_of", "url", "proxy"),
    [
        ({}, "https://api.example", None),
        ({"HTTPS_PROXY": PROXY}, "https://api.example/v1", PROXY),
        ({"HTTPS_PROXY": PROXY}, "wss://api.example", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://api.example", None),
        ({"HTTP_PROXY": PROXY}, "ws://api.example", PROXY),
        ({"https_proxy": PROXY}, "https://api.example", PROXY),
        ({"https_proxy": PROXY, "HTTPS_PROXY": OTHER}, "https://api.example", PROXY),
        ({"ALL_PROXY": PROXY}, "wss://api.example", PROXY),
        ({"all_proxy": PROXY, "HTTPS_PROXY": OTHER}, "https://api.example", OTHER),
        ({"HTTPS_PROXY": "proxy.test:3128"}, "https://api.example", PROXY),
    ],
)
def test_a_proxy_is_chosen_by_the_scheme(
    environment: pytest.MonkeyPatch, environment_of: dict[str, str], url: str, proxy: str | None
) -> None:
    """WebSockets use the proxy of HTTP; the lower-case name wins; ALL_PROXY is for schemes without their own."""
    for name, value in environment_of.items():
        environment.setenv(name, value)

    assert proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("*", "https://api.example"),
        ("other.test, *", "https://api.example"),
        ("api.example", "https://api.example"),
        ("API.Example", "https://api.example"),
        ("example", "https://api.example"),
        (".example", "wss://api.example"),
        ("*.example", "https://api.example"),
        ("other.test,example", "https://api.example."),
        ("other.test example", "https://api.example"),
        ("api.example:443", "https://api.example"),
        ("api.example:8443", "https://api.example:8443"),
        ("https://api.example/", "https://api.example"),
        ("https://api.example/v1", "https://api.example"),
        (".svc", "http://web.default.svc"),
        ("::ffff:10.1.2.3", "https://10.1.2.3"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("10.0.0.0/8", "wss://10.1.2.3:7880"),
        ("fd00::1", "https://[fd00::1]"),
        ("[fd00::1]:443", "https://[fd00::1]"),
        ("fd00::/8", "https://[fd00::1]"),
        ("", "http://localhost:7880"),
        ("", "ws://127.0.0.1:7880"),
        ("", "ws://127.8.8.8"),
        ("", "http://[::1]:80"),
        ("", "http://0.0.0.0:8000"),
        ("", "http://[::]:8000"),
        ("", "http://[::ffff:127.0.0.1]:8000"),
    ],
)
def test_hosts_in_no_proxy_are_reached_directly(environment: pytest.MonkeyPatch, no_proxy: str, url: str) -> None:
    """NO_PROXY takes domains with their subdomains, addresses, networks, ports and `*`; loopback is always direct."""
    for name, value in {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "NO_PROXY": no_proxy}.items():
        environment.setenv(name, value)

    assert proxy_for(url) is None
    assert proxy_for(url, given=OTHER) is None


@pytest.mark.parametrize(
    ("no_proxy", "url"),
    [
        ("pi.example", "https://api.example"),
        (".svc", "https://websvc"),
        ("api.example", "https://example"),
        ("api.example:80", "https://api.example"),
        ("10.0.0.0/8", "https://11.1.2.3"),
        ("10.0.0.0/8", "https://10.example"),
        ("10.0.0.0/99,[,:,//", "https://10.1.2.3"),
        ("1.2.3", "https://10.1.2.3"),
    ],
)
def test_hosts_outside_no_proxy_use_the_proxy(environment: pytest.MonkeyPatch, no_proxy: str, url: str) -> None:
    """A suffix matches whole labels only; an entry that can't be read matches nothing."""
    environment.setenv("HTTPS_PROXY", PROXY)
    environment.setenv("no_proxy", no_proxy)

    assert proxy_for(url) == PROXY
    assert proxy_for(url, given=OTHER) == OTHER


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_of_another_kind_is_an_error(environment: pytest.MonkeyPatch, name: str) -> None:
    """The message has the variable and the kind, and no password."""
    environment.setenv(name, "socks5h://ada:secret@proxy.test:1080")
    with pytest.raises(ConfigurationError, match=rf"^{name.upper()} is a socks5h proxy: only http://") as refused:
        proxy_for("https://api.example")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        "http://",
        "http:proxy.test:3128",
        "http://proxy.test:port",
        "PROXY proxy.test:3128",
        "http://proxy.test:3128 # ours",
        "http://ada:sec#ret@proxy.test:3128",
        "http://corp\\ada:sec@ret@proxy.test:3128",
    ],
)
def test_a_proxy_with_an_invalid_address_is_an_error(environment: pytest.MonkeyPatch, written: str) -> None:
    """The message says how to write it, and has no password."""
    environment.setenv("HTTPS_PROXY", written)
    with pytest.raises(ConfigurationError, match=r"^HTTPS_PROXY has no valid host and port: write http://") as refused:
        proxy_for("https://api.example")

    assert "ada" not in str(refused.value)


@pytest.mark.parametrize("written", ["http://ada:p%40ss@proxy.test:3128", "http://[fd00::1]:3128", "[fd00::1]:3128"])
def test_a_proxy_may_have_a_password_or_an_ipv6_address(environment: pytest.MonkeyPatch, written: str) -> None:
    """Password and address are used as written, with the scheme."""
    environment.setenv("HTTPS_PROXY", written)

    assert proxy_for("wss://api.example") == f"http://{written.removeprefix('http://')}"


async def test_rest_calls_and_websockets_use_the_proxy(environment: pytest.MonkeyPatch) -> None:
    """Calls and WebSockets send the proxy's user and password."""
    async with RecordingProxy().running() as proxy, client_session() as http:
        address = proxy.url.replace("http://", "http://ada:secret@")
        environment.setenv("HTTP_PROXY", address)
        environment.setenv("HTTPS_PROXY", address)
        service = LiveAvatarAPI(http, api_key="key", api_url="https://vendor.test", attempts=1)
        with pytest.raises(ConnectionLost):
            await service.credits_left()
        with pytest.raises(aiohttp.ClientError):
            await http.ws_connect("wss://socket.test/ws")

    authorization = "Proxy-Authorization: Basic YWRhOnNlY3JldA=="
    assert proxy.seen == [
        "CONNECT vendor.test:443 HTTP/1.1",
        authorization,
        "CONNECT socket.test:443 HTTP/1.1",
        authorization,
    ]


async def test_rest_calls_use_the_proxy_with_an_own_http_session_too(environment: pytest.MonkeyPatch) -> None:
    """A session of aiohttp uses no proxy by itself."""
    async with RecordingProxy().running() as proxy, aiohttp.ClientSession() as http:
        environment.setenv("HTTPS_PROXY", proxy.url)
        service = LiveAvatarAPI(http, api_key="key", api_url="https://vendor.test", attempts=1)
        with pytest.raises(ConnectionLost):
            await service.credits_left()

    assert proxy.seen == ["CONNECT vendor.test:443 HTTP/1.1"]


async def test_loopback_is_reached_directly(environment: pytest.MonkeyPatch) -> None:
    """A WebSocket to a server on this machine does not use the proxy."""
    async with RecordingProxy().running() as proxy, RecordingProxy().running() as ours, client_session() as http:
        environment.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(ours.url.replace("http", "ws") + "/rtc")

    assert (proxy.seen, ours.seen) == ([], ["GET /rtc HTTP/1.1"])


async def test_a_proxy_of_the_job_replaces_the_environments(environment: pytest.MonkeyPatch) -> None:
    """A proxy given to `AgentServer(http_proxy=...)` is used; the environment's is not."""
    async with RecordingProxy().running() as of_job, RecordingProxy().running() as ours:
        environment.setenv("HTTP_PROXY", ours.url)
        environment.setenv("HTTPS_PROXY", OTHER)
        for proxy in (of_job.url, OTHER):
            with in_job(proxy):
                async with client_session() as http, http.get("http://vendor.test/"):
                    pass

    assert (of_job.seen, ours.seen) == (["GET http://vendor.test/ HTTP/1.1"], ["GET http://vendor.test/ HTTP/1.1"])
