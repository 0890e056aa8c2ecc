"""The faults that strike a fleet: each begins at once, and some end after a while."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.processes import command, processes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from demo.processes import Child
    from tests.agent.state.redis_server import RedisServer
    from tests.e2e.proxy import Proxy

# Number of lines of a worker's log that are read, and the line that a job writes when it has found its caller.
_LINES: Final = 5000
_JOB: Final = re.compile(r'RoomIO linked to participant(?=.*"room": "([^"]+)")(?=.*"pid": (\d+))')

# Seconds. A worker once ended its calls after it had lost LiveKit's dispatch for 130 s. LiveKit considers a participant
# gone after 20 s, and the lease of a process runs out after two.
_DISPATCH_AWAY: Final = 180.0
_FROZEN: Final = 40.0
_REDIS_AWAY: Final = 10.0

# Seconds after which a killed worker is replaced: the other worker has to resume its calls within eight.
_RESUMED: Final = 10.0


@dataclass(slots=True)
class Fleet:
    """The fleet that a fault strikes.

    Attributes:
        workers: The workers that take calls.
        proxy: The proxy between the workers and LiveKit.
        redis: The workers' Redis.
        start_worker: Starts another worker and returns it.
        stopped: Processes that were sent SIGSTOP.
    """

    workers: list[Child]
    proxy: Proxy
    redis: RedisServer
    start_worker: Callable[[], Awaitable[Child]]
    stopped: list[int] = field(default_factory=list)

    def busiest(self) -> Child:
        """Return the worker with the most calls."""
        return max(self.workers, key=lambda worker: len(jobs(worker)))

    async def replace(self, worker: Child) -> None:
        """Start another worker in place of `worker`."""
        self.workers.remove(worker)
        self.workers.append(await self.start_worker())


async def restart(fleet: Fleet) -> set[str]:
    """Start another worker, and have an old one end as soon as its calls are over."""
    old = fleet.busiest()
    await fleet.replace(old)
    # SIGINT asks for an orderly end: these workers run as `dev`, where SIGTERM is a reload, which waits for no calls.
    os.kill(_worker_process(old), signal.SIGINT)
    return set()


async def kill_job(fleet: Fleet) -> set[str]:
    """Kill the process of one call."""
    room, process = next(iter(jobs(fleet.busiest()).items()))
    os.kill(process, signal.SIGKILL)
    return {room}


async def kill_worker(fleet: Fleet) -> set[str]:
    """Kill a worker with all of its processes."""
    worker = fleet.busiest()
    rooms = set(jobs(worker))
    os.killpg(worker.process.pid, signal.SIGKILL)
    await worker.process.wait()
    return rooms


async def replace_dead(fleet: Fleet) -> None:
    """Start another worker for each that has ended."""
    for worker in list(fleet.workers):
        if worker.returncode is not None:
            await fleet.replace(worker)


async def cut_dispatch(fleet: Fleet) -> set[str]:
    """Cut the workers' connections to LiveKit; calls have connections of their own."""
    fleet.proxy.cut_workers()
    return set()


async def mend_dispatch(fleet: Fleet) -> None:
    """Let workers connect to LiveKit again."""
    fleet.proxy.mend()


async def freeze(fleet: Fleet) -> set[str]:
    """Stop all processes of a worker, like a machine that hangs."""
    worker = fleet.busiest()
    fleet.stopped = processes(worker.process.pid)
    for process in fleet.stopped:
        _signal(process, signal.SIGSTOP)
    return set(jobs(worker))


async def thaw(fleet: Fleet) -> None:
    """Let the stopped processes continue."""
    for process in fleet.stopped:
        _signal(process, signal.SIGCONT)


async def kill_redis(fleet: Fleet) -> set[str]:
    """Kill Redis: connections are refused."""
    fleet.redis.kill()
    return set()


async def restart_redis(fleet: Fleet) -> None:
    """Start Redis again, with its old data."""
    await asyncio.to_thread(fleet.redis.start)


async def pause_redis(fleet: Fleet) -> set[str]:
    """Stop Redis's process: connections stay open, and no command is answered."""
    fleet.redis.pause()
    return set()


async def resume_redis(fleet: Fleet) -> None:
    """Let Redis continue."""
    fleet.redis.resume()


async def _no_end(_: Fleet) -> None:
    """Do nothing: the fault is permanent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a fleet.

    Attributes:
        strike: Causes the fault, and returns the rooms whose agents it takes away.
        seconds: Seconds until its end.
        mend: Ends the fault.
    """

    strike: Callable[[Fleet], Awaitable[set[str]]]
    seconds: float = 0.0
    mend: Callable[[Fleet], Awaitable[None]] = _no_end


FAULTS: Final[Mapping[str, Fault]] = {
    "Redis killed": Fault(kill_redis, _REDIS_AWAY, restart_redis),
    "Redis paused": Fault(pause_redis, _REDIS_AWAY, resume_redis),
    "kill -9 of a job": Fault(kill_job),
    "kill -9 of a worker": Fault(kill_worker, _RESUMED, replace_dead),
    "node frozen": Fault(freeze, _FROZEN, thaw),
    "rolling restart": Fault(restart),
    "dispatch cut": Fault(cut_dispatch, _DISPATCH_AWAY, mend_dispatch),
}


def jobs(worker: Child) -> dict[str, int]:
    """Return the running processes of a worker's calls, by the calls' rooms."""
    found = {room: int(process) for room, process in _JOB.findall("\n".join(worker.tail(_LINES)))}
    running = set(processes(worker.process.pid))
    return {room: process for room, process in found.items() if process in running}


def _worker_process(worker: Child) -> int:
    """Find the worker itself, not its keeper, which has the worker's command among its own arguments."""
    commands = {process: command(process).split("\0") for process in processes(worker.process.pid)}
    return next(process for process, words in commands.items() if "agent.py" in words and "-I" not in words)


def _signal(process: int, number: signal.Signals) -> None:
    # The process may have ended meanwhile.
    with suppress(ProcessLookupError):
        os.kill(process, number)
