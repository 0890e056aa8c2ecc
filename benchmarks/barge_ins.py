"""Random barge-ins: is the position right, did the interrupt arrive, was every segment reported exactly once?"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from benchmarks.figures import Both, Figure, Plugin, mean, side_by_side, spread, total
from benchmarks.speech import Pace, synthesise, tone
from benchmarks.stage import Stage, open_stage
from simulators.liveavatar import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.call import Call
    from benchmarks.sampling import Sampling

_GROUP = "barge-in"

# Calls at the same time, of each plugin: with more, two cores are too few, and the machine is measured instead.
_LANES = 10

_SHORTEST, _LONGEST = 1.0, 8.0
_PACE = Pace(speed=3.0)
# Seconds by which a position may be wrong before it counts as a broken promise.
_WRONG = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """A segment to be cut: its length, and when it is cut, in seconds from its first frame."""

    length: float
    moment: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one cut segment.

    Attributes:
        heard: Seconds of it that were heard in the end.
        reported: The positions that were reported, one if all is well.
        unfinished: True if audio of it was sent and not finished when it was cut.
        interrupted: True if an `agent.interrupt` came then.
        late_chunks: Chunks of it that came after the interrupt, or after the call if none came.
    """

    heard: float
    reported: list[float]
    unfinished: bool
    interrupted: bool
    late_chunks: int

    @property
    def errors(self) -> list[float]:
        """Seconds by which the last report is wrong; empty without a report."""
        return [abs(position - self.heard) for position in self.reported[-1:]]

    @property
    def is_broken(self) -> bool:
        """True unless it was reported exactly once, with the right position."""
        return len(self.reported) != 1 or self.errors[0] > _WRONG


async def measure(samples: int, sampling: Sampling) -> list[Figure]:
    """Cut `samples` random segments of each plugin in each dialect."""
    figures: list[Figure] = []
    outcomes: Both[list[Outcome]] = Both([], [])
    for dialect in DIALECTS.values():
        plans = _plans(samples, Random(dialect.name))  # noqa: S311 - the same in every run
        async with open_stage(dialect) as stage:
            of_dialect = await side_by_side(partial(_in_dialect, stage, plans, sampling))
        figures += spread(_GROUP, f"|reported - heard|, {dialect.name}", "ms", of_dialect.map(_milliseconds_wrong))
        outcomes = Both(outcomes.official + of_dialect.official, outcomes.ours + of_dialect.ours)
    return figures + _promises(outcomes)


def _milliseconds_wrong(outcomes: list[Outcome]) -> list[float]:
    return [error * 1000 for outcome in outcomes for error in outcome.errors]


def _promises(outcomes: Both[list[Outcome]]) -> list[Figure]:
    def each(read: Callable[[Outcome], float], *, unfinished: bool = False) -> Both[list[float]]:
        return outcomes.map(lambda side: [read(outcome) for outcome in side if outcome.unfinished or not unfinished])

    interrupted = each(lambda outcome: 100 * outcome.interrupted, unfinished=True)
    return [
        mean(_GROUP, "interrupt came, when audio was sent and not finished", "%", interrupted),
        total(_GROUP, "chunks of the old segment after that", "", each(lambda o: o.late_chunks, unfinished=True)),
        total(_GROUP, "promises broken", "", each(lambda outcome: outcome.is_broken)),
        total(_GROUP, "of these: never reported as finished", "", each(lambda outcome: not outcome.reported)),
        total(_GROUP, "of these: reported more than once", "", each(lambda outcome: len(outcome.reported) > 1)),
    ]


def _plans(samples: int, random: Random) -> list[Plan]:
    lengths = [random.uniform(_SHORTEST, _LONGEST) for _ in range(samples)]
    return [Plan(length, random.uniform(0, length)) for length in lengths]


async def _in_dialect(stage: Stage, plans: list[Plan], sampling: Sampling, plugin: Plugin) -> list[Outcome]:
    """Cut the same segments with each plugin, shared among calls that run at the same time."""
    lanes = [plans[lane::_LANES] for lane in range(min(_LANES, len(plans)))]
    outcomes = await asyncio.gather(*(_in_call(stage, plugin, lane, sampling) for lane in lanes))
    return [outcome for lane in outcomes for outcome in lane]


async def _in_call(stage: Stage, plugin: Plugin, plans: list[Plan], sampling: Sampling) -> list[Outcome]:
    async with stage.call(plugin) as call:
        return [await sampling.take(partial(cut, call, plan)) for plan in plans]


async def cut(call: Call, plan: Plan) -> Outcome:
    """Say a segment, cut it, and return what was heard and reported in the end."""
    truth = call.truth
    heard, reports, commands = truth.heard, len(call.reports), len(truth.commands())
    speaking = asyncio.create_task(synthesise(call.voice, tone(plan.length), _PACE, Random(0)))  # noqa: S311 - no jitter
    await asyncio.sleep(plan.moment)
    sent = [command.type for command in truth.commands(commands)]
    unfinished = "agent.speak" in sent and truth.heard - heard < plan.length and len(call.reports) == reports
    call.barge_in(flushed=not speaking.cancel())
    await asyncio.gather(speaking, return_exceptions=True)
    await call.settle(reports + 1)
    after = [command.type for command in truth.commands(commands + len(sent))]
    interrupted = "agent.interrupt" in after
    late = after[after.index("agent.interrupt") :] if interrupted else after
    return Outcome(
        heard=truth.heard - heard,
        reported=[report.position for report in call.reports[reports:]],
        unfinished=unfinished,
        interrupted=interrupted,
        late_chunks=late.count("agent.speak"),
    )
