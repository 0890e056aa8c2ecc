"""Steps of more and more calls at a time, with each plugin's workers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from livekit import rtc

from benchmarks.ear.caller import calling
from benchmarks.figures import Plugin
from benchmarks.load.stage import open_stage, question
from benchmarks.processes import cpu_seconds, total_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.load.stage import Stage
    from demo.call.levels import Samples

_QUESTIONS: Final = 2

# Workers that take less than this share of a core for so many seconds have prepared processes for the next calls. On a
# machine that is never so quiet the step begins after the patience, in seconds.
_QUIET: Final = 0.1
_LOOK: Final = 3.0
_PATIENCE: Final = 60.0


@dataclass(slots=True)
class Step:
    """What so many calls at a time took.

    Attributes:
        plugin: Whose workers.
        calls: At a time, on all workers together.
        joins: Seconds from a caller's join to the first word, of each call.
        turns: Seconds from the end of a question to the answer's first sound.
        missed: Calls and questions that nothing came of.
        cores: Processor cores that the workers were busy with, on average.
        memory: Megabytes that all processes of the workers took together; pages that they share count once.
        idle_memory: The same before the step.
    """

    plugin: Plugin
    calls: int
    joins: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)
    missed: int = 0
    cores: float = 0.0
    memory: float = 0.0
    idle_memory: float = 0.0


async def measure(steps: Sequence[int], workers: int, on_step: Callable[[Step], None]) -> list[Step]:
    """Make the steps with our workers and then with the official plugin's.

    Args:
        steps: Calls at a time.
        workers: Of each plugin.
        on_step: Told after each step.
    """
    done = []
    asked = await question()
    async with open_stage() as stage:
        for plugin in (Plugin.OURS, Plugin.OFFICIAL):
            async with stage.serving(plugin, workers) as started:
                sessions = [worker.process.pid for worker in started]
                for calls in steps:
                    await quiet(sessions)
                    done.append(await _step(stage, sessions, plugin, calls, asked))
                    on_step(done[-1])
    return done


async def quiet(sessions: Sequence[int]) -> None:
    """Wait until the workers have ended their calls and prepared processes for the next ones.

    Args:
        sessions: The workers' sessions of processes.
    """
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        before = sum(map(cpu_seconds, sessions))
        await asyncio.sleep(_LOOK)
        # A process that has ended takes its time with it.
        if abs(sum(map(cpu_seconds, sessions)) - before) < _QUIET * _LOOK:
            return


async def _step(stage: Stage, plugin: Plugin, calls: int, question: Samples) -> Step:
    sessions = [worker.process.pid for worker in stage.workers]
    step = Step(plugin, calls, idle_memory=sum(map(total_memory, sessions)))
    began_at, cpu = time.monotonic(), sum(map(cpu_seconds, sessions))
    callers = [asyncio.create_task(_call(stage, plugin, question, step)) for _ in range(calls)]
    while not all(caller.done() for caller in callers):
        await asyncio.wait(callers, timeout=1.0)
        step.memory = max(step.memory, sum(map(total_memory, sessions)))
        # Processes of calls that have ended take their times with them, so the last look with all of them counts.
        if not any(caller.done() for caller in callers):
            step.cores = (sum(map(cpu_seconds, sessions)) - cpu) / (time.monotonic() - began_at)
    return step


async def _call(stage: Stage, plugin: Plugin, question: Samples, step: Step) -> None:
    try:
        _, token = stage.room(plugin)
        async with calling(stage.server.url, token) as caller:
            step.joins.append(caller.greeted_after)
            for _ in range(_QUESTIONS):
                await caller.ask(question)
            step.turns += caller.heard.answers
            step.missed += caller.heard.missed
    except (TimeoutError, rtc.ConnectError):
        step.missed += 1
