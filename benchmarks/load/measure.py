"""Steps of more and more calls at a time, with each plugin's workers in turn."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from livekit import rtc

from benchmarks.ear.caller import calling
from benchmarks.figures import Plugin
from benchmarks.load.stage import open_stage, question
from benchmarks.load.step import Step
from benchmarks.processes import busy_seconds, cpu_seconds, total_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.load.stage import Stage
    from demo.call.levels import Samples

_QUESTIONS: Final = 3

# A step begins when the workers use less than this share of a core for `_LOOK` seconds: they have then prepared
# processes for the next calls. On a machine that is never so quiet it begins after `_PATIENCE` seconds.
_QUIET: Final = 0.1
_LOOK: Final = 2.0
_PATIENCE: Final = 20.0


async def measure(steps: Sequence[int], workers: int, minutes: float, on_step: Callable[[Step], None]) -> list[Step]:
    """Run each step with our workers and then with the official plugin's, so that both have the same machine.

    A plugin whose workers don't keep up with a step gets no larger one.

    Args:
        steps: Calls at a time, the smallest first.
        workers: Number of workers of each plugin.
        minutes: Minutes after which no further step begins.
        on_step: Called after each step.
    """
    until = time.monotonic() + minutes * 60
    asked = await question()
    done: list[Step] = []
    async with (
        open_stage() as stage,
        stage.serving(Plugin.OURS, workers) as ours,
        stage.serving(Plugin.OFFICIAL, workers) as official,
    ):
        climbing = {Plugin.OURS: ours, Plugin.OFFICIAL: official}
        for calls in steps:
            for plugin, started in list(climbing.items()):
                if time.monotonic() > until:
                    return done
                sessions = [worker.process.pid for worker in started]
                await quiet(sessions)
                done.append(await _step(stage, sessions, Step(plugin, calls), asked))
                on_step(done[-1])
                if not done[-1].keeps_up(next(step for step in done if step.plugin is plugin)):
                    del climbing[plugin]
    return done


async def quiet(sessions: Sequence[int]) -> None:
    """Wait until the workers have ended their calls and prepared processes for the next ones.

    Args:
        sessions: The workers' sessions of processes.
    """
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        before = _cpu(sessions)
        await asyncio.sleep(_LOOK)
        # The sum loses the processor time of a process that has ended: hence `abs`.
        if abs(_cpu(sessions) - before) < _QUIET * _LOOK:
            return


async def _step(stage: Stage, sessions: Sequence[int], step: Step, asked: Samples) -> Step:
    step.idle_memory = _memory(sessions)
    began_at, cpu, busy = time.monotonic(), _cpu(sessions), busy_seconds()
    callers = [asyncio.create_task(_call(stage, asked, step)) for _ in range(step.calls)]
    while not all(caller.done() for caller in callers):
        await asyncio.wait(callers, timeout=1.0)
        step.memory = max(step.memory, _memory(sessions))
        # The sum loses the times of processes that have ended, so the last values with all calls running count.
        if not any(caller.done() for caller in callers):
            seconds = time.monotonic() - began_at
            step.cores, step.machine = (_cpu(sessions) - cpu) / seconds, (busy_seconds() - busy) / seconds
    return step


async def _call(stage: Stage, asked: Samples, step: Step) -> None:
    try:
        _, token = stage.room(step.plugin)
        async with calling(stage.server.url, token) as caller:
            step.joins.append(caller.greeted_after)
            for _ in range(_QUESTIONS):
                await caller.ask(asked)
            step.turns += caller.heard.answers
            step.missed += caller.heard.missed
    except (TimeoutError, rtc.ConnectError):
        step.missed += 1


def _cpu(sessions: Sequence[int]) -> float:
    return sum(map(cpu_seconds, sessions))


def _memory(sessions: Sequence[int]) -> float:
    return sum(map(total_memory, sessions))
