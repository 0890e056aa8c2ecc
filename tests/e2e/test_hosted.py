"""A call in a room of LiveAvatar's: it works as in our own, and only the caller is listened to."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from avatar.sessions.hosted import AVATAR_IDENTITY
from demo.call.call import call
from tests.e2e.stage import SHORT_CALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


async def test_a_call_in_a_room_of_liveavatars(stage: Stage, tmp_path: Path) -> None:
    """Without a LiveKit server of ours: heard, answered, interrupted, ended, and the one session is stopped.

    The avatar speaks first, and is never taken for the caller: its words are not answered.
    """
    hosted = replace(stage, room_owner="liveavatar")
    before = len(await stage.sessions())
    async with hosted.worker() as worker:
        ticket = await hosted.ticket("hosted")
        made = await call(
            ticket.url, ticket.token, stand_ins_url=stage.stand_ins, directory=tmp_path, script=SHORT_CALL
        )
        session = await stage.ended_session()
        lines = worker.tail(1000)

    assert made.opening
    assert [outcome.problems for outcome in made.outcomes] == [[], [], []]
    assert [outcome.heard.split()[:2] for outcome in made.outcomes] == [
        ["what", "time"],
        ["tell", "me"],
        ["stop", "please"],
    ]
    assert len(await stage.sessions()) == before + 1
    assert session["end_reason"] == "USER_CLOSED"
    linked = [line for line in lines if "RoomIO linked to participant" in line]
    assert linked, "the session was not linked to the caller from the start"
    assert not [line for line in linked if AVATAR_IDENTITY in line]
    assert not [line for line in lines if ticket.token in line or "/ws/" in line or "eyJ" in line]
    assert not [line for line in lines if "Traceback" in line or '"level": "ERROR"' in line]
