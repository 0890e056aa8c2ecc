"""Shared fixtures, and the real parts of a call: a LiveKit server and the stand-ins, each in a process."""

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

# Examples have no deadline: a busy machine must not fail a property. A check always draws the same ones, so that its
# verdict depends on the code alone; `make test-long` searches for others.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("check", settings.get_profile("search"), derandomize=True)
settings.load_profile("check")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the calls of the tests take place in rooms of LiveAvatar's."""
    parser.addoption(
        "--room-owner", choices=["ours", "liveavatar"], default="ours", help="owner of the rooms of the calls"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start without an event loop: the default one would never be closed, and an unclosed resource fails a test."""
    asyncio.set_event_loop(None)
    config.addinivalue_line("markers", "ours(reason): does not apply to rooms of LiveAvatar's, and is deselected there")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect tests that have no meaning in the chosen rooms."""
    if config.getoption("--room-owner") == "ours":
        return
    left_out = [item for item in items if item.get_closest_marker("ours")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of the processes' logs."""
    return tmp_path_factory.mktemp("logs")


# These calls do not test the habits of LiveAvatar.
FAST = ("--fast", "--habit", "speech_starts_after=0.2")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def livekit_server(logs: Path) -> AsyncIterator[LiveKitServer]:
    """Yield a LiveKit server on loopback."""
    async with LiveKitServer(log_dir=logs, metrics_port=free_port()) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(livekit_server: LiveKitServer, logs: Path, pytestconfig: pytest.Config) -> AsyncIterator[Stage]:
    """Yield all that a call needs except the worker; LiveAvatar's stand-in opens rooms on the same LiveKit server."""
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
    """Yield the outcomes of the faults, written at the end to the file that RELIABILITY_ROWS names, if any."""
    rows: list[Row] = []
    yield rows
    if path := os.environ.get("RELIABILITY_ROWS"):
        write_rows(rows, Path(path))
