"""Numbers that are told side by side: of the official plugin, and of ours."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


class Plugin(Enum):
    """Whose `AvatarSession`."""

    OFFICIAL = "official"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Both(Generic[T]):
    """The same of both plugins."""

    official: T
    ours: T


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
        """Ours to the official one's; None where one is missing or the official one is zero."""
        if self.official is None or self.ours is None or self.official == 0:
            return None
        return self.ours / self.official


async def side_by_side(run: Callable[[Plugin], Awaitable[T]]) -> Both[T]:
    """Run it with both plugins at the same time."""
    return Both(*await asyncio.gather(run(Plugin.OFFICIAL), run(Plugin.OURS)))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest of `values` that at least `share` of them do not exceed; None without values."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)] if values else None


def spread(group: str, measure: str, unit: str, values: Both[Sequence[float]]) -> list[Figure]:
    """Median and 95th percentile."""
    samples = len(values.official), len(values.ours)
    return [
        Figure(group, f"{measure}, {name}", unit, *(percentile(v, share) for v in (values.official, values.ours)), samples)
        for name, share in (("median", 0.5), ("p95", 0.95))
    ]


def count(group: str, measure: str, unit: str, values: Both[Sequence[float]]) -> Figure:
    """The sum: of what happened, where each value is 0 or 1."""
    samples = len(values.official), len(values.ours)
    return Figure(group, measure, unit, sum(values.official), sum(values.ours), samples)


def share(group: str, measure: str, values: Both[Sequence[bool]]) -> Figure:
    """The part of `values` that is true, in percent."""
    samples = len(values.official), len(values.ours)
    official, ours = (100 * sum(v) / len(v) if v else None for v in (values.official, values.ours))
    return Figure(group, measure, "%", official, ours, samples)
