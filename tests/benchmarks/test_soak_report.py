from __future__ import annotations

import io
import json
from random import Random

import pytest
from rich.console import Console

from benchmarks.soak.report import HEADINGS, as_json, as_page, as_table
from benchmarks.soak.resources import Resources
from benchmarks.soak.run import Soak
from benchmarks.soak.trend import Sample
from benchmarks.soak.troubles import troubles
from simulators.faults import parse_faults


def soak_of(*descriptors: int) -> Soak:
    """Return a run of two minutes with these descriptors; the first sample of four is the warm-up."""
    samples = [
        Sample(60.0 * number, 10 * number, Resources(100.0, 500.0, 0, count, 10))
        for number, count in enumerate(descriptors)
    ]
    return Soak(seconds=120, seed=1, calls=20, sessions=25, faults=9, samples=samples)


def test_a_run_is_clean_if_promises_were_kept_and_nothing_grew() -> None:
    """One broken promise or one leaked descriptor fails the run; a run without a trend proves nothing."""
    broken = soak_of(20, 20, 20, 20)
    broken.broken.append("call 3: 2 segments, 1 reports")

    assert soak_of(20, 20, 20, 20).is_clean
    assert not broken.is_clean
    assert not soak_of(20, 20, 20, 21).is_clean
    assert not soak_of(20).is_clean


def test_the_table_has_a_line_for_each_measure() -> None:
    """A line has both thirds, the difference, the limit, and the slope."""
    console = Console(width=120, file=io.StringIO())

    console.print(as_table(soak_of(20, 20, 20, 22)))

    assert isinstance(console.file, io.StringIO)
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in console.file.getvalue().splitlines()]
    assert ["descriptors", "20.0", "22.0", "+2.0", "0.0", "+60.0"] in lines


def test_the_page_has_the_run_and_its_table() -> None:
    """The page has no date: the same run gives the same page."""
    page = as_page(soak_of(20, 20, 20, 20))

    assert "| minutes | 2 |\n| calls | 20 |\n| faults | 9 |\n| sessions of the service | 25 |" in page
    assert f"| {' | '.join(HEADINGS)} |" in page
    assert "| memory, MB | 100.0 | 100.0 | +0.0 |" in page


def test_json_has_the_samples_the_trends_and_the_verdict() -> None:
    """The JSON can be written, and holds all results."""
    written = json.loads(json.dumps(as_json(soak_of(20, 20, 20, 20))))

    assert (len(written["samples"]), len(written["trends"]), written["is_clean"]) == (4, 5, True)


@pytest.mark.parametrize("seed", range(50))
def test_troubles_are_faults_that_the_stand_in_takes(seed: int) -> None:
    """The troubles follow from the seed."""
    faults, again = (troubles(Random(seed)) for _ in range(2))  # noqa: S311 - to be repeatable, not secret

    assert len(parse_faults(faults)) == len(faults)
    assert again == faults
