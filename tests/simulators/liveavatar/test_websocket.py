"""A session over its real WebSocket: from the greeting to the end, losses and limits included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import WSServerHandshakeError

from simulators.liveavatar import DIALECTS, Dialect, Habits, Options
from simulators.liveavatar.model import WAYNE_ID
from tests.simulators.liveavatar.client import Wire, bearer

if TYPE_CHECKING:
    from tests.simulators.liveavatar.client import StandIn
    from tests.simulators.liveavatar.conftest import Serve

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())


@every_dialect
async def test_client_is_greeted_in_its_dialect(serve: Serve, dialect: Dialect) -> None:
    """The greeting has the opening states, then `connected`."""
    stand_in = await serve(Options(habits=Habits.fast(dialect=dialect)))
    wire = await stand_in.connect(await stand_in.start())

    assert [message["state"] for message in wire.seen] == [*dialect.opening, "connected"]


@every_dialect
async def test_room_hears_exactly_what_was_sent(serve: Serve, dialect: Dialect) -> None:
    """The room gets every sample; the face opens its mouth and has the talking mood."""
    stand_in = await serve(Options(habits=Habits.fast(dialect=dialect)))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.3)
    await wire.speak(0.2)
    await wire.send("agent.speak_end", "e1")
    room = stand_in.rooms[0]
    await room.wait_for_sound(0.5)

    assert room.sound_bytes == 24_000
    assert "talking" in room.moods
    assert max(room.mouths) > 0


async def test_commands_before_connected_are_dropped(serve: Serve) -> None:
    """Commands before `connected` are not played, not answered, and counted."""
    stand_in = await serve(Options(habits=Habits.fast(ready_after=0.2, connected_after=0.2)))
    session = await stand_in.start()
    wire = Wire(await stand_in.http.ws_connect(session["ws_url"]))
    await wire.speak(1.0)
    await wire.wait_for(state="connected")
    await wire.send("agent.interrupt", "i1")
    await wire.wait_for("agent.audio_buffer_cleared", source_event_id="i1")

    assert [message["type"] for message in wire.seen].count("agent.audio_buffer_appended") == 0
    assert (await stand_in.inspect())["dropped_commands"] == 1


async def test_interrupt_silences_the_room(stand_in: StandIn) -> None:
    """After an interrupt nothing of the utterance is heard."""
    wire = await stand_in.connect(await stand_in.start())
    room = stand_in.rooms[0]
    await wire.speak(10.0)
    await room.wait_for_sound(0.2)
    await wire.send("agent.interrupt", "i1")
    await wire.wait_for("agent.state_updated", new_state="idle")
    await wire.speak(0.1, "u2")
    await wire.send("agent.speak_end", "e2")
    await wire.wait_for("agent.speak_ended", source_event_id="u2")

    first, second = (await stand_in.inspect())["utterances"]
    await room.wait_for_sound((first["heard_bytes"] + 4800) / 48_000)
    assert (first["interrupted"], first["ended"]) == (True, False)
    assert (second["heard_bytes"], second["ended"]) == (4800, True)
    assert room.sound_bytes == first["heard_bytes"] + 4800
    assert first["heard_bytes"] < 48_000


async def test_interrupt_and_next_utterance_sent_at_once_are_kept_apart(stand_in: StandIn) -> None:
    """A burst of speak, interrupt, speak plays the second utterance alone."""
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(5.0, "u1")
    await wire.send("agent.interrupt", "i1")
    await wire.speak(0.1, "u2")
    await wire.send("agent.speak_end", "e2")
    await wire.wait_for("agent.speak_ended")

    assert (await stand_in.inspect())["utterances"][1]["heard_bytes"] == 4800


async def test_socket_closes_with_1009_when_a_frame_is_too_big(stand_in: StandIn) -> None:
    """More than a megabyte in one frame closes the socket, not the session."""
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.socket.send_str("x" * 1_000_001)

    assert await wire.wait_for_close() == 1009
    assert (await stand_in.get(f"/v1/sessions/{session['session_id']}")).data.get("end_reason") is None


async def test_frame_of_a_megabyte_is_taken(stand_in: StandIn) -> None:
    """The limit itself is allowed."""
    wire = await stand_in.connect(await stand_in.start())
    await wire.socket.send_str("x" * 1_000_000)

    assert (await wire.wait_for("error"))["error"]["type"] == "invalid_request_error"


async def test_stop_informs_the_client_and_closes(stand_in: StandIn) -> None:
    """The closing states come, then code 1000; the URL is refused afterwards."""
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await stand_in.post("/v1/sessions/stop", headers=bearer(session["session_token"]))

    assert await wire.wait_for_close() == 1000
    assert [message["state"] for message in wire.seen[-2:]] == ["closing", "closed"]
    with pytest.raises(WSServerHandshakeError, match="404"):
        await stand_in.connect(session)


async def test_sandbox_session_ends_at_its_minute(serve: Serve) -> None:
    """The socket closes with code 1000, the avatar leaves, the history has the reason and counts no time."""
    stand_in = await serve(Options(habits=Habits.fast(sandbox_seconds=0.2)))
    session = await stand_in.start(is_sandbox=True, avatar_id=WAYNE_ID, max_session_duration=1)
    wire = await stand_in.connect(session)

    assert await wire.wait_for_close() == 1000
    ended = await stand_in.ended(session)
    assert (ended["end_reason"], ended["duration"], ended["credits_consumed"]) == ("MAX_DURATION_REACHED", 0, 0)


async def test_paid_session_cuts_speech_at_its_maximum(serve: Serve) -> None:
    """At its limit the session reports the speech's end, is still billed, and can be stopped as usual (fact 69)."""
    stand_in = await serve(Options(habits=Habits.fast(speech_after_limit=0.1)))
    session = await stand_in.start(max_session_duration=1)
    wire = await stand_in.connect(session)
    await wire.speak(5.0)
    await wire.wait_for("agent.speak_ended")
    inspected = await stand_in.inspect()

    assert (inspected["end_reason"], inspected["utterances"][0]["interrupted"]) == (None, False)
    assert inspected["utterances"][0]["heard_bytes"] <= 1.1 * 48_000
    assert await stand_in.open_sessions() == 1
    assert not wire.socket.closed
    await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"], "reason": "USER_CLOSED"})
    assert (await stand_in.ended(session))["end_reason"] == "USER_CLOSED"


