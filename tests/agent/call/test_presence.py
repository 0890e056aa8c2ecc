from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, TurnHandlingOptions
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from agent.call.presence import Presence
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS
from tests.avatar.fakes import FakeRoom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
LONG = 60.0
SHORT = 0.05
AT_ONCE = 0.0
AVATAR = {ATTRIBUTE_PUBLISH_ON_BEHALF: "the-agent"}


class Links:
    """What the session's room I/O is told."""

    def __init__(self, room: Room) -> None:
        self.linked: list[str] = []
        self._room = room

    @property
    def linked_participant(self) -> Any:
        return self._room.remote_participants.get(self.linked[-1]) if self.linked else None

    def set_participant(self, identity: str) -> None:
        self.linked.append(identity)


class Room(FakeRoom):
    """A room that people come into and leave."""

    def come(self, identity: str, attributes: dict[str, str] | None = None, kind: Any = STANDARD) -> None:
        participant = SimpleNamespace(identity=identity, attributes=attributes or {}, kind=kind)
        self.remote_participants[identity] = participant
        self.emit("participant_connected", participant)

    def leave(self, identity: str) -> None:
        self.emit("participant_disconnected", self.remote_participants.pop(identity))


class RoomSession(AgentSession[None]):
    """A session that runs in such a room, and says a line of two seconds."""

    def __init__(self, room: Room) -> None:
        turns = TurnHandlingOptions(turn_detection="manual")
        super().__init__(tts=ScriptedTTS({"A story.": Line(2.0, 1)}), vad=None, turn_handling=turns)
        self.links = Links(room)
        self.is_closed = asyncio.Event()
        self.on("close", lambda _: self.is_closed.set())

    @property
    def room_io(self) -> Any:
        return self.links


@asynccontextmanager
async def call(
    room: Room, grace: float, *, first_within: float | None = None, avatar: str | None = None
) -> AsyncIterator[tuple[RoomSession, Presence]]:
    """A call that is watched."""
    session = RoomSession(room)
    session.output.audio = ClockedOutput()
    await session.start(Agent(instructions=""))
    presence = Presence(
        session,
        room,  # type: ignore[arg-type] # as much of a room as it needs
        grace,
        first_within=first_within,
        avatar=avatar,
    )
    presence.watch()
    try:
        yield session, presence
    finally:
        await session.aclose()


def is_ending(presence: Presence) -> bool:
    """Whether the call will end if nobody comes."""
    return presence._ending is not None and not presence._ending.cancelled()


async def test_who_comes_back_is_linked_and_the_call_goes_on() -> None:
    """Under whatever identity: the session stays, and nothing ends it later."""
    room = Room()
    room.come("caller")
    async with call(room, LONG) as (session, presence):
        room.leave("caller")
        assert is_ending(presence)
        room.come("caller, again")

        assert await presence.wait_for_caller()
        assert session.links.linked == ["caller, again"]
        assert not is_ending(presence)


async def test_a_room_that_is_closed_is_waited_in_no_more() -> None:
    """Nobody can come into it: who waits for a caller is told at once, not when the session has ended too."""
    room = Room()
    async with call(room, LONG) as (_, presence):
        waiting = asyncio.create_task(presence.wait_for_caller())
        await asyncio.sleep(0)
        room.emit("disconnected", None)

        assert not await asyncio.wait_for(waiting, LONG)


async def test_an_agent_who_was_away_itself_waits_once() -> None:
    """Two reasons to look who is there are one wait, which ends when the caller is back."""
    room = Room()
    room.come("caller")
    async with call(room, SHORT) as (session, presence):
        room.leave("caller")
        room.emit("reconnected")
        room.come("caller")
        assert await presence.wait_for_caller()
        await asyncio.sleep(3 * SHORT)

        assert not session.is_closed.is_set()


