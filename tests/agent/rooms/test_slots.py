"""The account's slots, which are taken before a job is accepted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from agent import worker
from agent.rooms.slots import AccountSlots
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from pathlib import Path


def slots(directory: Path, **given: object) -> AccountSlots:
    """Make the slots of an account with two."""
    settings = Settings.model_validate({"avatar_slots": 2, "no_slot": "refuse", **given})
    return AccountSlots(settings, SessionJournal(directory))


async def test_each_call_takes_a_slot_until_none_is_left(tmp_path: Path) -> None:
    """Workers that share a journal count together; a call that asks again keeps its slot."""
    first, second = slots(tmp_path), slots(tmp_path)
    taken = [await first.take("call-1"), await second.take("call-2"), await first.take("call-3")]

    assert taken == [True, True, False]
    assert await second.take("call-1")
    assert first.load() == 1.0


@pytest.mark.parametrize("given", [{"no_slot": "wait"}, {"no_slot": "voice"}, {"avatar_slots": 0}])
async def test_calls_that_need_no_slot_do_not_count(tmp_path: Path, given: dict[str, object]) -> None:
    """They are accepted, and may go on by voice; without a limit nothing is counted."""
    each = slots(tmp_path, **given)
    taken = [await each.take(f"call-{number}") for number in range(4)]

    assert (taken, each.load()) == ([True] * 4, 0.0)


async def test_an_unreadable_journal_refuses_no_call(tmp_path: Path) -> None:
    """LiveAvatar refuses the session if there is no slot."""
    (tmp_path / "file").touch()
    broken = slots(tmp_path / "file")

    assert (await broken.take("call-1"), broken.load()) == (True, 0.0)


async def test_a_job_without_a_slot_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiveKit then offers it to another worker."""
    monkeypatch.setattr(worker.server, "slots", slots(tmp_path, avatar_slots=1))
    answers: list[str] = []

    class Request:
        def __init__(self, name: str) -> None:
            self.room = SimpleNamespace(name=name)

        async def accept(self) -> None:
            answers.append("accepted")

        async def reject(self) -> None:
            answers.append("rejected")

    for name in ("call-1", "call-2"):
        await worker.take_job(Request(name))  # type: ignore[arg-type] # as far as it is used

    assert answers == ["accepted", "rejected"]