async def test_session_ends_when_no_command_comes(serve: Serve) -> None:
    """The idle time-out ends a session although its socket is open."""
    stand_in = await serve(Options(habits=Habits.fast(idle_timeout=0.2)))
    session = await stand_in.start()
    wire = await stand_in.connect(session)

    assert await wire.wait_for_close() == 1000
    assert (await stand_in.ended(session))["end_reason"] == "IDLE_TIMEOUT"


async def test_session_is_reaped_when_its_client_is_gone(serve: Serve) -> None:
    """A client that closes its socket without a stop pays until the session is detected as orphaned."""
    stand_in = await serve(Options(habits=Habits.fast(orphan_timeout=0.1)))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.close()

    assert (await stand_in.ended(session))["end_reason"] == "ZOMBIE_SESSION_REAP"


async def test_session_ends_when_the_credits_are_used_up(serve: Serve) -> None:
    """A running session is billed, and ends at 0."""
    stand_in = await serve(Options(habits=Habits.fast(credits=1.0, credits_per_minute=600.0)))
    session = await stand_in.start()

    assert (await stand_in.ended(session))["end_reason"] == "NO_CREDITS"
    assert (await stand_in.get("/v1/users/credits")).data == {"credits_left": "0.0"}


async def test_session_ends_when_the_room_cannot_be_joined(stand_in: StandIn) -> None:
    """A refused room token is detected after the start: the session ends by itself."""
    config = {"livekit_url": "ws://x", "livekit_room": "r", "livekit_client_token": "refused"}
    session = await stand_in.start(livekit_config=config)

    assert (await stand_in.ended(session))["end_reason"] == "DISPATCH_FAILED"


async def test_session_ends_when_the_avatar_is_removed_from_the_room(stand_in: StandIn) -> None:
    """Removing the avatar from the room ends its session."""
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    stand_in.rooms[0].is_connected = False

    assert await wire.wait_for_close() == 1000
    assert (await stand_in.ended(session))["end_reason"] == "USER_DISCONNECTED"


async def test_reconnect_is_greeted_again_and_speech_continues(stand_in: StandIn) -> None:
    """A lost socket does not end the session: the same URL works again, and queued audio is heard meanwhile."""
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.speak(0.3)
    await wire.send("agent.speak_end", "e1")
    await wire.wait_for("agent.audio_buffer_committed")
    await wire.close()
    await stand_in.rooms[0].wait_for_sound(0.3)
    again = await stand_in.connect(session)

    assert [message["state"] for message in again.seen] == ["new", "connecting", "connected"]


async def test_queue_is_dropped_with_the_socket_when_so_set(serve: Serve) -> None:
    """Whether queued audio outlives the socket is not documented, so both ways are options."""
    stand_in = await serve(Options(habits=Habits.fast(keeps_queue=False)))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.speak(10.0)
    await stand_in.rooms[0].wait_for_sound(0.1)
    await wire.close()
    await stand_in.connect(session)

    assert (await stand_in.inspect())["utterances"][0]["interrupted"]


async def test_newest_socket_replaces_the_older_one(stand_in: StandIn) -> None:
    """A second connection takes over, and the first is closed."""
    session = await stand_in.start()
    first = await stand_in.connect(session)
    second = await stand_in.connect(session)
    assert await first.wait_for_close() == 1000

    await second.send("agent.interrupt", "i1")
    assert await second.wait_for("agent.audio_buffer_cleared", source_event_id="i1")


async def test_inspection_is_the_ground_truth(stand_in: StandIn) -> None:
    """The inspection has commands with their ids and sizes, and the heard part of every utterance."""
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.1)
    await wire.send("agent.speak_end", "e1")
    await wire.wait_for("agent.speak_ended")
    inspected = await stand_in.inspect()

    assert [(c["type"], c["event_id"], c["audio_bytes"], c["dropped"]) for c in inspected["commands"]] == [
        ("agent.speak", "u1", 4800, False),
        ("agent.speak_end", "e1", 0, False),
    ]
    assert inspected["utterances"][0] | {"started_at": None} == {
        "event_id": "u1",
        "received_bytes": 4800,
        "heard_bytes": 4800,
        "underrun_seconds": 0.0,
        "started_at": None,
        "sealed": True,
        "ended": True,
        "interrupted": False,
    }
    assert (inspected["state"], inspected["interrupts"], inspected["underrun_seconds"]) == ("connected", 0, 0.0)
