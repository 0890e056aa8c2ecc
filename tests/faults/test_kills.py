"""kill -9 at every step of a session's life, 60 times: no session is left running."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from avatar.sessions.journal import SessionJournal
from tests.faults.gated_service import STEPS, GatedService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]
# Rounds of six kills, for a job and for a worker: 60 kills in all.
ROUNDS = 5

# Seconds after a kill, or after the restart of a killed worker, within which no session is left.
PROMISE = 15.0


@dataclass(frozen=True)
class Worker:
    """A process that sweeps and has jobs."""

    process: asyncio.subprocess.Process

    async def start_job(self, room: str) -> int:
        """Start a job, and return its process id."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{room}\n".encode())
        return int(await self.process.stdout.readline())

    async def kill(self) -> None:
        """Kill the worker, then all processes that it has started."""
        self.process.kill()
        os.killpg(self.process.pid, signal.SIGKILL)
        await self.all_ended()

    async def all_ended(self) -> None:
        """Wait until neither the worker nor a job holds its standard output."""
        assert self.process.stdout is not None
        await self.process.stdout.read()
        await self.process.wait()


@asynccontextmanager
async def worker(service: GatedService, state: Path) -> AsyncIterator[Worker]:
    """Run a worker; afterwards no process of it is left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.worker", str(state), service.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )
    started = Worker(process)
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):  # the good case: no process is left
            await started.kill()


@pytest.fixture
async def service() -> AsyncIterator[GatedService]:
    """Yield the service that counts the sessions."""
    async with GatedService().running() as running:
        yield running


async def start_jobs(worker: Worker, service: GatedService, number: int) -> list[int]:
    """Start a job for each step, and wait until each is at its step."""
    rooms = [f"{step}.{number}" for step in STEPS]
    pids = [await worker.start_job(room) for room in rooms]
    async with asyncio.timeout(30):
        await asyncio.gather(*(service.gate(room).reached.wait() for room in rooms))
    return pids


def release(service: GatedService) -> None:
    """Let the service carry out the requests of killed clients."""
    for gate in service.gates.values():
        gate.released.set()


async def test_the_sessions_of_killed_jobs_are_stopped_by_their_worker(service: GatedService, tmp_path: Path) -> None:
    """30 jobs are killed, five at each step: the worker that survives stops their sessions."""
    async with worker(service, tmp_path) as living:
        for number in range(ROUNDS):
            for pid in await start_jobs(living, service, number):
                os.kill(pid, signal.SIGKILL)
            release(service)
            await service.none_open(PROMISE)

    assert _started(service) == (len(STEPS) - 1) * ROUNDS


@pytest.mark.long
async def test_the_sessions_of_a_killed_worker_are_stopped_by_the_next(service: GatedService, tmp_path: Path) -> None:
    """Workers are killed with all their 30 jobs, five at each step: the next start stops their sessions."""
    for number in range(ROUNDS):
        async with worker(service, tmp_path) as killed:
            await service.none_open(PROMISE)
            await start_jobs(killed, service, number)
            await killed.kill()
            release(service)
    async with worker(service, tmp_path):
        await service.none_open(PROMISE)

    assert _started(service) == (len(STEPS) - 1) * ROUNDS


async def test_a_job_whose_worker_is_killed_stops_its_session_and_ends(service: GatedService, tmp_path: Path) -> None:
    """Only the worker is killed, and not restarted: its jobs stop their sessions themselves."""
    async with worker(service, tmp_path) as killed:
        await killed.start_job("talking.alone")
        async with asyncio.timeout(30):
            await service.gate("talking.alone").reached.wait()
        killed.process.kill()
        await service.none_open(PROMISE)
        async with asyncio.timeout(PROMISE):
            await killed.all_ended()

    assert _started(service) == 1
    assert SessionJournal(tmp_path).entries() == []


def _started(service: GatedService) -> int:
    """Return how many sessions have run; a kill before the token leaves none."""
    return sum(session.started_at is not None for session in service.sessions)
