"""Two workers under some calls, and one fault after the other."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
import numpy as np

from benchmarks.figures import Plugin
from benchmarks.fleet_faults import books
from benchmarks.fleet_faults.callers import calling
from benchmarks.fleet_faults.faults import FAULTS, Fleet
from benchmarks.load.light_stand_ins import QUESTION
from benchmarks.load.stage import open_stage
from demo.call.levels import RATE_HZ, trim
from simulators.speech import Speaker
from tests.e2e.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.fleet_faults.callers import Caller
    from benchmarks.load.stage import Stage
    from demo.call.levels import Samples

# Seconds within which a call's opening line has begun, a call is answered after a fault, and no session is left.
_OPENED: Final = 60.0
_ANSWERED: Final = 60.0
_STOPPED: Final = 30.0

# Seconds between two attempts of a caller who is not answered.
_ASKS_EVERY: Final = 5.0


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for.

    Attributes:
        calls: At a time.
        away: Seconds that LiveKit's dispatch is cut.
        frozen: Seconds that a worker is frozen.
        settings: Variables for the workers, such as STATE_URL.
    """

    calls: int
    away: float
    frozen: float
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Result:
    """What a fault did.

    Attributes:
        fault: Its name.
        calls: That were under way.
        lost: Calls whose caller was not answered any more.
        slowest: Seconds from the fault's end to the last answer of those that were.
        left: Sessions that ran 30 s after everybody had left.
        doubled: Pairs of sessions that ran at the same time for one call.
    """

    fault: str
    calls: int
    lost: int
    slowest: float
    left: int
    doubled: int


async def measure(faults: Sequence[str], options: Options, on_result: Callable[[Result], None]) -> list[Result]:
    """Let each fault strike a fleet of its own."""
    results = []
    async with Speaker() as speaker:
        speech = await speaker.synthesise(QUESTION, voice="caller", rate_hz=RATE_HZ)
    question = trim(np.frombuffer(speech.pcm, np.int16))
    for fault in faults:
        async with open_stage() as stage:
            results.append(await _strike(stage, fault, options, question))
        on_result(results[-1])
    return results


async def _strike(stage: Stage, fault: str, options: Options, question: Samples) -> Result:
    async with AsyncExitStack() as fleet_stack:
        proxy = await fleet_stack.enter_async_context(Proxy(stage.server.port))
        # Workers of one machine share what is noted of their sessions, as those of a fleet do by STATE_URL.
        settings = {
            "LIVEKIT_URL": f"ws://127.0.0.1:{proxy.port}",
            "LIVEKIT_PUBLIC_URL": stage.server.url,
            "STATE_DIR": str(stage.logs / "state"),
            "DRAIN_TIMEOUT": "600",
            **options.settings,
        }

        async def start_worker() -> None:
            await fleet_stack.enter_async_context(stage.serving(Plugin.OURS, 1, settings))

        await fleet_stack.enter_async_context(stage.serving(Plugin.OURS, 2, settings))
        fleet = Fleet(list(stage.workers), proxy, start_worker, options.away, options.frozen)
        async with AsyncExitStack() as calls:
            callers = [
                await calls.enter_async_context(calling(stage.server.url, *stage.room(Plugin.OURS)))
                for _ in range(options.calls)
            ]
            await asyncio.gather(*(_spoken(stage, caller, 0, _OPENED) for caller in callers))
            await FAULTS[fault](fleet)
            struck_at = time.monotonic()
            answers = await asyncio.gather(*(_answer(stage, caller, question, struck_at) for caller in callers))
        await asyncio.sleep(_STOPPED)
        sessions = await _books(stage)
    answered = [answer for answer in answers if answer is not None]
    lost = len(answers) - len(answered)
    return Result(fault, len(answers), lost, max(answered, default=0.0), books.left(sessions), books.doubled(sessions))


async def _answer(stage: Stage, caller: Caller, question: Samples, struck_at: float) -> float | None:
    """Ask until there is an answer; seconds since the fault, None if there is none in time."""
    before = books.spoken(await _books(stage), caller.room)
    while time.monotonic() < struck_at + _ANSWERED:
        await caller.ask(question)
        if await _spoken(stage, caller, before, _ASKS_EVERY):
            return time.monotonic() - struck_at
    return None


async def _spoken(stage: Stage, caller: Caller, before: int, within: float) -> bool:
    """Wait for more utterances in a call than there were before."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        if books.spoken(await _books(stage), caller.room) > before:
            return True
        await asyncio.sleep(0.5)
    return False


async def _books(stage: Stage) -> list[books.Session]:
    async with aiohttp.ClientSession() as http, http.get(f"{stage.stand_ins}/liveavatar/stand-in/sessions") as reply:
        return books.read(await reply.json())
