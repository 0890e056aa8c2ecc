from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, TurnHandlingOptions
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

import agent.call.callers
from agent.call.presence import Presence
from agent.rooms.connection_details import RETURNING
from tests.agent.room_fakes import HUNG_UP, LOST, MICROPHONE, PHONE, STANDARD, Links, PeopleRoom, Publication
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

LONG = 60.0
SHORT = 0.05
AT_ONCE = 0.0
AVATAR = {ATTRIBUTE_PUBLISH_ON_BEHALF: "the-agent"}
RINGING = {"sip.callStatus": "ringing"}


class RoomSession(AgentSession[None]):
    """A session in a fake room, which can say a line of two seconds."""

    def __init__(self, room: PeopleRoom) -> None:
        turns = TurnHandlingOptions(turn_detection="manual")
        super().__init__(tts=ScriptedTTS({"A story.": Line(2.0, 1)}), vad=None, turn_handling=turns)
        self.links = Links(room)

    @property
    def room_io(self) -> Any:
        return self.links


class Watched:
    """A call whose room `Presence` watches.

    Attributes:
        is_over: Set when the call is over.
        linked: Identities that `Presence` reported as linked, in order.
    """

    def __init__(self, room: PeopleRoom, grace: float, *, first_within: float | None, avatar: str | None) -> None:
        self.session = RoomSession(room)
        self.session.output.audio = ClockedOutput()
        self.is_over = asyncio.Event()
        self.linked: list[str] = []
        any_room: Any = room
        self.presence = Presence(
            self.session, any_room, grace, first_within=first_within, avatar=avatar, on_over=self.is_over.set
        )
        self.presence.on("linked", self.linked.append)

    def is_ending(self) -> bool:
        """Return True if the call ends when no caller comes."""
        return self.presence._callers.ends_at is not None


@asynccontextmanager
async def call(
    room: PeopleRoom, grace: float, *, first_within: float | None = None, avatar: str | None = None
) -> AsyncIterator[Watched]:
    """Start a call that is watched."""
    watched = Watched(room, grace, first_within=first_within, avatar=avatar)
    await watched.session.start(Agent(instructions=""))
    watched.presence.watch()
    try:
        yield watched
    finally:
        await watched.session.aclose()


async def test_a_caller_who_comes_back_is_linked_and_the_call_goes_on() -> None:
    """A caller may return under any identity; the session stays, and no timer ends it later."""
    room = PeopleRoom()
    room.come("caller")
    async with call(room, LONG) as watched:
        room.leave("caller")
        assert watched.is_ending()
        room.come("caller, again")

        assert await watched.presence.wait_for_caller()
        assert watched.session.links.linked == watched.linked == ["caller", "caller, again"]
        assert not watched.is_ending()


async def test_a_closed_room_ends_the_wait_for_a_caller() -> None:
    """The wait ends at once, before the session has ended."""
    room = PeopleRoom()
    async with call(room, LONG) as watched:
        waiting = asyncio.create_task(watched.presence.wait_for_caller())
        await asyncio.sleep(0)
        room.emit("disconnected", None)

        assert not await asyncio.wait_for(waiting, LONG)


async def test_an_agent_that_was_disconnected_waits_once() -> None:
    """A departure and the agent's reconnection are one wait, which ends when the caller is back."""
    room = PeopleRoom()
    room.come("caller")
    async with call(room, SHORT) as watched:
        room.leave("caller")
        room.emit("reconnected")
        room.come("caller")
        assert await watched.presence.wait_for_caller()
        await asyncio.sleep(3 * SHORT)

        assert not watched.is_over.is_set()


async def test_speech_is_cut_where_it_was_heard_to_when_the_caller_leaves() -> None:
    """Speech is interrupted when the last caller leaves, and so is speech that begins in the empty room."""
    room = PeopleRoom()
    room.come("caller")
    async with call(room, LONG) as watched:
        output = watched.session.output.audio
        assert isinstance(output, ClockedOutput)
        speech = watched.session.say("A story.")
        await output.wait_for_audio(0.5)
        room.leave("caller")
        await speech
        late = watched.session.say("A story.")
        await late

    assert speech.interrupted
    assert late.interrupted
    assert output.segments == 1
    assert output.reported[0] < 2.0


async def test_the_call_is_over_after_the_grace() -> None:
    """When the grace is over, `on_over` is called."""
    room = PeopleRoom()
    room.come("caller")
    async with call(room, AT_ONCE) as watched:
        room.leave("caller")
        async with asyncio.timeout(10):
            await watched.is_over.wait()


