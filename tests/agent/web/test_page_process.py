"""The page's process: `python agent.py web`, started by the worker or alone."""

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
from agent.rooms.own import OwnRooms
from agent.settings import SettingsError
from agent.web import command
from agent.web.page_process import page_process
from agent.web.worker_link import AnyWorker, WorkerLink
from avatar.sessions.journal import SessionJournal
from demo.processes import free_port
from tests.agent.process.test_readiness import IdleServer
from tests.agent.web.web_fakes import LIVEKIT, settings
from tests.avatar.fakes import KEY
from tests.avatar.hosting import Hosting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]
STARTS = 110.0
IDLE = 1100


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """Return a free port, and set the environment of a worker whose page is there."""
    port = free_port()
    for name, value in LIVEKIT.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("WEB_PORT", str(port))
    monkeypatch.setattr("sys.argv", [str(ROOT / "agent.py"), "start"])
    return port


@asynccontextmanager
async def page(server: IdleServer, port: int) -> AsyncIterator[None]:
    """Run the page of a worker, and wait until it answers."""
    wanted = settings(web_port=port)
    readiness = Readiness(server, is_registered=True)
    async with page_process(wanted, readiness, None, dev=False, log_level="INFO"):
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
    """Return the living page processes that this process started; other tests may have started others."""
    started = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in started if b"web" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]


@pytest.mark.timeout(280)
async def test_the_page_process_runs_as_long_as_its_worker(port: int, caplog: pytest.LogCaptureFixture) -> None:
    """The page process reports the worker's state, does not disturb the worker, and is restarted when it is killed.

    1,100 idle connections would use up the files that a process may open, and the worker needs some for its health
    check, journal and log. The worker keeps the port, so callers wait for an answer while the page is restarted.
    """
    server = IdleServer()
    async with page(server, port):
        answers = [await health(port)]
        server.register()
        answers.append(await health(port))
        [first] = children()
        of_worker = files(os.getpid())
        async with flood(port) as opened:
            of_page, more = files(first), files(os.getpid()) - of_worker
            answers.append(await health(port))
        os.kill(first, signal.SIGKILL)
        answers.append(await health(port))
        [second] = children()
    left = children()

    good = (200, {"status": "ok", "calls": 0})
    assert answers == [(503, {"status": "starting", "calls": 0}), good, good, good]
    assert opened == IDLE
    assert of_page < 512, "64 connections of one client, and two backlogs of 128 that are being refused"
    assert more < 10
    assert first != second
    assert left == []
    assert "the page's process has ended, and is restarted" in caplog.text


def files(pid: int) -> int:
    """Return how many files a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - not paths


@asynccontextmanager
async def flood(port: int) -> AsyncIterator[int]:
    """Open idle connections from another process, and yield their number."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FLOOD, str(port), str(IDLE)), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.communicate()


# Opens as many connections as it is told, prints their number, and keeps them.
FLOOD = """
import resource, socket, sys, time
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
at, source = ("127.0.0.1", int(sys.argv[1])), ("127.0.0.2", 0)
kept = [socket.create_connection(at, source_address=source) for _ in range(int(sys.argv[2]))]
print(len(kept), flush=True)
time.sleep(60)
"""


@pytest.mark.timeout(180)
async def test_the_page_runs_without_a_worker(port: int) -> None:
    """A separate deployment needs only LiveKit's keys; SIGTERM ends it."""
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


@pytest.mark.timeout(180)
async def test_a_page_without_a_worker_stops_a_killed_pages_sessions(
    port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts sessions for renderers itself, and there is no worker to sweep them."""
    service, journal = Hosting(), SessionJournal(tmp_path / "state")
    async with service.running_server() as url:
        journal.add("s-1", api_url=url)
        journal.mark_started("s-1", 600)
        # The kernel releases the locks of a killed process in the same way.
        journal.disown()
        for name, value in {"API_KEY": KEY, "API_URL": url}.items():
            monkeypatch.setenv(f"LIVEAVATAR_{name}", value)
        monkeypatch.setenv("STATE_DIR", str(journal.directory))
        process = await asyncio.create_subprocess_exec(*(sys.executable, str(ROOT / "agent.py"), "web"))
        try:
            await health(port)
            async with asyncio.timeout(60):
                while journal.entries():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
        finally:
            process.kill()
            await process.wait()
        assert service.called("stop")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"room_owner": "liveavatar"}, "set WEB_PORT for `start` instead"),
        ({"livekit_url": ""}, "LIVEKIT_URL is missing"),
        ({"web_host": "0.0.0.0"}, "WEB_SECRET is missing"),  # noqa: S104 - the case under test
        ({"port": 8080}, "WEB_SECRET is missing"),  # a platform's requests come from outside
    ],
)
def test_a_page_that_could_let_no_caller_in_does_not_start(values: dict[str, Any], message: str) -> None:
    """The error names the setting."""
    with pytest.raises(SettingsError, match=message):
        command._open(settings(**values))


async def test_liveavatars_rooms_are_the_workers() -> None:
    """In LiveAvatar's rooms the worker serves the page, since it opens the rooms in which it starts jobs."""
    async with aiohttp.ClientSession() as http:
        link = WorkerLink(http)

        assert command._rooms(settings(room_owner="liveavatar"), link) is link
        assert isinstance(command._rooms(settings(), link), OwnRooms)
        assert isinstance(command._rooms(settings(), AnyWorker()), OwnRooms)
