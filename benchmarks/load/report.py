"""The report of the steps: a row for each, the knee, and how many calls a worker carries."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean, median, quantiles
from typing import TYPE_CHECKING, Final

from docs.marked import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.figures import Plugin
    from benchmarks.load.step import Step

HEAD: Final = (
    "worker",
    "calls",
    "machine busy",
    "cores, a call",
    "memory, a call",
    "join to first word, p50 / p95",
    "turn, p50 / p95",
    "missed",
)

SIZING_HEAD: Final = (
    "worker",
    "calls at the knee, on this machine",
    "cores, a call",
    "memory, a call",
    "calls of a worker of four cores at 70 % of its CPU",
)

# The share of its cores at which a worker refuses calls: livekit-agents' `load_threshold`.
_THRESHOLD: Final = 0.7


@dataclass(frozen=True, slots=True)
class Sizing:
    """The size of a worker with four cores, from one plugin's steps.

    Attributes:
        knee: Most calls at a time whose turns are less than twice as long as those of the smallest step; 0 if none.
        cores: Processor cores of a call, at the knee.
        memory: Megabytes of a call, at the knee.
        calls: Calls at which such a worker reaches the load at which it refuses more.
    """

    knee: int
    cores: float
    memory: float
    calls: int


def as_markdown(steps: Iterable[Step]) -> str:
    """Return a table with a row for each step."""
    return table(HEAD, map(_row, steps))


def sizing(steps: Sequence[Step], plugin: Plugin, cores: int = 4) -> Sizing:
    """Find the knee of one plugin's steps, and a call's cost there."""
    own = [step for step in steps if step.plugin is plugin]
    good = [step for step in own if step.keeps_up(own[0])]
    if not good:
        return Sizing(0, 0.0, 0.0, 0)
    best = max(good, key=lambda step: step.calls)
    per_call = best.cores / best.calls
    return Sizing(best.calls, per_call, _memory(best), int(_THRESHOLD * cores / per_call))


def sizing_table(steps: Sequence[Step]) -> str:
    """Return a table with a row for each plugin."""
    found = {plugin: sizing(steps, plugin) for plugin in dict.fromkeys(step.plugin for step in steps)}
    return table(
        SIZING_HEAD,
        (
            (plugin.value, str(each.knee), f"{each.cores:.2f}", f"{each.memory:.0f} MB", str(each.calls))
            for plugin, each in found.items()
        ),
    )


def _row(step: Step) -> tuple[str, ...]:
    return (
        step.plugin.value,
        str(step.calls),
        f"{step.machine:.1f} cores",
        f"{step.cores / step.calls:.2f}",
        f"{_memory(step):.0f} MB",
        _spread(step.joins),
        _spread(step.turns),
        str(step.missed),
    )


def _memory(step: Step) -> float:
    return (step.memory - step.idle_memory) / step.calls


def _spread(seconds: Sequence[float]) -> str:
    if len(seconds) < 2:  # noqa: PLR2004 - one value has no spread
        return f"{mean(seconds):.1f} s" if seconds else "none"
    cuts = quantiles(seconds, n=20, method="inclusive")
    return f"{median(seconds):.1f} / {cuts[18]:.1f} s"
