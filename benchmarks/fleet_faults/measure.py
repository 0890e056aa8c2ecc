"""Two workers and a Redis under some calls, struck by one fault after the other."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.figures import Plugin
from benchmarks.fleet_faults import books
from benchmarks.fleet_faults.callers import calling
from benchmarks.fleet_faults.faults import FAULTS, Fleet
from benchmarks.fleet_faults.watcher import watching
from benchmarks.load.stage import open_stage, question
from tests.agent.state.redis_server import RedisServer
from tests.e2e.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from benchmarks.fleet_faults.callers import Caller
    from benchmarks.fleet_faults.faults import Fault
    from benchmarks.fleet_faults.watcher import Watcher
    from benchmarks.load.stage import Stage
    from demo.call.levels import Samples
    from demo.processes import Child

_WORKERS: Final = 2

# Seconds within which an opening line has begun, and a caller is answered or gets another agent.
_WITHIN: Final = 60.0

# Seconds after which a caller who got no answer asks again.
_ASKS_EVERY: Final = 12.0

# Seconds after a fault within which its consequences have happened: a lease runs out after two, and once Redis is back,
# no process claims sessions for four.
_SETTLED: Final = 6.0

# Seconds to wait for sessions that have to end; one that still runs then is counted as left.
_STOPPED: Final = 30.0


@dataclass(frozen=True, slots=True)
class Result:
    """The effects of a fault.

    Attributes:
        fault: Its name.
        calls: Number of calls at the time of the fault.
        struck: Calls whose agent the fault took away.
        agents_after: Seconds from the fault until each of them had another agent that listened.
        words_after: Seconds from the fault until that agent's avatar spoke.
        lost: Calls in which the avatar did not answer after the fault, or during it although the agent was there.
        left: Sessions of dead agents that still ran 30 s later.
        wrongly_stopped: Sessions that ended although agent and caller were there.
        doubled: Pairs of sessions that ran at the same time for one call.
    """

    fault: str
    calls: int
    struck: int
    agents_after: Sequence[float]
    words_after: Sequence[float]
    lost: int
    left: int
    wrongly_stopped: int
    doubled: int


async def measure(
    faults: Sequence[str], calls: int, on_result: Callable[[Result], None], logs: Path | None = None
) -> int:
    """Let faults strike a fleet, one after the other, while the same callers stay in their calls.

    Args:
        faults: Names in `FAULTS`.
        calls: Number of calls at a time.
        on_result: Called after each fault.
        logs: Directory in which the logs are kept.

    Returns:
        The number of sessions that still ran 30 s after all callers had left.
    """
    asked = await question()
    async with (
        open_stage(logs) as stage,
        _fleet(stage) as fleet,
        watching(f"{stage.stand_ins}/liveavatar/stand-in/sessions") as watcher,
    ):
        async with AsyncExitStack() as stack:
            joining = (calling(stage.server.url, *stage.room(Plugin.OURS)) for _ in range(calls))
            callers = [await stack.enter_async_context(caller) for caller in joining]
            scenario = _Scenario(fleet, watcher, callers, asked)
            await scenario.open()
            for fault in faults:
                on_result(await scenario.run(fault))
        await watcher.has(lambda sessions: not books.left(sessions, ()), within=_STOPPED)
        return books.left(watcher.sessions, ())


@asynccontextmanager
async def _fleet(stage: Stage) -> AsyncIterator[Fleet]:
    """Run workers that share a Redis like separate machines: each has its own `STATE_DIR`."""
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy(stage.server.port))
        data = stage.logs / "redis"
        data.mkdir()
        redis = RedisServer(data)
        await asyncio.to_thread(redis.start)
        stack.callback(redis.kill)
        settings = {
            "LIVEKIT_URL": f"ws://127.0.0.1:{proxy.port}",
            "LIVEKIT_PUBLIC_URL": stage.server.url,
            "STATE_URL": redis.url,
            "DRAIN_TIMEOUT": "600",
            # Enough that a worker can take over another's calls at once, as a worker with four cores can.
            "IDLE_PROCESSES": "3",
        }

        async def start_worker() -> Child:
            [worker] = await stack.enter_async_context(stage.serving(Plugin.OURS, 1, settings))
            return worker

        workers = await stack.enter_async_context(stage.serving(Plugin.OURS, _WORKERS, settings))
        yield Fleet(workers, proxy, redis, start_worker)


class _Scenario:
    """Faults in a fleet under calls.

    Args:
        fleet: The fleet that the faults strike.
        watcher: Watches the stand-in's sessions.
        callers: The callers, who are in their rooms.
        asked: The callers' question.
    """

    def __init__(self, fleet: Fleet, watcher: Watcher, callers: Sequence[Caller], asked: Samples) -> None:
        self._fleet = fleet
        self._watcher = watcher
        self._callers = callers
        self._rooms = {caller.room for caller in callers}
        self._question = asked

    async def open(self) -> None:
        """Wait until all opening lines have begun."""
        await asyncio.gather(*(self._speaks(caller, 0) for caller in self._callers))

    async def run(self, name: str) -> Result:
        """Let a fault strike, and ask in every call."""
        fault, struck_at = FAULTS[name], time.time()
        struck = await fault.strike(self._fleet)
        orphans = [caller for caller in self._callers if caller.room in struck]
        resumed = asyncio.gather(*(self._resumed(caller, struck_at) for caller in orphans))
        others = [caller for caller in self._callers if caller.room not in struck]
        unanswered, _ = await asyncio.gather(self._ask_all(others), self._end(fault, struck_at))
        words_after = [after for after in await resumed if after is not None]
        unanswered |= await self._ask_all(self._callers)
        await self._watcher.has(lambda sessions: not books.left(sessions, self._rooms), within=_STOPPED)
        sessions = self._watcher.sessions
        return Result(
            name,
            len(self._callers),
            len(orphans),
            [at - struck_at for caller in orphans for at in caller.agents.ready_at.values() if at > struck_at],
            words_after,
            len(unanswered),
            books.left(sessions, self._rooms),
            books.wrongly_stopped(sessions, struck, struck_at),
            books.doubled(sessions, struck_at),
        )

    async def _end(self, fault: Fault, struck_at: float) -> None:
        await asyncio.sleep(struck_at + fault.seconds - time.time())
        await fault.mend(self._fleet)
        await asyncio.sleep(_SETTLED)

    async def _resumed(self, caller: Caller, struck_at: float) -> float | None:
        """Return the seconds from a fault until the avatar speaks again; None if it does not in time."""
        return time.time() - struck_at if await self._speaks(caller, self._spoken(caller)) else None

    async def _ask_all(self, callers: Sequence[Caller]) -> set[str]:
        """Ask in each call; return those in which there was no answer."""
        answered = await asyncio.gather(*(self._ask(caller) for caller in callers))
        return {caller.room for caller, is_answered in zip(callers, answered, strict=True) if not is_answered}

    async def _ask(self, caller: Caller) -> bool:
        """Ask until there is an answer; return False if there is none in time."""
        for _ in range(int(_WITHIN / _ASKS_EVERY)):
            await caller.ask(self._question)
            if await self._speaks(caller, self._spoken(caller), within=_ASKS_EVERY):
                return True
        return False

    def _spoken(self, caller: Caller) -> int:
        return books.spoken(self._watcher.sessions, caller.room)

    async def _speaks(self, caller: Caller, before: int, *, within: float = _WITHIN) -> bool:
        """Wait until a call has more utterances than `before`; return False if it has not in time."""
        return await self._watcher.has(lambda sessions: books.spoken(sessions, caller.room) > before, within=within)
