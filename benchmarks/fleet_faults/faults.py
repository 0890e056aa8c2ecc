"""What is done to the fleet."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from demo.processes import Child
    from tests.e2e.proxy import Proxy

_LINES: Final = 2000
_JOB: Final = re.compile(r'RoomIO linked to participant.*"pid": (\d+)')

# Field of /proc/PID/stat behind the command's name (proc(5)): the session.
_SESSION: Final = 3


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a fault strikes.

    Attributes:
        workers: The first is the one that is struck.
        proxy: Between the workers and LiveKit.
        start_worker: Starts another worker.
        away: Seconds that LiveKit's dispatch is cut.
        frozen: Seconds that a worker's processes are stopped.
    """

    workers: list[Child]
    proxy: Proxy
    start_worker: Callable[[], Awaitable[None]]
    away: float
    frozen: float


async def restart(fleet: Fleet) -> None:
    """Start a new worker, and tell an old one to end."""
    await fleet.start_worker()
    worker = next(pid for pid in processes(fleet.workers[0].process.pid) if "agent.py" in _command(pid))
    os.kill(worker, signal.SIGTERM)


async def kill_job(fleet: Fleet) -> None:
    """Kill the process of one call."""
    jobs = [job for worker in fleet.workers for job in _JOB.findall("\n".join(worker.tail(_LINES)))]
    os.kill(int(jobs[-1]), signal.SIGKILL)


async def kill_worker(fleet: Fleet) -> None:
    """Kill a worker with all of its processes."""
    os.killpg(fleet.workers[0].process.pid, signal.SIGKILL)


async def cut_dispatch(fleet: Fleet) -> None:
    """Take the workers' connections to LiveKit away for a while; calls have connections of their own."""
    fleet.proxy.cut_workers()
    await asyncio.sleep(fleet.away)
    fleet.proxy.mend()


async def freeze(fleet: Fleet) -> None:
    """Stop all processes of a worker for a while, as a machine that hangs does."""
    frozen = processes(fleet.workers[0].process.pid)
    for pid in frozen:
        _signal(pid, signal.SIGSTOP)
    await asyncio.sleep(fleet.frozen)
    for pid in frozen:
        _signal(pid, signal.SIGCONT)


FAULTS: Final[Mapping[str, Callable[[Fleet], Awaitable[None]]]] = {
    "rolling restart": restart,
    "kill -9 of a job": kill_job,
    "kill -9 of a worker": kill_worker,
    "dispatch cut": cut_dispatch,
    "node frozen": freeze,
}


def processes(session: int) -> list[int]:
    """Give the processes of a session, the oldest first."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if int(file.read_text().rpartition(")")[2].split()[_SESSION]) == session:
                found.append(int(file.parent.name))
    return sorted(found)


def _command(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        # The process that keeps the worker has the worker's command among its own arguments.
        return "" if "-I" in words else " ".join(words)
    return ""


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
