"""Running a worker: how it ends on each signal, and why it may not start."""

import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit.agents import AgentServer, JobContext

from agent.process.run import WorkerError, run_worker


async def entrypoint(ctx: JobContext) -> None:
    """Run a job; no job is ever assigned."""


class Server(AgentServer):
    """A worker that signals itself as soon as it runs, and records how it ended."""

    def __init__(self, *numbers: int, port: int = 0, keys: str = "key") -> None:
        super().__init__(
            ws_url="ws://127.0.0.1:1",
            api_key=keys,
            api_secret=keys,
            host="127.0.0.1",
            port=port,
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
def test_a_signal_lets_calls_end_except_in_a_reload(number: int, dev: bool, ended: list[str]) -> None:
    """SIGTERM and Ctrl-C drain; in development SIGTERM, which a reload sends, does not wait."""
    server = Server(number)
    run_worker(server, dev=dev, drain_timeout=1)

    assert server.ended == ended


def test_without_time_there_is_no_drain() -> None:
    """Calls are cut off at once; the framework would wait for them without a limit."""
    server = Server(signal.SIGTERM)
    run_worker(server, dev=False, drain_timeout=0)

    assert server.ended == ["closed"]


def test_background_services_outlast_the_jobs() -> None:
    """They start before the worker takes calls, and end after it is closed."""
    server = Server(signal.SIGTERM)

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        server.ended.append("entered")
        yield
        server.ended.append("left")

    run_worker(server, dev=False, drain_timeout=1, beside=beside())

    assert server.ended == ["entered", "drained", "closed", "left"]


def test_a_port_in_use_is_reported() -> None:
    """The error names the setting of the health port, the port, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = Server(port=port)
        with pytest.raises(WorkerError, match=f"WORKER_PORT={port} can't be opened.*Choose another port"):
            run_worker(server, dev=False, drain_timeout=1, port=port)
    assert server._http_server is not None
    # The framework leaves it open until the process ends.
    asyncio.run(server._http_server.aclose())


def test_a_machine_without_a_temporary_directory_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a read-only file system without a writable /tmp no job process could start."""

    def none() -> str:
        message = "No usable temporary directory found"
        raise FileNotFoundError(message)

    monkeypatch.setattr(tempfile, "gettempdir", none)
    server = Server()
    with pytest.raises(WorkerError, match="mount one at /tmp, or set TMPDIR"):
        run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == []


def test_a_signal_before_the_worker_starts_ends_it() -> None:
    """Background services start and end, and the worker never starts."""
    server = Server()

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        os.kill(os.getpid(), signal.SIGTERM)
        # The event loop handles the signal meanwhile.
        await asyncio.sleep(0.1)
        yield
        server.ended.append("left")

    run_worker(server, dev=False, drain_timeout=1, beside=beside())

    assert server.ended == ["left"]


class StartingServer(Server):
    """A worker that is signalled while it starts."""

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        # The event loop handles the signal meanwhile.
        await asyncio.sleep(0.1)
        await super().run(devmode=devmode, unregistered=unregistered)


def test_a_signal_while_the_worker_starts_ends_it_in_order() -> None:
    """The framework can only drain and close a worker that has started."""
    server = StartingServer()
    run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == ["drained", "closed"]


class BusyServer(Server):
    """A worker whose calls end one by one while it drains; the last one hangs."""

    calls = 3

    @property
    def active_jobs(self) -> list[Any]:
        return [object()] * self.calls

    async def drain(self, timeout: object = None) -> None:  # noqa: ASYNC109 - the framework's signature
        for self.calls in (2, 1):
            await asyncio.sleep(0.01)
        self.ended.append("drained")
        await self.wait_longer()

    async def wait_longer(self) -> None:
        raise TimeoutError


def test_a_drain_logs_how_many_calls_are_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It logs each change of their number, and when the remaining ones are cut off."""
    monkeypatch.setattr("agent.process.run._COUNT_INTERVAL", 0.0)
    caplog.set_level(logging.INFO, "agent")
    run_worker(BusyServer(signal.SIGTERM), dev=False, drain_timeout=1)

    told = [(record.levelname, vars(record)["calls"]) for record in caplog.records if hasattr(record, "calls")]
    assert told == [("INFO", 3), ("INFO", 2), ("INFO", 1), ("WARNING", 1)]


class PatientServer(BusyServer):
    """A worker whose calls end only after so many more signals."""

    def __init__(self, *more: int) -> None:
        super().__init__(signal.SIGINT)
        self.more = more

    async def wait_longer(self) -> None:
        for number in self.more:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.01)
        self.ended.append("waited")


def test_a_second_sigterm_does_not_cut_off_the_calls() -> None:
    """Orchestrators repeat SIGTERM."""
    server = PatientServer(signal.SIGTERM, signal.SIGTERM)
    run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == ["drained", "waited", "closed"]


def test_a_reload_does_not_wait_for_a_drain() -> None:
    """A reload sends SIGTERM in development, here after Ctrl-C."""
    server = PatientServer(signal.SIGTERM)
    run_worker(server, dev=True, drain_timeout=1)

    assert server.ended == ["drained", "closed"]


def test_a_second_ctrl_c_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit status is a failure, and calls are not waited for."""
    statuses: list[int] = []
    monkeypatch.setattr("agent.process.stop_signals.os._exit", statuses.append)
    run_worker(PatientServer(signal.SIGINT), dev=False, drain_timeout=1)

    assert statuses == [1]


def test_an_unregistered_worker_needs_no_livekit_server(caplog: pytest.LogCaptureFixture) -> None:
    """It ignores an address without keys, as in `.env.example`, and logs that it is ready."""
    caplog.set_level(logging.INFO)
    server = Server(signal.SIGTERM, keys="")
    run_worker(server, dev=False, drain_timeout=1, is_registered=False)

    assert server.ended == ["drained", "closed"]
    assert [record for record in caplog.records if record.getMessage() == "ready for callers"]
