"""Habits on the command line."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from simulators.arguments import parse_arguments
from simulators.liveavatar import STATE_ONLY, Habits
from simulators.liveavatar.habit_options import describe_habits, with_habits


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("start_takes=15", "start_takes", 15.0),
        ("connected_after=none", "connected_after", None),
        ("connected_after=5.6", "connected_after", 5.6),
        ("concurrency=1", "concurrency", 1),
        ("drops_early_commands=false", "drops_early_commands", False),
        ("dialect=state_only", "dialect", STATE_ONLY),
        ("paid_limit=ends", "paid_limit", "ends"),
        ("failing_starts=500,503", "failing_starts", (500, 503)),
        ("failing_starts=", "failing_starts", ()),
    ],
)
def test_habit_is_read_by_its_type(text: str, name: str, value: Any) -> None:
    """Numbers, words and lists are read, and `none` where a habit may be missing."""
    assert getattr(with_habits(Habits(), [text]), name) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("patience=3", "no habit is called patience"),
        ("start_takes", "start_takes cannot be ''"),
        ("start_takes=none", "start_takes cannot be 'none'"),
        ("drops_early_commands=maybe", "drops_early_commands cannot be 'maybe'"),
        ("concurrency=1.5", "concurrency cannot be '1.5'"),
        ("dialect=klingon", "dialect cannot be 'klingon'"),
    ],
)
def test_invalid_habit_ends_the_program(text: str, reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says where the habits are listed."""
    with pytest.raises(SystemExit) as end:
        parse_arguments(["--habit", text])

    assert end.value.code == 2
    assert f"--habit: {reason}; see --help" in capsys.readouterr().err


def test_every_habit_is_described_with_its_default() -> None:
    """Each line of the help can be passed to the program."""
    lines = [line.split(": ")[0].strip() for line in describe_habits().splitlines()]

    assert [line.split("=")[0] for line in lines] == [each.name for each in fields(Habits)]
    assert with_habits(Habits.fast(), lines) == Habits()


def test_fast_habits_can_be_changed_one_by_one() -> None:
    """`--fast` is applied first, wherever it stands."""
    habits = parse_arguments(["--habit", "start_takes=2", "--fast"]).options.liveavatar.habits

    assert habits == Habits.fast(start_takes=2.0)
