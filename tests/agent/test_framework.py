"""What the product uses of livekit-agents beyond its public interface, checked against the installed version."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import pytest
from aiohttp import web
from livekit import rtc
from livekit.agents import AgentServer, JobContext, JobExecutorType, JobProcess
from livekit.agents.ipc.proc_pool import ProcPool
from livekit.agents.job import JobAcceptArguments, RunningJobInfo
from livekit.agents.utils import http_context
from livekit.protocol import agent, models
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from agent.framework import (
    METRICS_DIRECTORY,
    FullError,
    JobServer,
    plugin_http_session,
    set_job_url,
    tls_context,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHANGED = f"livekit-agents {version('livekit-agents')} changed what agent/framework.py relies on: "
CHANGED = f"livekit-agents {version('livekit-agents')} changed what agent/framework.py relies on: "

# Private methods of `AgentServer` that the product calls, with their parameters.
METHODS = {
    "_connection_task": [],
    "_is_available": [],
    "_refresh_worker_load": [],
    "_queue_msg": ["msg"],
}

# Private attributes of a running `AgentServer` that the product reads or changes.
STATE = {
    "_closed": bool,
    "_connecting": bool,
    "_connection_failed": bool,
    "_max_retry": int,
    "_conn_task": asyncio.Task | None,
    "_job_lifecycle_tasks": set,
    "_reserved_slots": int,
    "_proc_pool": ProcPool,
    "_http_proxy": str,
    "_ws_url": str,
}


class UnreachableRoom(rtc.EventEmitter[str]):
    """A room that records the addresses it is to connect to."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    async def connect(self, url: str, token: str, options: rtc.RoomOptions) -> None:
        self.urls.append(url)
        message = "unreachable"
        raise rtc.ConnectError(message)


