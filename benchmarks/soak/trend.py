"""Whether the held resources grow, and by how much. Pure."""

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
    """The resources held after a number of calls.

    Attributes:
        at: Seconds since the start.
        calls: Number of calls by then.
        held: The resources held between two calls.
    """

    at: float
    calls: int
    held: Resources


@dataclass(frozen=True, slots=True)
class Bound:
    """The most by which a resource may grow from the first third of a run to the last.

    Attributes:
        measure: A field of `Resources`.
        unit: The unit of the measure.
        once: Growth allowed whatever the number of calls.
        per_call: Growth allowed for each call in between.
        why: The reason for the two.
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
        bound: The measure and its bound.
        first: Its median in the first third.
        last: Its median in the last third.
        slope: Its growth per hour.
        calls: Number of calls between the middles of the two thirds.
    """

    bound: Bound
    first: float
    last: float
    slope: float
    calls: float

    @property
    def growth(self) -> float:
        """The growth from the first third to the last."""
        return self.last - self.first

    @property
    def most(self) -> float:
        """The most growth that the bound allows."""
        return self.bound.once + self.bound.per_call * self.calls

    @property
    def is_broken(self) -> bool:
        """True if it has grown by more than that."""
        return self.growth > self.most


def trend(samples: Sequence[Sample], bound: Bound) -> Trend:
    """Summarize a measure of at least three samples, none of which is from the warm-up."""
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
    """Return the slope by least squares; 0 if all samples are from one instant."""
    return statistics.linear_regression(times, values).slope if len(set(times)) > 1 else 0.0
