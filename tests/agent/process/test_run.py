"""Running a worker: what ends it, and how."""

import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit.agents import AgentServer, JobContext

from agent.process.run import WorkerError, run_worker


async def entrypoint(ctx: JobContext) -> None:
    """A job that is never given."""


class Server(AgentServer):
    """A worker that signals itself as soon as it runs, and remembers how it was ended."""

    def __init__(self, *numbers: int, port: int = 0, max_retry: int = 16, keys: str = "key") -> None:
        super().__init__(
            ws_url="ws://127.0.0.1:1",
            api_key=keys,
            api_secret=keys,
            host="127.0.0.1",
            port=port,
            max_retry=max_retry,
            num_idle_processes=0,
        )
        self.rtc_session(entrypoint)
        self.ended: list[str] = []
        self._numbers = numbers
        self.on("worker_started", self._signal)

    def _signal(self) -> None:
        for number in self._numbers:
            os.kill(os.getpid(), number)

    async def drain(self, timeout: object = None) -> None:  # noqa: ASYNC109 - the framework's signature
        self.ended.append("drained")

    async def aclose(self) -> None:
        self.ended.append("closed")
        await super().aclose()


@pytest.mark.parametrize(
    ("number", "dev", "ended"),
    [
        (signal.SIGTERM, False, ["drained", "closed"]),
        (signal.SIGINT, False, ["drained", "closed"]),
        (signal.SIGINT, True, ["drained", "closed"]),
        (signal.SIGTERM, True, ["closed"]),
    ],
)
def test_a_signal_lets_calls_end_but_for_a_reload(number: int, dev: bool, ended: list[str]) -> None:
    """SIGTERM and Ctrl-C drain; in development SIGTERM, which a reload sends, does not wait."""
    server = Server(number)
    run_worker(server, dev=dev, drain_timeout=1)

    assert server.ended == ended


def test_no_time_to_drain_is_no_drain() -> None:
    """Calls are cut off at once; the framework would wait for them without an end."""
    server = Server(signal.SIGTERM)
    run_worker(server, dev=False, drain_timeout=0)

    assert server.ended == ["closed"]


def test_what_runs_beside_the_worker_outlasts_its_jobs() -> None:
    """It is entered before the worker takes calls, and left when the worker is closed."""
    server = Server(signal.SIGTERM)

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        server.ended.append("entered")
        yield
        server.ended.append("left")

    run_worker(server, dev=False, drain_timeout=1, beside=beside())

    assert server.ended == ["entered", "drained", "closed", "left"]


def test_a_port_in_use_is_told() -> None:
    """A worker whose port for health checks is taken names the setting, the port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(port=port)
        with pytest.raises(WorkerError, match=f"WORKER_PORT={port} can't be opened.*Choose another port"):
            run_worker(server, dev=False, drain_timeout=1, port=port)
    assert server._http_server is not None
    asyncio.run(server._http_server.aclose())  # the framework leaves it to the end of the process


def test_a_machine_without_a_temporary_directory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only file system without a writable /tmp, where no job process could start."""

    def none() -> str:
        message = "No usable temporary directory found"
        raise FileNotFoundError(message)

    monkeypatch.setattr(tempfile, "gettempdir", none)
    server = Server()
    with pytest.raises(WorkerError, match="mount one at /tmp, or set TMPDIR"):
        run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == []


def test_livekit_that_stays_away_ends_the_worker() -> None:
    """After the framework's attempts the worker says what to look at."""
    server = Server(max_retry=0)
    with pytest.raises(WorkerError, match="is LIVEKIT_URL right"):
        run_worker(server, dev=True, drain_timeout=1)

    assert server.ended == ["closed"]


def test_a_worker_that_livekit_does_not_know_needs_no_server(caplog: pytest.LogCaptureFixture) -> None:
    """An address without keys, as the example of the settings has it, is left alone; that it is ready is said."""
    caplog.set_level(logging.INFO)
    server = Server(signal.SIGTERM, keys="")
    run_worker(server, dev=False, drain_timeout=1, is_registered=False)

    assert server.ended == ["drained", "closed"]
    assert [record for record in caplog.records if record.getMessage() == "ready for callers"]