class RefusingServer:
    """A server that counts requests, and refuses each."""

    def __init__(self) -> None:
        self.requests = 0
        self.url = ""
        self.asked = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RefusingServer]:
        server = await asyncio.start_server(self._refuse, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        self.asked.set()
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()


async def nothing(ctx: JobContext) -> None:
    """Run a job that ends at once."""


@asynccontextmanager
async def running(server: JobServer, *, devmode: bool = True) -> AsyncIterator[None]:
    """Run a server without LiveKit; its jobs are threads, which start at once."""
    started = asyncio.Event()
    server.on("worker_started", started.set)
    task = asyncio.create_task(server.run(unregistered=True, devmode=devmode))
    await started.wait()
    try:
        yield
    finally:
        await server.aclose()
        await task


def a_server(entrypoint: Any = None, *, max_calls: int = 0) -> JobServer:
    """Make a server that has not started."""
    server = JobServer(
        ws_url="",
        host="127.0.0.1",
        port=0,
        num_idle_processes=0,
        job_executor_type=JobExecutorType.THREAD,
        max_calls=max_calls,
    )
    server.rtc_session(entrypoint or nothing)
    return server


def a_job(room: str = "a-room") -> RunningJobInfo:
    """Make a job that LiveKit has not assigned."""
    return RunningJobInfo(
        accept_arguments=JobAcceptArguments(name="", identity="agent", metadata=""),
        job=agent.Job(id="job-1", type=agent.JobType.JT_ROOM, room=models.Room(name=room)),
        url="",
        token="",
        worker_id="a-worker",
        fake_job=False,
    )


@pytest.mark.parametrize(("name", "parameters"), METHODS.items())
def test_the_framework_has_the_methods_that_are_called(name: str, parameters: list[str]) -> None:
    """A renamed method, or one with other parameters, is reported by name."""
    method = getattr(AgentServer, name, None)

    assert callable(method), f"{CHANGED}AgentServer.{name} is gone"
    assert list(inspect.signature(method).parameters)[1:] == parameters, f"{CHANGED}AgentServer.{name}"


async def test_the_framework_keeps_the_state_that_is_read() -> None:
    """A renamed attribute, or one of another type, is reported by name."""
    server = a_server()
    async with running(server):
        for name, kind in STATE.items():
            assert hasattr(server, name), f"{CHANGED}AgentServer.{name} is gone"
            assert isinstance(getattr(server, name), kind), f"{CHANGED}AgentServer.{name} is no {kind}"


async def test_a_server_says_whether_it_runs() -> None:
    """A server does not run before `run` nor after `aclose`."""
    server = a_server()
    states = [server.is_running]
    async with running(server):
        states.append(server.is_running)
    states.append(server.is_running)

    assert states == [False, True, False], f"{CHANGED}AgentServer._closed"


async def test_a_server_without_an_answer_from_livekit_is_connecting() -> None:
    """This holds from the first attempt; a server without LiveKit is never connecting."""
    connecting = JobServer(
        ws_url="ws://127.0.0.1:1", api_key="key", api_secret="secret", host="127.0.0.1", port=0, num_idle_processes=0
    )
    connecting.rtc_session(nothing)
    started = asyncio.Event()
    connecting.on("worker_started", started.set)
    task = asyncio.create_task(connecting.run(devmode=True))
    await started.wait()
    await asyncio.sleep(0)
    was_connecting = connecting.is_connecting
    await connecting.aclose()
    await task
    alone = a_server()
    async with running(alone):
        assert not alone.is_connecting, f"{CHANGED}AgentServer._connecting"
    assert was_connecting, f"{CHANGED}AgentServer._connecting"


async def test_a_server_is_available_only_below_its_load_limit() -> None:
    """The load is the one measured last; a reserved slot counts as load."""
    load = 0.1
    server = a_server()
    server.update_options(load_threshold=0.7, num_idle_processes=2)
    server.load_fnc = lambda: load
    async with running(server):
        async with server.slot():
            was_available = server.is_available
            async with server.slot():
                was_available_twice = server.is_available
        load = 0.9
        with pytest.raises(FullError):
            async with server.slot():
                pass

    assert (was_available, was_available_twice) == (True, False), f"{CHANGED}AgentServer._is_available"


async def test_a_launched_job_runs_and_releases_its_slot() -> None:
    """The entry point gets the job, and no slot stays reserved."""
    begun: asyncio.Queue[JobContext] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def entrypoint(ctx: JobContext) -> None:
        loop.call_soon_threadsafe(begun.put_nowait, ctx)

    server = a_server(entrypoint)
    async with running(server):
        async with server.slot():
            await server.launch(a_job())
        ctx = await asyncio.wait_for(begun.get(), 10)
        active = [job.job.room.name for job in server.active_jobs]
        ctx.shutdown()

    assert (ctx.job.room.name, active) == ("a-room", ["a-room"]), f"{CHANGED}ProcPool.launch_job"
    assert server._reserved_slots == 0, f"{CHANGED}AgentServer._reserved_slots"


class NoLiveKit:
    """An HTTP session that never reaches LiveKit, or is refused by it."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.attempts_at: list[float] = []

    async def ws_connect(self, *_: object, **__: object) -> None:
        self.attempts_at.append(asyncio.get_running_loop().time())
        raise self.error


@pytest.mark.looptime
async def test_a_worker_tries_to_reach_livekit_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework would give up after 130 s and end every call; here it still tries after three hours."""
    delays: list[tuple[float, float]] = []

    def longest(low: float, high: float) -> float:
        delays.append((low, high))
        return high

    monkeypatch.setattr("agent.framework.random.uniform", longest)
    server, livekit = a_connecting_server(aiohttp.ClientConnectionError("away"))
    trying = asyncio.create_task(server._connection_task())
    await asyncio.sleep(3 * 3600)

    assert not trying.done(), f"{CHANGED}AgentServer._connection_task"
    assert delays[:6] == [(0.0, 1.0), (0.0, 2.0), (0.0, 4.0), (0.0, 8.0), (0.0, 10.0), (0.0, 10.0)]
    assert len(livekit.attempts_at) > 1000
    assert (server._connection_failed, server.is_connecting, server.are_keys_refused) == (False, True, False)
    trying.cancel()


@pytest.mark.looptime
@pytest.mark.parametrize(("status", "refused"), [(401, True), (503, False)])
async def test_refused_keys_are_logged(status: int, refused: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The log names them without the framework's traceback; another status of LiveKit's is not a refusal."""
    info = aiohttp.RequestInfo(URL("ws://livekit/agent"), "GET", CIMultiDictProxy(CIMultiDict()))
    server, _ = a_connecting_server(aiohttp.WSServerHandshakeError(info, (), status=status))
    trying = asyncio.create_task(server._connection_task())
    await asyncio.sleep(1)
    trying.cancel()

    assert server.are_keys_refused is refused
    assert ("LIVEKIT_API_KEY" in caplog.text, "Traceback" in caplog.text) == (refused, False)


def a_connecting_server(error: Exception) -> tuple[JobServer, NoLiveKit]:
    """Make a server in the state in which it connects."""
    server = JobServer(ws_url="ws://livekit", api_key="key", api_secret="secret-of-at-least-thirty-two-characters")
    livekit = NoLiveKit(error)
    server._http_session, server._closed = livekit, False  # type: ignore[assignment] # as far as it is used
    return server, livekit


async def test_routes_are_added_to_the_health_check() -> None:
    """The framework's own routes stay."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="ready")

    server = a_server()
    server.add_routes(web.get("/readyz", answer))
    async with running(server), aiohttp.ClientSession() as http:
        assert server._http_server is not None
        url = f"http://127.0.0.1:{server._http_server.port}"
        async with http.get(f"{url}/readyz") as ready, http.get(url) as health:
            assert (await ready.text(), await health.text()) == ("ready", "OK"), f"{CHANGED}AgentServer._http_server"


async def test_earlier_counts_of_other_processes_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework empties the folder of the metrics, so jobs get a folder below the page process's."""
    monkeypatch.setenv(METRICS_DIRECTORY, str(tmp_path))
    counted = tmp_path / "counter_1.db"
    counted.touch()
    async with running(a_server()):
        jobs = os.environ[METRICS_DIRECTORY]
        assert counted.exists(), f"{CHANGED}AgentServer._prometheus_multiproc_dir"
        assert jobs == str(tmp_path / "jobs")


async def test_a_server_accepts_no_more_calls_than_its_limit() -> None:
    """Reserved slots count, also in development, where the framework has no limit."""
    server = a_server(max_calls=2)
    async with running(server), server.slot(), server.slot():
        with pytest.raises(FullError):
            async with server.slot():
                pass
        assert not server.is_available


async def test_a_job_joins_at_the_address_that_was_set() -> None:
    """`ctx.connect()` uses it."""
    room = UnreachableRoom()
    ctx = JobContext(
        proc=JobProcess(executor_type=JobExecutorType.THREAD, user_arguments=None, http_proxy=None),
        info=a_job(),
        room=cast("rtc.Room", room),
        on_connect=lambda: None,
        on_shutdown=lambda _: None,
        inference_executor=None,  # type: ignore[arg-type]  # not asked
    )
    set_job_url(ctx, "wss://theirs.example")
    with pytest.raises(rtc.ConnectError):
        await ctx.connect()
    await ctx._on_cleanup()

    assert room.urls == ["wss://theirs.example"], f"{CHANGED}JobContext._info"


async def test_the_connection_to_livekit_follows_the_rule_for_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework would use HTTPS_PROXY, regardless of NO_PROXY and of the URL's scheme."""
    async with RefusingServer().running() as proxy, RefusingServer().running() as livekit:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        server = JobServer(
            ws_url=livekit.url.replace("http", "ws"),
            api_key="key",
            api_secret="secret-of-at-least-thirty-two-characters",
            host="127.0.0.1",
            port=0,
            num_idle_processes=0,
        )
        server.rtc_session(nothing)
        task = asyncio.create_task(server.run(devmode=True))
        await asyncio.wait_for(livekit.asked.wait(), 10)
        await server.aclose()
        await task

    assert proxy.requests == 0, f"{CHANGED}AgentServer._http_proxy"


@pytest.mark.parametrize(("no_proxy", "seen"), [("", 1), ("vendor.test", 0)])
async def test_plugins_share_a_session_that_follows_the_rule_for_proxies(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, seen: int
) -> None:
    """This also holds in a task that begins later; the framework's own session would ignore NO_PROXY."""
    async with RefusingServer().running() as proxy, plugin_http_session() as session:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, no_proxy)
        shared = await asyncio.create_task(_plugins_session())
        with contextlib.suppress(aiohttp.ClientError):
            await shared.get("http://vendor.test/")

    assert shared is session, f"{CHANGED}utils.http_context._ContextVar"
    assert proxy.requests == seen


async def test_certificates_are_loaded_once() -> None:
    """A job's session uses the certificates that were loaded before."""
    tls_context()
    async with plugin_http_session() as session:
        assert isinstance(session.connector, aiohttp.TCPConnector)
        assert session.connector._ssl is http_context._create_ssl_context(), f"{CHANGED}_create_ssl_context"


async def _plugins_session() -> aiohttp.ClientSession:
    return http_context.http_session()
