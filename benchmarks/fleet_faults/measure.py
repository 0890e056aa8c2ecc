"""Two workers and a Redis under some calls, and one fault after the other."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
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

_WORKERS: Final = 2

# Seconds within which an opening line has begun, and a caller is answered or gets another agent.
_WITHIN: Final = 60.0

# Seconds between two attempts of a caller who is not answered.
_ASKS_EVERY: Final = 8.0

# Seconds after a fault in which what it sets off has happened: a lease runs out after four, and for four nothing is
# claimed once Redis is back.
_SETTLED: Final = 6.0

# Seconds for which sessions that run on are waited for once all callers have left.
_STOPPED: Final = 30.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a fault did.

    Attributes:
        fault: Its name.
        calls: That were under way.
        struck: Calls whose agent the fault took away.
        lost: Calls whose caller was not answered after the fault, or during it by an agent that it did not take away.
        agents_after: Seconds from the fault until a struck call had another agent that listens.
        words_after: Seconds from the fault until that agent's avatar spoke.
        left: Sessions that ran 30 s after everybody had left.
        wrongly_stopped: Sessions that ended although agent and caller were there.
        doubled: Pairs of sessions that ran at the same time for one call.
    """

    fault: str
    calls: int
    struck: int
    lost: int
    agents_after: Sequence[float]
    words_after: Sequence[float]
    left: int
    wrongly_stopped: int
    doubled: int


async def measure(
    faults: Sequence[str], calls: int, on_result: Callable[[Result], None], logs: Path | None = None
) -> list[Result]:
    """Let each fault strike a fleet of its own.

    Args:
        faults: Names of `FAULTS`.
        calls: At a time.
        on_result: Called after each fault.
        logs: A directory in which the logs are kept.
    """
    results = []
    asked = await question()
    for fault in faults:
        async with (
            open_stage(logs and logs / fault) as stage,
            _fleet(stage) as fleet,
            watching(f"{stage.stand_ins}/liveavatar/stand-in/sessions") as watcher,
        ):
            results.append(await _Scenario(stage, fleet, watcher, asked).run(fault, calls))
        on_result(results[-1])
    return results


@asynccontextmanager
async def _fleet(stage: Stage) -> AsyncIterator[Fleet]:
    """Run workers that share a Redis, as machines do: each has a `STATE_DIR` of its own."""
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
            # A worker can take the calls of another one at once, as one of four cores does.
            "IDLE_PROCESSES": "3",
        }

        async def start_worker() -> None:
            await stack.enter_async_context(stage.serving(Plugin.OURS, 1, settings))

        workers = await stack.enter_async_context(stage.serving(Plugin.OURS, _WORKERS, settings))
        yield Fleet(workers, proxy, redis, start_worker)


class _Scenario:
    """One fault in a fleet under calls."""

    def __init__(self, stage: Stage, fleet: Fleet, watcher: Watcher, asked: Samples) -> None:
        self._stage = stage
        self._fleet = fleet
        self._watcher = watcher
        self._question = asked

    async def run(self, name: str, calls: int) -> Result:
        """Let it strike, ask in every call, and let the callers leave."""
        fault = FAULTS[name]
        async with AsyncExitStack() as stack:
            callers = [await stack.enter_async_context(self._calling()) for _ in range(calls)]
            await asyncio.gather(*(self._speaks(caller, 0.0) for caller in callers))
            struck_at = time.time()
            struck = await fault.strike(self._fleet)
            unanswered = await self._during(fault, callers, struck, struck_at)
            unanswered |= await self._ask_all(callers)
            left_at = time.time()
        await self._watcher.has(lambda sessions: not books.left(sessions), within=_STOPPED)
        orphans = [caller for caller in callers if caller.name in struck]
        return _result(
            name, len(callers), len(unanswered), orphans, self._watcher.sessions, struck_at=struck_at, left_at=left_at
        )

    def _calling(self) -> AbstractAsyncContextManager[Caller]:
        return calling(self._stage.server.url, *self._stage.room(Plugin.OURS))

    async def _during(self, fault: Fault, callers: Sequence[Caller], struck: set[str], struck_at: float) -> set[str]:
        """Wait for the end of a fault; return the calls of living agents that were not answered meanwhile."""
        unanswered = await self._ask_all([caller for caller in callers if caller.name not in struck])
        await asyncio.sleep(struck_at + fault.seconds - time.time())
        await fault.mend(self._fleet)
        await asyncio.sleep(_SETTLED)
        await asyncio.gather(*(self._speaks(caller, struck_at) for caller in callers if caller.name in struck))
        return unanswered

    async def _ask_all(self, callers: Sequence[Caller]) -> set[str]:
        """Ask in each call; return those in which there was no answer."""
        answered = await asyncio.gather(*(self._ask(caller) for caller in callers))
        return {caller.name for caller, is_answered in zip(callers, answered, strict=True) if not is_answered}

    async def _ask(self, caller: Caller) -> bool:
        """Ask until there is an answer; return False if there is none in time."""
        for _ in range(int(_WITHIN / _ASKS_EVERY)):
            await caller.ask(self._question)
            if await self._speaks(caller, time.time(), within=_ASKS_EVERY):
                return True
        return False

    async def _speaks(self, caller: Caller, after: float, *, within: float = _WITHIN) -> bool:
        """Wait until the avatar of a call has begun to speak after an instant; return False if it has not in time."""
        return await self._watcher.has(
            lambda sessions: books.spoken_after(sessions, caller.name, after) is not None, within=within
        )


def _result(
    fault: str,
    calls: int,
    lost: int,
    orphans: Sequence[Caller],
    sessions: Sequence[books.Session],
    *,
    struck_at: float,
    left_at: float,
) -> Result:
    words = [books.spoken_after(sessions, caller.name, struck_at) for caller in orphans]
    return Result(
        fault,
        calls,
        len(orphans),
        lost,
        [at - struck_at for caller in orphans for at in caller.agents.values() if at > struck_at],
        [at - struck_at for at in words if at is not None],
        books.left(sessions),
        books.wrongly_stopped(sessions, {caller.name for caller in orphans}, struck_at, left_at),
        books.doubled(sessions),
    )
