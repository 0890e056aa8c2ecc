"""An incoming telephone call is answered with a published track."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc

from agent.call.answering import Answering
from tests.agent.call.call_fakes import JobRoom
from tests.agent.control.fakes import CalledSession, presence_of
from tests.agent.room_fakes import PHONE

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

RINGING = {"sip.callStatus": "ringing"}


class Ringing:
    """A room whose telephones are answered."""

    def __init__(self) -> None:
        self.room = JobRoom("a-room")
        presence = presence_of(CalledSession(room=self.room), self.room)
        any_room: Any = self.room
        self.answering = Answering(any_room, presence)
        self.presence = presence

    async def changes(self) -> list[str]:
        """Signal a change, and return the tracks that are published afterwards."""
        self.presence.refresh()
        self.presence.emit("changed")
        await asyncio.sleep(0.05)
        return list(self.room.local_participant.tracks)


async def test_a_track_is_there_while_a_telephone_rings() -> None:
    """Each ringing telephone gets a published track; a caller with a screen needs none."""
    call = Ringing()
    call.room.come("client")
    told = [await call.changes()]
    for identity in ("phone", "another phone"):
        call.room.come(identity, dict(RINGING), PHONE)
        told.append(await call.changes())
        call.room.set(identity, sip_callStatus="active")
        told.append(await call.changes())

    assert told == [[], ["answering"], [], ["answering"], []]


async def test_a_track_that_can_not_be_published_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Publishing may fail, and the call goes on: an outgoing call needs no track."""
    call = Ringing()

    async def refuse(*_: object) -> None:
        message = "no permission"
        raise rtc.participant.PublishTrackError(message)

    call.room.local_participant.publish_track = refuse
    call.room.come("phone", dict(RINGING), PHONE)
    await call.changes()

    assert [record.getMessage() for record in caplog.records] == ["a telephone that rings may not be answered"]


async def test_the_end_of_the_call_publishes_nothing_more() -> None:
    """Closing cancels a pending publication, and is allowed when nothing was published."""
    call = Ringing()
    call.answering.close()
    call.room.come("phone", dict(RINGING), PHONE)
    await call.changes()
    assert call.answering._publishing is not None
    call.answering.close()
    await asyncio.gather(call.answering._publishing, return_exceptions=True)

    assert call.answering._publishing.cancelled()
