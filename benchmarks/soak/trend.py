"""Whether what is held grows, and by how much. Pure."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.soak.resources import Resources

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What was held after so many calls.

    Attributes:
        at: seconds since the start.
        calls: that were held by then.
        held: between two calls.
    """

    at: float
    calls: int
    held: Resources


@dataclass(frozen=True, slots=True)
class Bound:
    """How much more may be held in the last third than in the first.

    Attributes:
        measure: a field of `Resources`.
        unit: of it.
        once: that much, whatever the number of calls.
        per_call: and that much for each call in between.
        why: the reason for the two.
    """

    measure: str
    unit: str
    once: float
    per_call: float
    why: str


@dataclass(frozen=True, slots=True)
class Trend:
    """One measure in the course of a run.

    Attributes:
        bound: what is watched.
        first: its median in the first third.
        last: in the last third.
        slope: by which it grows, an hour.
        calls: between the middles of the two.
    """

    bound: Bound
    first: float
    last: float
    slope: float
    calls: float

    @property
    def growth(self) -> float:
        """From the first third to the last."""
        return self.last - self.first

    @property
    def most(self) -> float:
        """That the bound allows."""
        return self.bound.once + self.bound.per_call * self.calls

    @property
    def is_broken(self) -> bool:
        """Whether it has grown by more than that."""
        return self.growth > self.most


def trend(samples: Sequence[Sample], bound: Bound) -> Trend:
    """Sum up a measure of three samples at least, those of the warm-up left out by who asks."""
    third = len(samples) // 3
    first, last = samples[:third], samples[-third:]
    values = [_value(sample, bound) for sample in samples]
    return Trend(
        bound,
        first=statistics.median(values[:third]),
        last=statistics.median(values[-third:]),
        slope=_slope([sample.at for sample in samples], values) * _HOUR,
        calls=statistics.median(sample.calls for sample in last) - statistics.median(sample.calls for sample in first),
    )


def _value(sample: Sample, bound: Bound) -> float:
    return float(getattr(sample.held, bound.measure))


def _slope(times: Sequence[float], values: Sequence[float]) -> float:
    """By least squares; flat where all is one instant."""
    return statistics.linear_regression(times, values).slope if len(set(times)) > 1 else 0.0
