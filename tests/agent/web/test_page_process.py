"""The page's process: `python agent.py web`, as the worker starts it and by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.process.readiness import Readiness
from agent.web.page_process import page_process
from demo.processes import free_port
from tests.agent.process.test_readiness import IdleServer
from tests.agent.web.web_fakes import LIVEKIT, ListedRooms, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]
STARTS = 50.0
IDLE = 1100


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """A free port, and the environment of a worker whose page is there."""
    port = free_port()
    for name, value in LIVEKIT.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("WEB_PORT", str(port))
    monkeypatch.setattr("sys.argv", [str(ROOT / "agent.py"), "start"])
    return port


@asynccontextmanager
async def page(server: IdleServer, port: int, rooms: ListedRooms | None = None, **values: Any) -> AsyncIterator[None]:
    """The page of a worker, which answers."""
    wanted = settings(web_port=port, **values)
    readiness = Readiness(server, is_registered=True)
    async with page_process(wanted, readiness, rooms, dev=False, log_level="INFO"):
        await health(port)
        yield


async def health(port: int) -> tuple[int, Any]:
    """Wait for an answer to a health check."""
    async with asyncio.timeout(STARTS), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with http.get(f"http://127.0.0.1:{port}/healthz", timeout=aiohttp.ClientTimeout(2)) as answer:
                    return answer.status, await answer.json()
            await asyncio.sleep(0.1)


def children() -> list[int]:
    """The processes that this one has started and that live."""
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


async def test_the_page_tells_the_workers_state(port: int) -> None:
    """And it is gone when the worker is."""
    server = IdleServer()
    async with page(server, port):
        answers = [await health(port)]
        server.register()
        answers.append(await health(port))
        pids = children()
    left = children()

    assert answers == [(503, {"status": "starting", "calls": 0}), (200, {"status": "ok", "calls": 0})]
    assert (len(pids), left) == (1, [])


async def test_a_page_that_is_killed_comes_back(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """The worker keeps the port, so callers who come in between wait for an answer."""
    server = IdleServer()
    async with page(server, port):
        server.register()
        [killed] = children()
        os.kill(killed, signal.SIGKILL)
        assert (await health(port))[0] == 200
        assert killed not in children()

    assert "the page's process has ended, and is started again" in caplog.text


async def test_callers_of_liveavatars_rooms_are_let_in_by_the_worker(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It opens the rooms in which it starts its jobs."""
    monkeypatch.setenv("ROOM_OWNER", "liveavatar")
    server, rooms = IdleServer(), ListedRooms()
    async with page(server, port, rooms, room_owner="liveavatar"), aiohttp.ClientSession() as http:
        server.register()
        async with http.post(f"http://127.0.0.1:{port}/api/call", json={"name": "Ada"}) as answer:
            token = (await answer.json())["token"]

    assert (token, rooms.names) == ("a-token", ["Ada"])


async def test_idle_connections_don_t_touch_the_worker(port: int) -> None:
    """1,100 of them would take all files that a process may open: its health, its journal and its log need some."""
    server = IdleServer()
    async with page(server, port):
        server.register()
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - not paths
        flood = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", FLOOD, str(port), str(IDLE)), stdout=asyncio.subprocess.PIPE
        )
        assert flood.stdout is not None
        opened = int(await flood.stdout.readline())
        [pid] = [pid for pid in children() if pid != flood.pid]
        of_page = len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - not paths
        answer = await health(port)
        of_worker = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - not paths
        flood.kill()
        await flood.communicate()

    assert opened == IDLE
    assert of_page < 150, "64 connections of one client"
    assert of_worker - before < 10
    assert answer[0] == 200


# Connects as often as it is told, says how often, and keeps what it gets.
FLOOD = """
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
at, source = ("127.0.0.1", int(sys.argv[1])), ("127.0.0.2", 0)
kept = [socket.create_connection(at, source_address=source) for _ in range(int(sys.argv[2]))]
print(len(kept), flush=True)
time.sleep(60)
"""


async def test_the_page_runs_without_a_worker(port: int) -> None:
    """As a deployment of its own, with LiveKit's keys alone; SIGTERM ends it."""
    process = await asyncio.create_subprocess_exec(*(sys.executable, str(ROOT / "agent.py"), "web"))
    try:
        answer = await health(port)
        process.terminate()
        status = await asyncio.wait_for(process.wait(), 10)
    finally:
        with suppress(ProcessLookupError):
            process.kill()

    assert answer == (200, {"status": "ok", "calls": 0})
    assert status == 0


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"ROOM_OWNER": "liveavatar"}, "set WEB_PORT for `start` instead"),
        ({"LIVEKIT_URL": ""}, "LIVEKIT_URL is missing"),
        ({"WEB_HOST": "0.0.0.0"}, "WEB_SECRET is missing"),  # noqa: S104 - what is tried here
    ],
)
async def test_a_page_that_could_not_let_anybody_in_does_not_start(
    port: int, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], message: str
) -> None:
    """It says which setting is in the way."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "agent.py"), "web"), stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()

    assert process.returncode == 1
    assert message in told.decode()
    assert "Traceback" not in told.decode()
