"""The table of facts matches the stand-in's options."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.liveavatar.habit_options import with_habits
from simulators.liveavatar.model import Habits
from simulators.liveavatar.model.habits import about_habits

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
OPTION = re.compile(r"`(\w+)=([^`]*)`")


def rows() -> Iterator[tuple[set[int], str]]:
    """Yield the numbers of each row of facts, and the stand-in's behaviour."""
    for line in PAGE.read_text("utf-8").partition("\n## Facts\n")[2].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 5 and (cells[0] == "" or cells[0][0].isdigit()):
            yield {int(number) for number in re.findall(r"\d+", cells[0])}, cells[3]


def test_every_option_is_in_the_table_with_its_default() -> None:
    """An option is there under its name, and as the command line writes it."""
    named = [option for _, stand_in in rows() for option in OPTION.findall(stand_in)]

    assert {name for name, _ in named} == set(about_habits())
    assert with_habits(Habits(), [f"{name}={value}" for name, value in named]) == Habits()


def test_every_fact_of_an_option_is_a_row_that_names_it() -> None:
    """A number in the code leads to an observation."""
    named = {
        (number, name) for numbers, stand_in in rows() for number in numbers for name, _ in OPTION.findall(stand_in)
    }
    modelled = {(number, name) for name, about in about_habits().items() for number in about.facts}

    assert modelled - named == set()


def test_every_fact_is_in_one_or_two_rows() -> None:
    """A fact is in two rows if two things follow from it."""
    numbers = [number for row, _ in rows() for number in row]

    assert sorted(set(numbers)) == sorted({number for number in numbers if numbers.count(number) <= 2})
    assert len(set(numbers)) > 50
