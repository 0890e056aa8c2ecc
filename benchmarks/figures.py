"""Numbers that are told side by side: of the official plugin, and of ours."""

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
    """Whose `AvatarSession`."""

    OFFICIAL = "official"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Both(Generic[T]):
    """The same of both plugins."""

    official: T
    ours: T

    def map(self, read: Callable[[T], U]) -> Both[U]:
        """The same question to both."""
        return Both(read(self.official), read(self.ours))


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        group: what was done.
        measure: what was measured, with `median` or `p95` where it is one.
        unit: of both numbers.
        official: of the official plugin; None: there is nothing to measure.
        ours: of ours.
        samples: how many measurements of each plugin are in it, the official one's first.
    """

    group: str
    measure: str
    unit: str
    official: float | None
    ours: float | None
    samples: tuple[int, int]

    @property
    def ratio(self) -> float | None:
        """Ours to the official one's, by size; None where one is missing or the official one is zero."""
        if self.official is None or self.ours is None or self.official == 0:
            return None
        return abs(self.ours / self.official)


async def side_by_side(run: Callable[[Plugin], Awaitable[T]]) -> Both[T]:
    """Run it with both plugins at the same time."""
    return Both(*await asyncio.gather(run(Plugin.OFFICIAL), run(Plugin.OURS)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of `values` that at least `share` of them do not exceed; None without values."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)] if values else None


def spread(group: str, measure: str, unit: str, values: Both[list[float]]) -> list[Figure]:
    """Median and 95th percentile."""
    return [
        _figure(group, f"{measure}, {name}", unit, values, partial(percentile, share=share))
        for name, share in (("median", 0.5), ("p95", 0.95))
    ]


def total(group: str, measure: str, unit: str, values: Both[list[float]]) -> Figure:
    """The sum."""
    return _figure(group, measure, unit, values, sum)


def mean(group: str, measure: str, unit: str, values: Both[list[float]]) -> Figure:
    """The mean."""
    return _figure(group, measure, unit, values, lambda side: sum(side) / len(side) if side else None)


def _figure(
    group: str, measure: str, unit: str, values: Both[list[float]], summary: Callable[[list[float]], float | None]
) -> Figure:
    samples = len(values.official), len(values.ours)
    return Figure(group, measure, unit, summary(values.official), summary(values.ours), samples)
