from __future__ import annotations

from functools import partial

import pytest

from benchmarks import fidelity, joining
from benchmarks.barge_ins import Outcome, Plan, cut
from benchmarks.figures import Plugin
from benchmarks.run import steps
from benchmarks.sampling import sampling
from benchmarks.stage import open_stage
from simulators.liveavatar import DIALECTS, Dialect


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda dialect: dialect.name)
async def test_an_interrupted_segment_is_reported_where_it_was_interrupted(dialect: Dialect) -> None:
    """Our plugin reports once, at the played position; nothing of the segment follows the interrupt."""
    async with open_stage(dialect) as stage, stage.call(Plugin.OURS) as call:
        outcome = await cut(call, Plan(length=3.0, moment=0.7))

    assert outcome.unfinished
    assert outcome.interrupted
    assert outcome.late_chunks == 0
    assert 0 < outcome.heard < 3.0
    assert not outcome.is_broken


def test_a_promise_is_broken_by_a_wrong_position_or_number_of_reports() -> None:
    """The promise is kept by one report at the right position."""

    def outcome(*reported: float) -> Outcome:
        return Outcome(heard=1.0, reported=list(reported), unfinished=True, interrupted=True, late_chunks=0)

    assert [outcome(*positions).is_broken for positions in ((1.1,), (6.0,), (), (1.0, 1.0))] == [
        False,
        True,
        True,
        True,
    ]


@pytest.mark.long
async def test_both_plugins_say_two_segments_and_report_progress_of_each() -> None:
    """A measure has as many samples as the run expects of it."""
    advanced: list[None] = []
    step = next(step for step in steps(quick=True) if step.measure is joining.measure)

    async with sampling() as samples:
        samples.advance = partial(advanced.append, None)
        figures = await step.measure(1, samples)

    assert len(advanced) == step.advances
    assert figures[0].samples[1] == 1
    assert figures[-1].ours == 0


async def test_our_audio_is_heard_bit_by_bit_and_none_is_lost_in_conversion() -> None:
    """The avatar plays whole segments, whatever their format."""
    async with sampling() as samples:
        figures = await fidelity.measure(1, samples)

    exact, *lost = figures
    assert exact.ours == 100
    assert [figure.ours for figure in lost] == [pytest.approx(0, abs=1)] * len(fidelity.FORMATS)