async def test_a_closed_session_ends_the_wait_for_a_caller() -> None:
    """The wait returns False, and nobody counts as present."""
    async with call(PeopleRoom(), LONG) as watched:
        await watched.session.aclose()

        assert not await watched.presence.wait_for_caller()
        assert not watched.presence.is_there


async def test_a_caller_who_hangs_up_is_waited_for_as_long_as_a_reload_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller whose connection was lost has the whole grace instead."""
    monkeypatch.setattr(agent.call.callers, "RELOAD_GRACE", AT_ONCE)
    for reason, is_over in ((HUNG_UP, True), (rtc.DisconnectReason.PARTICIPANT_REMOVED, True), (LOST, False)):
        room = PeopleRoom()
        room.come("caller")
        async with call(room, LONG) as watched:
            room.leave("caller", reason)
            await asyncio.sleep(SHORT)

            assert watched.is_over.is_set() is is_over


async def test_a_caller_who_is_on_the_way_back_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's server announces the return within the time of a reload; a participant's announcement is ignored."""
    monkeypatch.setattr(agent.call.callers, "RELOAD_GRACE", 2 * SHORT)
    for sender, is_over in ((None, False), ("second", True)):
        room = PeopleRoom()
        room.come("caller")
        async with call(room, LONG) as watched:
            room.leave("caller", HUNG_UP)
            room.tell("data_received", SimpleNamespace(topic=RETURNING, participant=sender, data=b"caller"))
            await asyncio.sleep(6 * SHORT)

            assert watched.is_over.is_set() is is_over


@pytest.mark.parametrize(
    ("attributes", "kind"), [(AVATAR, STANDARD), ({}, rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS)]
)
async def test_only_callers_count(attributes: dict[str, str], kind: Any) -> None:
    """The avatar and a recorder neither keep the call alive nor end it when they leave."""
    room = PeopleRoom()
    room.come("other", attributes, kind)
    room.come("caller")
    async with call(room, LONG) as watched:
        room.leave("other")
        assert not watched.is_ending()
        room.come("other", attributes, kind)
        room.leave("caller")
        assert watched.is_ending()
        room.leave("other")
        room.come("other", attributes, kind)

        assert watched.is_ending()
        assert watched.presence.count == 0


async def test_another_caller_who_is_there_takes_over() -> None:
    """The second caller is linked when the first leaves; a third who was not linked may leave unnoticed."""
    room = PeopleRoom()
    for identity in ("first", "second", "third"):
        room.come(identity)
    async with call(room, LONG) as watched:
        room.leave("third")
        room.leave("first")

        assert watched.session.links.linked == ["first", "second"]
        assert not watched.is_ending()


async def test_the_link_follows_microphones_and_voices() -> None:
    """The link moves to the first caller with a microphone, then to the one who speaks, at the timer's tick."""
    room = PeopleRoom()
    room.come("silent")
    async with call(room, LONG) as watched:
        room.come("first")
        room.publish("first")
        room.come("second", microphone=True)
        room.speak("second")
        room.speak()
        room.mute("second")
        room.speak("first")

        assert watched.linked == ["silent", "first", "second", "first"]


async def test_a_pause_of_the_linked_caller_is_waited_for_by_a_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """LiveKit sends no further event while the other caller goes on speaking."""
    monkeypatch.setattr(agent.call.callers, "FLOOR", SHORT)
    room = PeopleRoom()
    for identity in ("first", "second"):
        room.come(identity, microphone=True)
    async with call(room, LONG) as watched:
        room.speak("first")
        room.speak("second")
        assert watched.linked == ["first"]
        await asyncio.sleep(4 * SHORT)

        assert watched.linked == ["first", "second"]


async def test_departures_while_the_agent_is_disconnected_do_not_count() -> None:
    """LiveKit's client reports everybody as gone when it reconnects; those present afterwards count."""
    room = PeopleRoom()
    room.come("caller")
    room.come("second")
    async with call(room, LONG) as watched:
        room.connection_state = rtc.ConnectionState.CONN_RECONNECTING
        for identity in ("caller", "second"):
            room.leave(identity)
        assert not watched.is_ending()
        room.come("second")
        room.connection_state = rtc.ConnectionState.CONN_CONNECTED
        room.emit("reconnected")

        assert not watched.is_ending()
        assert watched.session.links.linked == ["caller", "second"]


