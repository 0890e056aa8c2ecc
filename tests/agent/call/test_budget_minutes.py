"""The remaining minutes of a call that has had a job before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.call.budget_minutes import minutes_left
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from pathlib import Path

ROOM = "call-0123456789abcdef"


class Clock:
    """A settable Unix clock."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def journal_with(path: Path, room: str, *seconds: float) -> SessionJournal:
    """Make a journal with stopped sessions in a room, each of this many seconds."""
    clock = Clock()
    journal = SessionJournal(path, clock)
    for number, length in enumerate(seconds):
        journal.add(f"s-{number}", api_url="http://vendor", room=room)
        journal.mark_started(f"s-{number}")
        clock.now += length
        journal.mark_stopped(f"s-{number}")
    return journal


@pytest.mark.parametrize(("seconds", "left"), [((), 10.0), ((120.0, 60.0), 7.0), ((900.0,), 0.0)])
async def test_the_minutes_do_not_start_again_with_a_new_job(
    tmp_path: Path, seconds: tuple[float, ...], left: float
) -> None:
    """A caller who joins again with the token of an ended call gets the minutes that were left."""
    journal = journal_with(tmp_path, ROOM, *seconds)

    assert await minutes_left(Settings(minutes_per_call=10.0), journal, ROOM) == left


async def test_other_calls_minutes_do_not_count(tmp_path: Path) -> None:
    """Sessions in other rooms do not count, nor do those in a room with a permanent name."""
    settings = Settings(minutes_per_call=10.0)
    journal = journal_with(tmp_path, "weekly", 900.0)

    assert await minutes_left(settings, journal, ROOM) == 10.0
    assert await minutes_left(settings, journal, "weekly") == 10.0


async def test_a_call_without_a_limit_has_none(tmp_path: Path) -> None:
    """The journal is not read."""
    assert await minutes_left(Settings(), journal_with(tmp_path, ROOM, 900.0), ROOM) is None


async def test_a_journal_that_can_not_be_read_does_not_end_a_call(tmp_path: Path) -> None:
    """The call gets all its minutes."""
    (tmp_path / "file").touch()

    assert await minutes_left(Settings(minutes_per_call=10.0), SessionJournal(tmp_path / "file"), ROOM) == 10.0
