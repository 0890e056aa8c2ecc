"""The CPU time of either plugin for a minute of speech, each in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Both, Figure, Plugin, spread
from benchmarks.stage import open_stage
from simulators.liveavatar import Habits

if TYPE_CHECKING:
    from benchmarks.sampling import Sampling

_SPEECH = 20.0

# The slowest TTS that plays without gaps, and a usual one: the factors of `benchmarks/feeding.py`.
SPEEDS = (1.0, 3.0)

# Seconds, as observed (fact 43). An avatar that begins sooner has less speech in reserve, and gets smaller chunks.
_STARTS_AFTER = Habits().speech_starts_after


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Speak 20 s with each plugin in turn, so that a busy machine affects both alike."""
    costs = {(plugin, speed): list[float]() for plugin in Plugin for speed in SPEEDS}
    async with open_stage(speech_starts_after=_STARTS_AFTER) as stage:
        for _ in range(samples):
            for (plugin, speed), samples_so_far in costs.items():
                samples_so_far.append(await _cost(plugin, stage.url, speed))
                sampling.advance()
    rows = [(speed, Both(costs[Plugin.OFFICIAL, speed], costs[Plugin.OURS, speed])) for speed in SPEEDS]
    return [
        spread("CPU", f"a minute of speech in 20 ms frames, synthesized at {speed:g} times its speed", "ms", both)[0]
        for speed, both in rows
    ]


async def _cost(plugin: Plugin, url: str, speed: float) -> float:
    """Return the CPU milliseconds for a minute of speech."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.cpu.child", plugin.value, url, str(_SPEECH), str(speed)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await child.communicate()
    return float(output.decode().split()[-1]) * 1000 * 60 / _SPEECH
