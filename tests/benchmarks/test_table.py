from __future__ import annotations

import io

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.table import as_json, as_table

FIGURES = [
    Figure("barge-in", "wrong by, median", "ms", 5700.0, 20.0, (9, 10)),
    Figure("barge-in", "promises broken", "", 61, 0, (90, 90)),
    Figure("pause", "to silence", "s", None, 0.5, (0, 3)),
]


def test_table_shows_each_figure_with_its_unit_ratio_and_samples() -> None:
    """A missing number is a dash, and a group is named once."""
    console = Console(width=120, file=io.StringIO())

    console.print(as_table(FIGURES))

    assert isinstance(console.file, io.StringIO)
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in console.file.getvalue().splitlines()]
    assert [line for line in lines if line] == [
        ["barge-in", "wrong by, median", "5700.0 ms", "20.0 ms", "0.00", "9 / 10"],
        ["", "promises broken", "61", "0", "0.00", "90"],
        ["pause", "to silence", "-", "0.50 s", "-", "0 / 3"],
    ]


def test_json_has_the_ratio_of_each_figure() -> None:
    """The JSON has one object for each figure."""
    assert as_json(FIGURES[2:]) == [
        {
            "group": "pause",
            "measure": "to silence",
            "unit": "s",
            "official": None,
            "ours": 0.5,
            "samples": (0, 3),
            "ratio": None,
        }
    ]
