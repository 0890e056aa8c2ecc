"""What tests have in common, and the real parts of a call: a LiveKit server and the stand-ins, each a process."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings

from demo.livekit_server import LiveKitServer
from demo.processes import answers, free_port, running
from tests.e2e.stage import ROOT, START, Stage
from tests.reliability import Row, write_rows

# A busy machine is no fault of a property: an example may take as long as it takes.
settings.register_profile("without time", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("without time")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the calls of the tests take place in rooms of LiveAvatar's."""
    parser.addoption(
        "--room-owner", choices=["ours", "liveavatar"], default="ours", help="whose rooms the calls are in"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start without an event loop: the default one would never be closed, and an unclosed resource fails a test."""
    asyncio.set_event_loop(None)
    config.addinivalue_line("markers", "ours(reason): has no meaning in a room of LiveAvatar's, and is left out there")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has no meaning in the rooms that were asked for."""
    if config.getoption("--room-owner") == "ours":
        return
    left_out = [item for item in items if item.get_closest_marker("ours")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes log."""
    return tmp_path_factory.mktemp("logs")


# These calls test something else than the habits of LiveAvatar.
FAST = ("--fast", "--habit", "speech_starts_after=0.2")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def livekit_server(logs: Path) -> AsyncIterator[LiveKitServer]:
    """A LiveKit server on loopback."""
    async with LiveKitServer(log_dir=logs, metrics_port=free_port()) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(livekit_server: LiveKitServer, logs: Path, pytestconfig: pytest.Config) -> AsyncIterator[Stage]:
    """Everything that a call needs but the worker; LiveAvatar's stand-in opens its rooms on the same LiveKit server."""
    port = free_port()
    command = [sys.executable, "-m", "simulators", "--port", str(port), "--hosted-rooms", *FAST]
    env = {
        "LIVEKIT_URL": livekit_server.url,
        "LIVEKIT_API_KEY": livekit_server.api_key,
        "LIVEKIT_API_SECRET": livekit_server.api_secret,
    }
    async with running("stand-ins", command, log=logs / "stand-ins.log", env=env, cwd=ROOT) as child:
        url = f"http://127.0.0.1:{port}"
        await child.wait_until(lambda: answers(url), START)
        yield Stage(livekit_server, url, logs, pytestconfig.getoption("--room-owner"))


@pytest.fixture(scope="session")
def reliability() -> Iterator[list[Row]]:
    """The outcome of each fault, kept in the file that RELIABILITY_ROWS names, if any."""
    rows: list[Row] = []
    yield rows
    if path := os.environ.get("RELIABILITY_ROWS"):
        write_rows(rows, Path(path))
