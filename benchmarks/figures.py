"""Numbers of the official plugin and of ours, side by side."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")
U = TypeVar("U")


class Plugin(Enum):
    """The plugin that is measured."""

    OFFICIAL = "official"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Both(Generic[T]):
    """A value for each plugin."""

    official: T
    ours: T

    def map(self, read: Callable[[T], U]) -> Both[U]:
        """Apply `read` to both values."""
        return Both(read(self.official), read(self.ours))


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        group: The benchmark.
        measure: The measured quantity, with `median` or `p95` if it is one.
        unit: Unit of both numbers.
        official: The official plugin's number; None if there is none.
        ours: Our plugin's number; None if there is none.
        samples: The numbers of measurements, the official plugin's first.
    """

    group: str
    measure: str
    unit: str
    official: float | None
    ours: float | None
    samples: tuple[int, int]

    @property
    def ratio(self) -> float | None:
        """Our number divided by the official one, without sign; None if one is missing or the official one is zero."""
        if self.official is None or self.ours is None or self.official == 0:
            return None
        return abs(self.ours / self.official)


async def side_by_side(run: Callable[[Plugin], Awaitable[T]]) -> Both[T]:
    """Run `run` with both plugins at the same time."""
    return Both(*await asyncio.gather(run(Plugin.OFFICIAL), run(Plugin.OURS)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest of `values` that at least `share` of them do not exceed; None without values."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)] if values else None


def spread(group: str, measure: str, unit: str, values: Both[list[float]]) -> list[Figure]:
    """Return the median and the 95th percentile."""
    return [
        _figure(group, f"{measure}, {name}", unit, values, partial(percentile, share=share))
        for name, share in (("median", 0.5), ("p95", 0.95))
    ]


def total(group: str, measure: str, unit: str, values: Both[list[float]]) -> Figure:
    """Return the sum."""
    return _figure(group, measure, unit, values, sum)


def mean(group: str, measure: str, unit: str, values: Both[list[float]]) -> Figure:
    """Return the mean."""
    return _figure(group, measure, unit, values, lambda side: sum(side) / len(side) if side else None)


def _figure(
    group: str, measure: str, unit: str, values: Both[list[float]], summary: Callable[[list[float]], float | None]
) -> Figure:
    samples = len(values.official), len(values.ours)
    return Figure(group, measure, unit, summary(values.official), summary(values.ours), samples)
