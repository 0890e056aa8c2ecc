"""Recovery when the avatar fails during speech: the caller hears every second of it, from either sink."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from tests.faults.call import AGENT, AVATAR, ROOM, SECONDS, call
from tests.reliability import Row, measured

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

IN_MID_SPEECH = {"at": "speaking", "after": 1.5}
REFUSES_SOCKETS = {"kind": "status", "at": "websocket", "status": 503, "nth": 2, "times": None}
RECONNECT = "connect again to the same session; go on from the word that was cut"
RESTART = "stop the session, start another; the fallback track speaks if that takes longer than 0.8 s"

LOSSES: dict[str, tuple[list[dict[str, Any]], str]] = {
    "the connection is cut": ([{"kind": "drop", **IN_MID_SPEECH}], RECONNECT),
    "the service closes the connection": ([{"kind": "close", "code": 1011, **IN_MID_SPEECH}], RECONNECT),
    "the connection is cut, and no other is to be had": (
        [{"kind": "drop", **IN_MID_SPEECH}, REFUSES_SOCKETS],
        "the fallback track goes on, and the avatar is muted; connect again meanwhile, then start another session",
    ),
    "the connection is half-open": (
        [{"kind": "half_open", "at": "connected"}],
        "no sign of speech in time: stop the session, start another; the fallback track speaks meanwhile",
    ),
    "the service never says `connected`": (
        [{"kind": "unready", "at": "opening", "times": None}],
        "wait 10 s for the first one, then speak on the fallback track; connect again, then start another session",
    ),
    "the service ends the session": ([{"kind": "end", "reason": "SERVER_ERROR", **IN_MID_SPEECH}], RESTART),
    "the avatar leaves the room": ([{"kind": "leaves", **IN_MID_SPEECH}], RESTART),
    "the avatar's track has no sound any more": (
        [{"kind": "frozen", **IN_MID_SPEECH}],
        "no sound for 3 s: stop the session, start another; say again what was not heard",
    ),
    "the service takes everything and plays nothing": (
        [{"kind": "mute", "at": "connected"}],
        "no sign of speech in time: stop the session, start another; the fallback track speaks meanwhile",
    ),
    "the service sends garbage": (
        [{"kind": "garbage", "form": form, **IN_MID_SPEECH} for form in ("text", "array", "binary", "deep")],
        "log it, go on",
    ),
    "the service reports another call's speech": (
        [{"kind": "foreign_event", **IN_MID_SPEECH}, {"kind": "unknown_event", **IN_MID_SPEECH}],
        "events of another speech change nothing",
    ),
}


# Seconds of the speech for faults that are detected late.
LONGER = {"the avatar's track has no sound any more": 8}

LONG = {
    "the connection is half-open",
    "the service never says `connected`",
    "the avatar's track has no sound any more",
    "the service takes everything and plays nothing",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in LOSSES]
)
@pytest.mark.asyncio(loop_scope="session")
async def test_a_speech_is_heard_to_its_end(livekit_server: LiveKitServer, name: str, reliability: list[Row]) -> None:
    """After a loss during speech one sink at a time says the rest, and no session is left."""
    faults, action = LOSSES[name]
    async with call(livekit_server, faults) as conversation:
        await conversation.avatar.wait_for_join()
        seconds = LONGER.get(name, SECONDS)
        await conversation.say(seconds)
        await conversation.is_heard_to_its_end(seconds)
        reliability.append(Row(name, measured(conversation.hall), action, conversation.avatar.sessions_used))

        assert all(fault.struck for fault in conversation.faults.armed)
        assert conversation.hall.together(AGENT, AVATAR) < 0.3


@pytest.mark.asyncio(loop_scope="session")
async def test_a_closed_room_gets_no_other_avatar(livekit_server: LiveKitServer) -> None:
    """All participants are removed, the avatar before the agent: a new session would open the room again."""
    async with call(livekit_server, []) as conversation:
        await conversation.avatar.wait_for_join()
        await conversation.say()
        await conversation.hall.wait_for_second(0)
        async with api.LiveKitAPI(livekit_server.url, livekit_server.api_key, livekit_server.api_secret) as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=ROOM))
            await asyncio.sleep(2.0)  # another avatar would join within one second
            rooms = await server.room.list_rooms(api.ListRoomsRequest(names=[ROOM]))

        assert not rooms.rooms
        assert conversation.avatar.sessions_used == 1
