from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.soak.bounds import BOUNDS, trends
from benchmarks.soak.resources import Resources, at_rest
from benchmarks.soak.trend import Bound, Sample, trend

HELD = Resources(memory=100.0, blocks=500.0, tasks=3, descriptors=20, threads=10)
DESCRIPTORS = Bound("descriptors", "", 0, 0, "a call leaves none")
MEMORY = Bound("memory", "MB", 5, 0.1, "so it is")


def run_of(*memory: float, descriptors: int = 20) -> list[Sample]:
    """Return samples, one every 10 s and every two calls."""
    return [
        Sample(10.0 * number, 2 * number, replace(HELD, memory=megabytes, descriptors=descriptors))
        for number, megabytes in enumerate(memory)
    ]


def test_thirds_are_compared_by_their_medians_and_the_slope_is_per_hour() -> None:
    """An outlier in a third does not count; the samples in the middle count only for the slope."""
    found = trend(run_of(100, 900, 101, 102, 103, 104, 110, 0, 112), MEMORY)

    assert (found.first, found.last, found.growth, found.calls) == (101, 110, 9, 12)
    assert trend(run_of(100, 101, 102), MEMORY).slope == pytest.approx(360)


@pytest.mark.parametrize(("growth", "is_broken"), [(-9.0, False), (5.3, False), (5.5, True)])
def test_a_bound_has_a_fixed_part_and_a_part_per_call(growth: float, is_broken: bool) -> None:
    """Four calls lie between the two thirds: 5 MB, and 0.4 MB for them."""
    found = trend(run_of(100, 100, 100 + growth), MEMORY)

    assert found.most == pytest.approx(5.4)
    assert found.is_broken is is_broken


def test_descriptors_may_not_grow_at_all() -> None:
    """One more descriptor is a leak at any time; a constant level is not."""
    before, after = run_of(100, 100, 100), run_of(100, 100, 100, descriptors=21)

    assert trend([*before, *after[2:]], DESCRIPTORS).is_broken
    assert not trend(after, DESCRIPTORS).is_broken


def test_the_warm_up_is_left_out() -> None:
    """The trend begins at the level after the first calls."""
    samples = [*run_of(0, 50), *run_of(*[100.0] * 8)]

    assert [found.growth for found in trends(samples)] == [0.0] * len(BOUNDS)


def test_a_run_that_is_too_short_has_no_trend() -> None:
    """A trend needs three samples after the warm-up, which is the first sample here."""
    assert trends(run_of(100, 100, 100)) == []
    assert len(trends(run_of(100, 100, 100, 100))) == len(BOUNDS)


async def test_resources_are_counted_without_those_of_the_measurement() -> None:
    """The measures leave out their own task and folder, and each has a bound."""
    held = await at_rest()

    assert held.tasks == 0
    assert min(held.memory, held.blocks, held.descriptors, held.threads) > 0
    assert {bound.measure for bound in BOUNDS} == set(Resources.__dataclass_fields__)
