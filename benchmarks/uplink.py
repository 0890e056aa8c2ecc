"""A slow uplink: how long does an interrupt wait behind the speech that was sent before it?"""

from __future__ import annotations

import asyncio
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Plugin, side_by_side, spread
from benchmarks.speech import tone
from benchmarks.stage import Stage, open_stage
from benchmarks.throttle import slow_uplink

if TYPE_CHECKING:
    from benchmarks.sampling import Sampling

_BITS_PER_SECOND = 1_000_000

# Seconds: the length of an answer that the TTS yields at once, its frames, and when the user interrupts.
_ANSWER = 20.0
_FRAME = 0.1
_BARGE_IN = (1.0, 2.5)

_ARRIVAL_TIMEOUT = 20.0
_POLL = 0.005


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Measure the time from `clear_buffer` to the interrupt's arrival at the service, at 1 Mbit/s."""
    async with open_stage() as stage, slow_uplink(stage.url, _BITS_PER_SECOND) as url:
        waits = await side_by_side(partial(_waits, stage.behind(url), samples, sampling))
    return spread("uplink of 1 Mbit/s", "clear_buffer to the interrupt's arrival", "ms", waits)


async def _waits(stage: Stage, samples: int, sampling: Sampling, plugin: Plugin) -> list[float]:
    waits = [await sampling.take(partial(_wait, stage, plugin, Random(seed))) for seed in range(samples)]  # noqa: S311 - the same in every run
    return [seconds * 1000 for seconds in waits]


async def _wait(stage: Stage, plugin: Plugin, random: Random) -> float:
    async with stage.call(plugin) as call:
        for _ in range(round(_ANSWER / _FRAME)):
            await call.voice.capture_frame(tone(_FRAME))
        call.voice.flush()
        await asyncio.sleep(random.uniform(*_BARGE_IN))
        commands = len(call.truth.commands())
        cleared_at = call.now
        call.barge_in(flushed=True)
        async with asyncio.timeout(_ARRIVAL_TIMEOUT):
            while True:
                for command in call.truth.commands(commands):
                    if command.type == "agent.interrupt":
                        return command.at - cleared_at
                await asyncio.sleep(_POLL)
