"""Two segments queued back to back: the avatar's silence between them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, Plugin, side_by_side, spread, total
from benchmarks.speech import Pace, synthesise, tone
from benchmarks.stage import Stage, open_stage

if TYPE_CHECKING:
    from benchmarks.sampling import Sampling
    from benchmarks.truth import Truth

_PACE = Pace(speed=5.0)
_SECONDS = 2.0
_AGREEMENT = 0.25


@dataclass(frozen=True, slots=True)
class Pair:
    """Two segments.

    Attributes:
        gap: Seconds of silence between them; None if the avatar did not get two utterances.
        reported: True if each was reported once, with its own position.
    """

    gap: float | None
    reported: bool


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Say `samples` pairs, at the same time."""
    async with open_stage() as stage:
        pairs = await side_by_side(partial(_pairs, stage, samples, sampling))
    gaps = pairs.map(lambda side: [pair.gap * 1000 for pair in side if pair.gap is not None])
    broken = pairs.map(lambda side: [float(not pair.reported) for pair in side])
    return [
        *spread("two segments at once", "gap between them", "ms", gaps),
        total("two segments at once", "pairs not reported one by one, with their positions", "", broken),
    ]


async def _pairs(stage: Stage, samples: int, sampling: Sampling, plugin: Plugin) -> list[Pair]:
    return await asyncio.gather(*(sampling.take(partial(_pair, stage, plugin, seed)) for seed in range(samples)))


async def _pair(stage: Stage, plugin: Plugin, seed: int) -> Pair:
    async with stage.call(plugin) as call:
        truth, random = call.truth, Random(seed)  # noqa: S311 - the same in every run
        # Begin at a random time within a tick of the stand-in.
        await asyncio.sleep(random.uniform(0, 0.04))
        await synthesise(call.voice, tone(_SECONDS), _PACE, random)
        await synthesise(call.voice, tone(_SECONDS), _PACE, random)
        await call.settle(2)
        reported = [abs(report.position - _SECONDS) <= _AGREEMENT for report in call.reports]
        return Pair(_gap(truth), reported == [True, True])


def _gap(truth: Truth) -> float | None:
    match truth.utterances:
        case [first, second]:
            ended_at, started_at = truth.ended_at(first), truth.started_at(second)
            return None if ended_at is None or started_at is None else started_at - ended_at
    return None