async def test_the_first_caller_is_waited_for() -> None:
    """By default an agent that is there first waits without a limit."""
    room = PeopleRoom()
    async with call(room, AT_ONCE) as watched:
        waiting = asyncio.create_task(watched.presence.wait_for_caller())
        await asyncio.sleep(0.05)
        assert not waiting.done()
        room.come("caller")

        assert await waiting
        assert not watched.is_over.is_set()


async def test_a_first_caller_who_does_not_come_ends_the_call() -> None:
    """The wait has a limit where the avatar is already being paid for."""
    async with call(PeopleRoom(), LONG, first_within=AT_ONCE) as watched, asyncio.timeout(10):
        await watched.is_over.wait()


async def test_the_call_goes_on_when_the_first_caller_comes_in_time() -> None:
    """The first caller's arrival cancels the join deadline."""
    room = PeopleRoom()
    async with call(room, LONG, first_within=SHORT) as watched:
        room.come("caller")
        await asyncio.sleep(3 * SHORT)

        assert not watched.is_over.is_set()


async def test_an_avatar_without_the_on_behalf_attribute_is_not_a_caller() -> None:
    """In LiveAvatar's room an avatar is known by its identity alone: it is not linked and does not keep the call."""
    room = PeopleRoom()
    room.come("heygen")
    async with call(room, LONG, first_within=LONG, avatar="heygen") as watched:
        assert watched.is_ending()
        room.leave("heygen")
        room.come("heygen")
        assert watched.session.links.linked == []
        room.come("caller")
        room.leave("caller")

        assert watched.session.links.linked == ["caller"]
        assert watched.is_ending()


@pytest.mark.parametrize("status", ["dialing", "ringing", "automation"])
async def test_a_telephone_that_rings_is_not_talked_with_before_it_is_answered(status: str) -> None:
    """A ringing telephone is linked so that the agent's track is published; its audio until then is dropped."""
    room = PeopleRoom()
    room.come("phone", {"sip.callStatus": status}, PHONE, microphone=True)
    async with call(room, LONG) as watched:
        waiting = asyncio.create_task(watched.presence.wait_for_caller())
        await asyncio.sleep(0)
        assert (waiting.done(), watched.linked) == (False, ["phone"])
        room.set("phone", sip_callStatus="active")

        assert await waiting
        assert (watched.presence.is_there, watched.presence.has_screen) == (True, False)


@pytest.mark.parametrize("has_left", [False, True])
async def test_a_telephone_that_hangs_up_ends_the_call(has_left: bool) -> None:
    """A telephone's hang-up is seen by its call status or by its leaving."""
    room = PeopleRoom()
    room.come("phone", {"sip.callStatus": "active"}, PHONE, microphone=True)
    async with call(room, LONG) as watched:
        if has_left:
            room.leave("phone", HUNG_UP)
        else:
            room.set("phone", sip_callStatus="hangup")
        async with asyncio.timeout(10):
            await watched.is_over.wait()


async def test_a_telephone_that_is_not_answered_ends_the_call() -> None:
    """A telephone that leaves while it rings ends the call at once."""
    room = PeopleRoom()
    room.come("phone", RINGING, PHONE)
    async with call(room, LONG) as watched:
        room.leave("phone", rtc.DisconnectReason.USER_UNAVAILABLE)
        async with asyncio.timeout(10):
            await watched.is_over.wait()


async def test_the_callers_microphones_are_subscribed_to_and_nothing_else() -> None:
    """A microphone that is published later is subscribed to as well; the avatar's tracks and all video are not."""
    room = PeopleRoom()
    room.come("first", microphone=True)
    room.come("avatar", AVATAR, microphone=True)
    room.come("recorder", kind=rtc.ParticipantKind.PARTICIPANT_KIND_EGRESS, microphone=True)
    first = room.remote_participants["first"].track_publications
    first["camera"] = Publication(rtc.TrackSource.SOURCE_CAMERA)
    async with call(room, LONG):
        room.come("second")
        room.publish("second")
        wanted = {
            (identity, name): track.subscribed
            for identity, participant in room.remote_participants.items()
            for name, track in participant.track_publications.items()
        }

    assert wanted == {
        ("first", MICROPHONE): True,
        ("first", "camera"): None,
        ("avatar", MICROPHONE): None,
        ("recorder", MICROPHONE): None,
        ("second", MICROPHONE): True,
    }
