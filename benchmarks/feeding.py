"""A TTS that is slower or faster than speech: when is the answer heard, and with how many gaps?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from itertools import product
from operator import itemgetter
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Both, Figure, Plugin, mean, side_by_side, spread, total
from benchmarks.speech import Pace, synthesise, tone
from benchmarks.stage import Stage, open_stage

if TYPE_CHECKING:
    from benchmarks.sampling import Sampling

# Speeds of the TTS, in multiples of real time.
SPEEDS = (0.9, 1.0, 1.25, 3.0)

_JITTER = 0.08
_FRAME = 0.02

# Seconds that may be missing at the end of an answer that still counts as heard completely.
_WHOLE = 0.005


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer was heard; times in seconds from its first frame.

    Attributes:
        first_sound: When it began; None if it never did.
        heard_at: When all of it was heard; None if it was not.
        underrun: Seconds of silence in its middle.
        gaps: Number of silences in its middle.
        reported_early: True if it was reported as finished before all of it was heard, or was never reported.
    """

    first_sound: float | None
    heard_at: float | None
    underrun: float
    gaps: int
    reported_early: bool


async def measure(samples: int, sampling: Sampling, *, seconds: float = 10.0) -> list[Figure]:
    """Give `samples` answers at each speed, all at the same time."""
    async with open_stage() as stage:
        answers = await side_by_side(partial(_answers, stage, samples, seconds, sampling))
    groups = [_figures(f"TTS at {speed}x", answers.map(itemgetter(speed))) for speed in SPEEDS]
    return [figure for group in groups for figure in group]


def _figures(group: str, answers: Both[list[Answer]]) -> list[Figure]:
    first_sound = answers.map(lambda side: [a.first_sound for a in side if a.first_sound is not None])
    heard_at = answers.map(lambda side: [a.heard_at for a in side if a.heard_at is not None])
    underrun = answers.map(lambda side: [answer.underrun for answer in side])
    gaps = answers.map(lambda side: [float(answer.gaps) for answer in side])
    early = answers.map(lambda side: [float(answer.reported_early) for answer in side])
    return [
        spread(group, "first frame to first sound", "s", first_sound)[0],
        spread(group, "first frame to all heard", "s", heard_at)[0],
        *spread(group, "silence within", "s", underrun),
        mean(group, "gaps within, mean", "", gaps),
        total(group, "reported before it was all heard, or never", "", early),
    ]


async def _answers(
    stage: Stage, samples: int, seconds: float, sampling: Sampling, plugin: Plugin
) -> dict[float, list[Answer]]:
    runs = list(product(SPEEDS, range(samples)))
    answers = await asyncio.gather(
        *(
            sampling.take(partial(_answer, stage, plugin, Pace(speed, _JITTER, _FRAME), seed, seconds))
            for speed, seed in runs
        )
    )
    grouped: dict[float, list[Answer]] = {speed: [] for speed in SPEEDS}
    for (speed, _), answer in zip(runs, answers, strict=True):
        grouped[speed].append(answer)
    return grouped


async def _answer(stage: Stage, plugin: Plugin, pace: Pace, seed: int, seconds: float) -> Answer:
    async with stage.call(plugin) as call:
        truth = call.truth
        began_at = call.now
        await synthesise(call.voice, tone(seconds), pace, Random(seed))  # noqa: S311 - the same in every run
        await call.settle(1)
        first = truth.started_at(truth.utterances[0]) if truth.utterances else None
        ended_at = truth.ended_at(truth.utterances[-1]) if truth.utterances else None
        whole = truth.heard >= seconds - _WHOLE
        # The stand-in reports an end at its next tick; a plugin's clock may be that much ahead.
        on_time = ended_at is not None and any(report.at >= ended_at - _WHOLE for report in call.reports[:1])
        return Answer(
            first_sound=None if first is None else first - began_at,
            heard_at=ended_at - began_at if whole and ended_at is not None else None,
            underrun=truth.underrun,
            gaps=truth.gaps,
            reported_early=not on_time,
        )