async def test_what_was_said_is_cut_where_it_was_heard_to_when_the_caller_leaves() -> None:
    """The speech is interrupted, and so is one that begins while nobody is there."""
    room = Room()
    room.come("caller")
    async with call(room, LONG) as (session, _):
        output = session.output.audio
        assert isinstance(output, ClockedOutput)
        speech = session.say("A story.")
        await output.wait_for_audio(0.5)
        room.leave("caller")
        await speech
        late = session.say("A story.")
        await late

    assert speech.interrupted
    assert late.interrupted
    assert output.segments == 1
    assert output.reported[0] < 2.0


async def test_nobody_ends_the_call_after_the_time_that_is_set() -> None:
    """The session closes by itself, and who waits for a caller is told."""
    room = Room()
    room.come("caller")
    async with call(room, AT_ONCE) as (session, presence):
        room.leave("caller")
        async with asyncio.timeout(10):
            await session.is_closed.wait()

            assert not await presence.wait_for_caller()


@pytest.mark.parametrize(
    ("attributes", "kind"), [(AVATAR, STANDARD), ({}, rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS)]
)
async def test_only_callers_count(attributes: dict[str, str], kind: Any) -> None:
    """The avatar and a recorder neither keep the call nor, when they leave, end it."""
    room = Room()
    room.come("other", attributes, kind)
    room.come("caller")
    async with call(room, LONG) as (_, presence):
        room.leave("other")
        assert not is_ending(presence)
        room.come("other", attributes, kind)
        room.leave("caller")
        assert is_ending(presence)
        room.leave("other")
        room.come("other", attributes, kind)

        assert is_ending(presence)


async def test_another_caller_who_is_there_takes_over() -> None:
    """Of two callers the second is heard when the first has left; who was not heard may leave unnoticed."""
    room = Room()
    for identity in ("first", "second", "third"):
        room.come(identity)
    async with call(room, LONG) as (session, presence):
        session.links.set_participant("first")
        room.leave("third")
        room.leave("first")

        assert session.links.linked == ["first", "second"]
        assert not is_ending(presence)


async def test_others_who_seem_to_leave_while_the_agent_is_away_have_not() -> None:
    """LiveKit's client reports everybody as gone when it connects anew; what counts is who is there afterwards."""
    room = Room()
    room.come("caller")
    room.come("second")
    async with call(room, LONG) as (session, presence):
        session.links.set_participant("caller")
        room.connection_state = rtc.ConnectionState.CONN_RECONNECTING
        for identity in ("caller", "second"):
            room.leave(identity)
        assert not is_ending(presence)
        room.come("second")
        room.connection_state = rtc.ConnectionState.CONN_CONNECTED
        room.emit("reconnected")

        assert not is_ending(presence)
        assert session.links.linked == ["caller", "second"]


async def test_the_first_caller_is_waited_for() -> None:
    """An agent that was there before anybody has no time set."""
    room = Room()
    async with call(room, AT_ONCE) as (session, presence):
        waiting = asyncio.create_task(presence.wait_for_caller())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        room.come("caller")

        assert await waiting
        assert not session.is_closed.is_set()


async def test_a_first_caller_who_does_not_come_ends_the_call() -> None:
    """Where the avatar is paid for already."""
    async with call(Room(), LONG, first_within=AT_ONCE) as (session, presence):
        async with asyncio.timeout(10):
            await session.is_closed.wait()

        assert not await presence.wait_for_caller()


async def test_a_first_caller_who_comes_is_not_ended() -> None:
    """Nothing is left of the time in which they had to come."""
    room = Room()
    async with call(room, LONG, first_within=LONG) as (_, presence):
        assert is_ending(presence)
        room.come("caller")

        assert await presence.wait_for_caller()
        assert not is_ending(presence)


async def test_an_avatar_that_does_not_say_for_whom_it_speaks_is_no_caller() -> None:
    """In a room of LiveAvatar's it is known by its name alone: it is not linked, and does not keep the call."""
    room = Room()
    room.come("heygen")
    async with call(room, LONG, first_within=LONG, avatar="heygen") as (session, presence):
        assert is_ending(presence)
        room.leave("heygen")
        room.come("heygen")
        assert session.links.linked == []
        room.come("caller")
        room.leave("caller")

        assert session.links.linked == ["caller"]
        assert is_ending(presence)
