"""What tests have in common, and the real parts of a call: a LiveKit server and the stand-ins, each a process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running
from tests.e2e.stage import ROOT, START, Stage
from tests.reliability import Row, write_rows


def pytest_configure() -> None:
    """Start without an event loop: the default one would never be closed, and an unclosed resource fails a test."""
    asyncio.set_event_loop(None)


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes log."""
    return tmp_path_factory.mktemp("logs")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def livekit_server(logs: Path) -> AsyncIterator[LiveKitServer]:
    """A LiveKit server on loopback."""
    async with LiveKitServer(log_dir=logs) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(livekit_server: LiveKitServer, logs: Path) -> AsyncIterator[Stage]:
    """Everything that a call needs but the worker."""
    port = free_port()
    command = [sys.executable, "-m", "simulators", "--port", str(port)]
    async with running("stand-ins", command, log=logs / "stand-ins.log", cwd=ROOT) as child:
        url = f"http://127.0.0.1:{port}"
        await child.wait_until(lambda: answers(url), START)
        yield Stage(livekit_server, url, logs)


@pytest.fixture(scope="session")
def reliability() -> Iterator[list[Row]]:
    """What becomes of each fault; kept in the file that RELIABILITY_ROWS names, if it does."""
    rows: list[Row] = []
    yield rows
    if path := os.environ.get("RELIABILITY_ROWS"):
        write_rows(rows, Path(path))
