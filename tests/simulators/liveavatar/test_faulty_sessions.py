"""Every fault of a session and of the avatar's presence in its room."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from simulators.faults.avatar import Deaf, End, Frozen, Leaves, Mute, NeverJoins, Unpublished, Unready
from simulators.liveavatar import Habits, Options
from tests.simulators.liveavatar.client import Wire

if TYPE_CHECKING:
    from tests.simulators.liveavatar.conftest import Serve

VENDOR: dict[str, Any] = {"vendor": "liveavatar"}


async def test_unready_session_never_says_connected(serve: Serve) -> None:
    """Only the greeting comes, and commands are dropped; the next socket gets `connected`."""
    stand_in = await serve(None, Unready(**VENDOR))
    session = await stand_in.start()
    wire = Wire(await stand_in.http.ws_connect(session["ws_url"]))
    await wire.wait_for(state="connecting")
    await wire.speak(0.1)
    with pytest.raises(TimeoutError):
        await wire.socket.receive(timeout=0.2)

    assert (await stand_in.inspect())["dropped_commands"] == 1
    assert await stand_in.connect(session)


async def test_unready_session_is_late(serve: Serve) -> None:
    """`connected` comes after the set seconds; commands sent before are dropped."""
    stand_in = await serve(None, Unready(**VENDOR, seconds=0.2))
    wire = Wire(await stand_in.http.ws_connect((await stand_in.start())["ws_url"]))
    await wire.speak(0.1)
    await wire.wait_for(state="connected")

    assert (await stand_in.inspect())["dropped_commands"] == 1


async def test_mute_session_accepts_everything_and_does_nothing(serve: Serve) -> None:
    """From the second command on nothing is played or reported, the socket stays open and the session is billed."""
    stand_in = await serve(None, Mute(**VENDOR, at="speak", nth=2))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(2.0)
    await wire.wait_for("agent.speak_started")
    await wire.speak(2.0)
    await wire.send("agent.interrupt")
    with pytest.raises(TimeoutError):
        await wire.socket.receive(timeout=0.2)

    session = await stand_in.inspect()
    assert session["utterances"][0]["received_bytes"] == 96_000
    assert session["dropped_commands"] == 2
    assert stand_in.rooms[0].sound_bytes < 96_000
    assert await stand_in.open_sessions() == 1


async def test_session_falls_mute_before_it_reports_speech(serve: Serve) -> None:
    """From the start of an utterance on nothing of it is reported."""
    stand_in = await serve(None, Mute(**VENDOR, at="speaking"))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.1)
    await wire.wait_for("agent.state_updated", new_state="talking")
    with pytest.raises(TimeoutError):
        await wire.socket.receive(timeout=0.2)


async def test_deaf_session_continues_to_speak(serve: Serve) -> None:
    """An interrupt changes nothing and is not confirmed."""
    stand_in = await serve(None, Deaf(**VENDOR, at="speaking"))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.4)
    await wire.send("agent.speak_end")
    await wire.wait_for("agent.speak_started")
    await wire.send("agent.interrupt", "i1")
    await wire.wait_for("agent.speak_ended")

    await stand_in.rooms[0].wait_for_sound(0.4)
    assert not [message for message in wire.seen if message.get("source_event_id") == "i1"]
    assert stand_in.rooms[0].sound_bytes == 19_200


@pytest.mark.parametrize("moment", ["opening", "connected", "speak", "speaking", "speak_end", "interrupt"])
async def test_session_is_ended_by_the_service(serve: Serve, moment: str) -> None:
    """The client gets a message, the socket is closed, the room left, and the reason recorded."""
    stand_in = await serve(None, End(**VENDOR, at=moment, reason="AVATAR_DELETED"))
    session = await stand_in.start()
    wire = Wire(await stand_in.http.ws_connect(session["ws_url"]))
    if moment != "opening":
        await wire.wait_for(state="connected")
        await wire.speak(0.1)
        await wire.send("agent.speak_end")
        await wire.send("agent.interrupt")

    assert await wire.wait_for_close() == 1000
    assert [message["state"] for message in wire.seen[-2:]] == ["closing", "closed"]
    assert (await stand_in.ended(session))["end_reason"] == "AVATAR_DELETED"


async def test_session_is_ended_after_seconds(serve: Serve) -> None:
    """The time counts from its moment; later faults do not strike an ended session."""
    late = Mute(**VENDOR, at="connected", after=30.0)
    stand_in = await serve(None, End(**VENDOR, at="connected", after=0.2), late)
    wire = await stand_in.connect(await stand_in.start())
    await wire.send("agent.interrupt")
    await wire.wait_for("agent.audio_buffer_cleared")

    assert await wire.wait_for_close() == 1000


async def test_avatar_never_joins(serve: Serve) -> None:
    """The session reports `connected` and playback, but no avatar joins the room."""
    stand_in = await serve(None, NeverJoins(**VENDOR))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.1)
    await wire.send("agent.speak_end")
    await wire.wait_for("agent.speak_ended")

    assert not stand_in.rooms[0].is_connected
    assert not stand_in.rooms[0].heard


async def test_avatar_leaves_its_room(serve: Serve) -> None:
    """The session continues without it."""
    stand_in = await serve(None, Leaves(**VENDOR, at="speaking"))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.3)
    await wire.send("agent.speak_end")
    await wire.wait_for("agent.speak_ended")
    await stand_in.rooms[0].disconnected.wait()

    assert stand_in.rooms[0].sound_bytes < 14_400
    assert await stand_in.open_sessions() == 1


async def test_frozen_tracks_carry_nothing(serve: Serve) -> None:
    """The avatar is in the room, and neither a sample nor a picture comes."""
    stand_in = await serve(None, Frozen(**VENDOR))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.1)
    await wire.send("agent.speak_end")
    await wire.wait_for("agent.speak_ended")
    room = stand_in.rooms[0]

    assert room.is_connected
    assert not room.heard
    assert not room.mouths


async def test_tracks_are_unpublished(serve: Serve) -> None:
    """The avatar stays in the room without its tracks."""
    stand_in = await serve(None, Unpublished(**VENDOR, at="connected", after=0.05))
    await stand_in.connect(await stand_in.start())
    await stand_in.rooms[0].unpublished.wait()

    assert stand_in.rooms[0].is_connected
    assert await stand_in.open_sessions() == 1


async def test_inspection_shows_how_long_a_session_was_open(serve: Serve) -> None:
    """Start and end by the wall clock, the sockets, and how many sessions are billed now are shown."""
    stand_in = await serve(Options(habits=Habits.fast()))
    session = await stand_in.start()
    created = await stand_in.inspect()
    await (await stand_in.connect(session)).close()
    await stand_in.connect(session)
    await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"]})
    ended = await stand_in.inspect()

    assert (created["state"], created["ended_at"], created["sockets"]) == ("started", None, 0)
    assert (ended["state"], ended["end_reason"], ended["sockets"]) == ("ended", "UNKNOWN", 2)
    assert ended["started_at"] == created["started_at"] < ended["ended_at"]
    assert await stand_in.open_sessions() == 0


async def test_session_without_a_client_can_end_too(serve: Serve) -> None:
    """The fault strikes before any WebSocket was opened."""
    stand_in = await serve(None, End(**VENDOR, at="joining", after=0.05, reason="NO_CREDITS"))
    session = await stand_in.start()
    await asyncio.wait_for(stand_in.rooms[0].left.wait(), 5.0)

    assert (await stand_in.ended(session))["end_reason"] == "NO_CREDITS"
