"""The figures as a table for people, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.figures import Figure


def as_table(figures: Sequence[Figure]) -> Table:
    """Return a table with a row for each figure, and a rule between benchmarks."""
    table = Table(title="The official plugin and ours")
    for heading in ("", "measure"):
        table.add_column(heading)
    for heading in ("official", "ours", "ratio", "samples"):
        table.add_column(heading, justify="right")
    for name, group in groupby(figures, key=lambda figure: figure.group):
        for number, figure in enumerate(group):
            table.add_row("" if number else name, *_cells(figure))
        table.add_section()
    return table


def as_json(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """Return an object for each figure, including its ratio."""
    return [{**asdict(figure), "ratio": figure.ratio} for figure in figures]


def _cells(figure: Figure) -> tuple[str, ...]:
    ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}"
    official, ours = (_number(value, figure.unit) for value in (figure.official, figure.ours))
    return figure.measure, official, ours, ratio, _samples(figure)


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if not unit and value == round(value):
        return f"{value:.0f}"
    digits = {"s": 2}.get(unit, 1)
    return f"{value:.{digits}f} {unit}".strip()


def _samples(figure: Figure) -> str:
    official, ours = figure.samples
    return f"{ours}" if official == ours else f"{official} / {ours}"
