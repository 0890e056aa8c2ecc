"""Fidelity of the audio: bit-exact in the service's own format, of the right length in other formats."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import product
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Plugin, mean, side_by_side
from benchmarks.speech import SAMPLE_RATE, Pace, synthesise, tone
from benchmarks.stage import Stage, open_stage

if TYPE_CHECKING:
    from benchmarks.sampling import Sampling

_PACE = Pace(speed=5.0, frame=0.02)
_SECONDS = 2.5
_GROUP = "fidelity"

# Rates and numbers of channels that have to be converted.
FORMATS = tuple(product((22_050, 44_100, 48_000), (1, 2)))


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Pass a segment in each format directly to the audio output; `samples` segments in the service's own format."""
    async with open_stage() as stage:
        exact = await side_by_side(partial(_bit_exact, stage, samples, sampling))
        lost = await asyncio.gather(*(_lost(stage, rate, channels, sampling) for rate, channels in FORMATS))
    return [mean(_GROUP, "24 kHz mono heard bit by bit", "%", exact), *lost]


async def _bit_exact(stage: Stage, samples: int, sampling: Sampling, plugin: Plugin) -> list[float]:
    return await asyncio.gather(
        *(sampling.take_once(partial(_is_exact, stage, plugin, number)) for number in range(samples))
    )


async def _is_exact(stage: Stage, plugin: Plugin, number: int) -> float:
    """Return 100 if the heard speech is bit-exact, with only silence around it, else 0."""
    async with stage.call(plugin) as call:
        speech = tone(_SECONDS + number / SAMPLE_RATE)
        await synthesise(call.voice, speech, _PACE, Random(0))  # noqa: S311 - no jitter
        await call.settle(1)
        before, _, after = call.truth.recording.partition(bytes(speech.data))
        said = bool(after) and not any(before) and not any(after)
        return 100.0 * said


async def _lost(stage: Stage, rate: int, channels: int, sampling: Sampling) -> Figure:
    milliseconds = await side_by_side(
        lambda plugin: sampling.take_once(partial(_milliseconds_lost, stage, rate, channels, plugin))
    )
    name = f"{rate / 1000:g} kHz {'mono' if channels == 1 else 'stereo'}: lost on the way"
    return mean(_GROUP, name, "ms", milliseconds)


async def _milliseconds_lost(stage: Stage, rate: int, channels: int, plugin: Plugin) -> list[float]:
    """Return the milliseconds of speech that did not arrive at the stand-in; negative if more arrived."""
    async with stage.call(plugin) as call:
        speech = tone(_SECONDS, sample_rate=rate, channels=channels)
        await synthesise(call.voice, speech, _PACE, Random(0))  # noqa: S311 - no jitter
        await call.settle(1)
        arrived = sum(command.seconds for command in call.truth.commands())
        return [(_SECONDS - arrived) * 1000]
