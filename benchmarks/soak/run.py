"""Pairs of calls, one after the other, and the resources held between them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from benchmarks.soak.bounds import trends
from benchmarks.soak.call import hold_call
from benchmarks.soak.resources import at_rest
from benchmarks.soak.stage import open_stage
from benchmarks.soak.trend import Sample
from benchmarks.soak.troubles import troubles

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.soak.stage import Stage
    from benchmarks.soak.trend import Trend

# Calls at the same time.
TOGETHER = 2


@dataclass(slots=True)
class Soak:
    """The results of a run so far.

    Attributes:
        seconds: Length of the run.
        seed: Seed of all random choices.
        calls: Number of calls.
        sessions: Number of the service's sessions that were started for them.
        faults: Number of faults that struck.
        broken: Broken promises, each with the call's number and faults.
        samples: Resources between two pairs of calls: about every ten seconds.
    """

    seconds: float
    seed: int
    calls: int = 0
    sessions: int = 0
    faults: int = 0
    broken: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    @property
    def trends(self) -> list[Trend]:
        """The trend of each resource; empty before there are enough samples."""
        return trends(self.samples)

    @property
    def is_clean(self) -> bool:
        """True if every promise was kept and no resource grew."""
        found = self.trends
        return bool(found) and not self.broken and not any(trend.is_broken for trend in found)


async def run(soak: Soak, on_sample: Callable[[Soak], None]) -> None:
    """Hold calls until the time is over; `on_sample` is called after each pair."""
    loop = asyncio.get_running_loop()
    async with open_stage() as stage:
        began_at = loop.time()
        while loop.time() - began_at < soak.seconds or not soak.trends:
            await _hold_pair(stage, soak)
            held = await at_rest()
            soak.samples.append(Sample(loop.time() - began_at, soak.calls, held))
            on_sample(soak)


async def _hold_pair(stage: Stage, soak: Soak) -> None:
    first = soak.calls
    random = Random(f"{soak.seed} {first}")  # noqa: S311 - to be repeatable, not secret
    faults = troubles(random)
    await stage.arm(faults, seed=random.randrange(2**32))
    calls = [hold_call(stage, f"soak-{first + lane}", Random(random.random())) for lane in range(TOGETHER)]  # noqa: S311
    outcomes = await asyncio.gather(*calls)
    soak.calls += TOGETHER
    soak.sessions += sum(outcome.sessions for outcome in outcomes)
    soak.faults += await stage.count_struck()
    broken = [f"call {first + lane}: {what}" for lane, outcome in enumerate(outcomes) for what in outcome.broken]
    if left := await stage.open_sessions():
        broken.append(f"calls {first} to {soak.calls - 1}: {left} sessions are left open")
    soak.broken += [f"{what}; faults: {faults}" for what in broken]
