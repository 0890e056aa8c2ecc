"""Running a worker: what ends it, and how."""

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
    """A job that is never given."""


class Server(AgentServer):
    """A worker that signals itself as soon as it runs, and remembers how it was ended."""

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
    """Background services start before the worker takes calls, and end after it is closed."""
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


def test_a_signal_before_the_worker_is_up_ends_it() -> None:
    """After an early signal, background services start and end, and the worker never starts."""
    server = Server()

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)  # the event loop has taken the signal
        yield
        server.ended.append("left")

    run_worker(server, dev=False, drain_timeout=1, beside=beside())

    assert server.ended == ["left"]


class StartingServer(Server):
    """A worker that is signalled while it starts."""

    async def run(self, *, devmode: bool = False, unregistered: bool = False) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.1)  # the event loop has taken the signal
        await super().run(devmode=devmode, unregistered=unregistered)


def test_a_signal_while_the_worker_starts_ends_it_in_order() -> None:
    """The framework can drain and close only a worker that is up."""
    server = StartingServer()
    run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == ["drained", "closed"]


class BusyServer(Server):
    """A worker with calls that end one by one while it drains, and then get stuck."""

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


def test_a_drain_tells_how_many_calls_are_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each time their number changes, and when those that are left are ended."""
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


def test_another_sigterm_does_not_cut_off_the_calls() -> None:
    """Orchestrators repeat it."""
    server = PatientServer(signal.SIGTERM, signal.SIGTERM)
    run_worker(server, dev=False, drain_timeout=1)

    assert server.ended == ["drained", "waited", "closed"]


def test_a_reload_does_not_wait_for_a_drain() -> None:
    """SIGTERM in development after Ctrl-C."""
    server = PatientServer(signal.SIGTERM)
    run_worker(server, dev=True, drain_timeout=1)

    assert server.ended == ["drained", "closed"]


def test_a_second_ctrl_c_ends_the_process_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the status of a failure; the calls are not waited for."""
    statuses: list[int] = []
    monkeypatch.setattr("agent.process.stop_signals.os._exit", statuses.append)
    run_worker(PatientServer(signal.SIGINT), dev=False, drain_timeout=1)

    assert statuses == [1]


def test_a_worker_that_livekit_does_not_know_needs_no_server(caplog: pytest.LogCaptureFixture) -> None:
    """An address without keys, as the example of the settings has it, is left alone; that it is ready is said."""
    caplog.set_level(logging.INFO)
    server = Server(signal.SIGTERM, keys="")
    run_worker(server, dev=False, drain_timeout=1, is_registered=False)

    assert server.ended == ["drained", "closed"]
    assert [record for record in caplog.records if record.getMessage() == "ready for callers"]
