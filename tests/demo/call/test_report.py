"""The report of a call."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.call import report
from demo.call.call import Call
from demo.call.recording import Recording
from demo.call.turns import Outcome, Turn

if TYPE_CHECKING:
    from pathlib import Path

GOOD = Outcome(
    Turn("what time is it in london"),
    heard="what time is it in london",
    answered="in london it is ten",
    captioned="In London it is ten.",
    to_first_sound=1.2344,
)
BARGE_IN = Outcome(Turn("stop please", barges_in=True), heard="stop", answered="okay", to_silence=0.61)


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Return a recording of nothing."""
    recording = Recording(tmp_path)
    recording.close()
    return recording


def test_table_has_a_row_for_each_turn(recording: Recording) -> None:
    """A row has the words, the milliseconds, and whether the turn was good."""
    console = Console(file=io.StringIO(), width=200)

    console.print(report.table(Call("Hello.", [GOOD, BARGE_IN], recording)))

    assert isinstance(console.file, io.StringIO)
    rows = [line for line in console.file.getvalue().splitlines() if line.startswith("│")]
    assert [cell.strip() for cell in rows[0].split("│")[1:-1]] == [
        "1",
        "what time is it in london",
        "what time is it in london",
        "in london it is ten",
        "1234",
        "-",
        "yes",
    ]
    assert "stop please (barges in)" in rows[1]
    assert "610" in rows[1]


def test_a_call_with_a_bad_turn_is_not_good(recording: Recording) -> None:
    """One problem fails the call; the report names its turn."""
    failed = Outcome(Turn("hello"), problems=["no answer was heard within 20 s"])

    assert Call("", [GOOD], recording).ok
    assert not Call("", [GOOD, failed], recording).ok
    assert report.problems(Call("", [GOOD, failed], recording)) == ["turn 2: no answer was heard within 20 s"]


def test_the_transcript_has_what_was_said_and_what_was_heard(recording: Recording) -> None:
    """The transcript has both sides of each turn, and the opening."""
    text = report.transcript(Call("Hello, I am Nova.", [GOOD], recording))

    assert text.splitlines()[:7] == [
        "agent    Hello, I am Nova.",
        "",
        "caller   what time is it in london",
        "  heard    what time is it in london",
        "agent    In London it is ten.",
        "  heard    in london it is ten",
        "  first sound after 1234 ms",
    ]
