"""Every fault of a session's WebSocket, as a client sees it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientWebSocketResponse, ClientWSTimeout, WSMsgType

from simulators.faults.avatar import ErrorEvent, ForeignEvent, UnknownEvent, WarningEvent
from simulators.faults.sockets import (
    HUGE_BYTES,
    Close,
    Drop,
    Duplicate,
    Garbage,
    HalfOpen,
    Lag,
    Say,
    Silent,
    SlowReader,
    Swap,
)
from tests.simulators.liveavatar.client import Wire

if TYPE_CHECKING:
    from simulators.faults import Fault
    from tests.simulators.liveavatar.client import StandIn
    from tests.simulators.liveavatar.conftest import Serve

VENDOR: dict[str, Any] = {"vendor": "liveavatar"}

MOMENTS = ["connected", "speak", "speaking", "speak_end", "interrupt"]


async def play_all(wire: Wire) -> None:
    """Send the commands of all moments, as far as the connection lasts."""
    with suppress(ConnectionError):
        await wire.speak(0.1)
        await wire.send("agent.speak_end", "e1")
        await wire.send("agent.interrupt", "i1")
        await wire.speak(0.1)


async def speak_for_ever(wire: Wire) -> None:
    """Send as much as the service takes."""
    while True:
        await wire.speak(14.0)


async def open_socket(stand_in: StandIn) -> ClientWebSocketResponse:
    """Start a session and open its WebSocket, without reading from it."""
    session = await stand_in.start()
    return await stand_in.http.ws_connect(session["ws_url"], max_msg_size=0)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_dropped_connection_ends_without_a_close(serve: Serve, moment: str) -> None:
    """TCP is reset; earlier messages have arrived, the session continues and accepts another socket."""
    stand_in = await serve(None, Drop(**VENDOR, at=moment))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await play_all(wire)

    assert await wire.wait_for_close() == 1006
    assert await stand_in.connect(session)
    assert (await stand_in.inspect())["sockets"] == 2
    assert await stand_in.open_sessions() == 1


async def test_dropped_at_its_opening(serve: Serve) -> None:
    """Not even the greeting comes."""
    socket = await open_socket(await serve(None, Drop(**VENDOR)))

    assert (await socket.receive()).type in (WSMsgType.CLOSED, WSMsgType.ERROR)


@pytest.mark.parametrize("moment", ["opening", *MOMENTS])
async def test_close_has_its_code(serve: Serve, moment: str) -> None:
    """Code and reason can be set."""
    stand_in = await serve(None, Close(**VENDOR, at=moment, code=4001, message="gone"))
    wire = Wire(await open_socket(stand_in))
    if moment != "opening":
        await wire.wait_for(state="connected")
        await play_all(wire)

    assert await wire.wait_for_close() == 4001


async def test_fault_strikes_at_the_nth_command(serve: Serve) -> None:
    """The two commands before it are confirmed, the third is not."""
    stand_in = await serve(None, Close(**VENDOR, at="speak", nth=3))
    wire = await stand_in.connect(await stand_in.start())
    for number in range(4):
        await wire.speak(0.1, f"u{number}")
    await wire.wait_for_close()

    confirmed = [message["source_event_id"] for message in wire.seen if message["type"].endswith("_appended")]
    assert confirmed == ["u0", "u1"]


async def test_fault_strikes_after_its_seconds(serve: Serve) -> None:
    """Speech before the fault arrives."""
    stand_in = await serve(None, Close(**VENDOR, at="speaking", after=0.2))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(1.0)
    await wire.wait_for("agent.speak_started")

    assert await wire.wait_for_close() == 1011
    assert stand_in.rooms[0].sound_bytes < 48_000


async def test_half_open_socket_answers_nothing(serve: Serve) -> None:
    """Pings and commands are not answered, nothing is played, and the socket stays open."""
    stand_in = await serve(None, HalfOpen(**VENDOR, at="connected"))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.socket.ping()
    await wire.speak(0.1)
    with pytest.raises(TimeoutError):
        await wire.socket.receive(timeout=0.3)

    assert not wire.socket.closed
    assert (await stand_in.inspect())["commands"] == []
    other = await stand_in.connect(session)
    await other.speak(0.1)
    assert await other.wait_for("agent.audio_buffer_appended")


async def test_half_open_socket_does_not_answer_a_close(serve: Serve) -> None:
    """A client's close gets no answer, and the stand-in drops the connection when the client gives up."""
    stand_in = await serve(None, HalfOpen(**VENDOR, at="connected"))
    session = await stand_in.start()
    socket = await stand_in.http.ws_connect(session["ws_url"], timeout=ClientWSTimeout(ws_close=0.2))
    await Wire(socket).wait_for(state="connected")
    await stand_in.strikes()
    await socket.close()

    assert socket.close_code == 1006


async def test_half_open_socket_ends_with_the_stand_in(serve: Serve) -> None:
    """A client that waits for ever does not keep the stand-in from ending."""
    stand_in = await serve(None, HalfOpen(**VENDOR))
    socket = await open_socket(stand_in)
    assert stand_in.stop_server is not None
    await stand_in.stop_server()

    assert (await socket.receive()).type in (WSMsgType.CLOSED, WSMsgType.ERROR)


async def test_silent_socket_accepts_commands(serve: Serve) -> None:
    """The avatar plays without a single event; a ping is answered."""
    stand_in = await serve(None, Silent(**VENDOR, at="connected"))
    wire = await stand_in.connect(await stand_in.start())
    await wire.speak(0.2)
    await wire.send("agent.speak_end")
    await stand_in.rooms[0].wait_for_sound(0.2)
    with pytest.raises(TimeoutError):
        await wire.socket.receive(timeout=0.2)

    assert (await stand_in.inspect())["utterances"][0]["heard_bytes"] == 9600


async def test_late_messages_keep_their_order(serve: Serve) -> None:
    """All come with the same delay, none is lost, even if the session ends meanwhile."""
    stand_in = await serve(None, Lag(**VENDOR, seconds=0.3))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    for number in range(20):
        await wire.send("agent.interrupt", f"i{number}")
    await stand_in.inspect_until(lambda session: len(session["commands"]) == 20)
    assert not [message for message in wire.seen if message["type"] == "agent.audio_buffer_cleared"]
    await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"]})
    assert await wire.wait_for_close() == 1000

    cleared = [message["source_event_id"] for message in wire.seen if message["type"] == "agent.audio_buffer_cleared"]
    assert cleared == [f"i{number}" for number in range(20)]
    assert wire.seen[-1]["state"] == "closed"


async def test_late_socket_can_be_closed(serve: Serve) -> None:
    """Late events come before the close, commands after it are lost, and the session accepts another socket."""
    stand_in = await serve(None, Lag(**VENDOR, seconds=0.2), Close(**VENDOR, at="speaking", code=4001))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await wire.speak(0.1)

    assert await wire.wait_for_close() == 4001
    assert wire.seen[-1]["type"] == "agent.state_updated"
    assert await stand_in.connect(session)


async def test_slow_reader_blocks_its_client(serve: Serve) -> None:
    """In the end a send does not return."""
    stand_in = await serve(None, SlowReader(**VENDOR, at="connected", bytes_per_second=1000.0))
    wire = await stand_in.connect(await stand_in.start())
    await stand_in.strikes()
    sending = asyncio.create_task(speak_for_ever(wire))
    await asyncio.sleep(1.0)

    assert not sending.done()
    assert len((await stand_in.inspect())["commands"]) <= 1
    sending.cancel()
    wire.abort()
    assert await wire.wait_for_close() == 1006


@pytest.mark.parametrize("form", ["text", "array", "deep"])
async def test_garbage_is_text_that_is_not_a_message(serve: Serve, form: Any) -> None:
    """One frame of garbage comes, and the conversation continues."""
    socket = await open_socket(await serve(None, Garbage(**VENDOR, form=form)))
    frame = await socket.receive()

    assert frame.type is WSMsgType.TEXT
    if form == "array":
        assert isinstance(json.loads(frame.data), list)
    else:
        with pytest.raises((ValueError, RecursionError)):
            json.loads(frame.data)
    assert (await socket.receive_json())["state"] == "new"


async def test_garbage_is_binary_or_huge(serve: Serve) -> None:
    """The two other forms of garbage arrive as well."""
    faults = (Garbage(**VENDOR, form="binary"), Garbage(**VENDOR, form="huge"))
    socket = await open_socket(await serve(None, *faults))

    assert (await socket.receive()).type is WSMsgType.BINARY
    assert len(await socket.receive_str()) > HUGE_BYTES
    assert (await socket.receive_json())["state"] == "new"


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        (ErrorEvent(**VENDOR, at="connected"), ["error"]),
        (WarningEvent(**VENDOR, at="connected"), ["warning"]),
        (UnknownEvent(**VENDOR, at="connected"), ["agent.mood_changed"]),
        (ForeignEvent(**VENDOR, at="connected"), ["agent.speak_started", "agent.speak_ended"]),
        (Say(**VENDOR, at="connected", body={"type": "session.stopped"}), ["session.stopped"]),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_unexpected_events_are_sent(serve: Serve, fault: Fault, kinds: list[str]) -> None:
    """The events come after `connected`, and the session continues."""
    wire = await (stand_in := await serve(None, fault)).connect(await stand_in.start())
    await wire.send("agent.interrupt", "i1")
    greeting = len(wire.seen)
    await wire.wait_for("agent.audio_buffer_cleared")

    assert [message["type"] for message in wire.seen[greeting:-1]] == kinds


async def test_duplicates_and_swaps(serve: Serve) -> None:
    """The third message comes twice, and the fifth after the sixth."""
    faults = (Duplicate(**VENDOR, at="sent", nth=3), Swap(**VENDOR, at="sent", nth=5))
    wire = await (stand_in := await serve(None, *faults)).connect(await stand_in.start())
    for number in range(4):
        await wire.send("agent.interrupt", f"i{number}")
    await wire.wait_for(source_event_id="i3")

    told = [message.get("state") or message["source_event_id"] for message in wire.seen]
    assert told == ["new", "connecting", "connected", "connected", "i0", "i2", "i1", "i3"]


async def test_message_held_back_is_lost_with_its_client(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """A client that is gone when the socket closes is not an error of the stand-in."""
    stand_in = await serve(None, Swap(**VENDOR, at="sent", nth=4), Drop(**VENDOR, at="speak"))
    wire = await stand_in.connect(await stand_in.start())
    await wire.send("agent.interrupt")
    await wire.speak(0.1)
    await wire.wait_for_close()
    assert stand_in.stop_server is not None
    await stand_in.stop_server()

    assert caplog.records == []


async def test_message_held_back_is_sent_at_the_end(serve: Serve) -> None:
    """A swap without a later message loses nothing."""
    stand_in = await serve(None, Swap(**VENDOR, at="sent", nth=5))
    session = await stand_in.start()
    wire = await stand_in.connect(session)
    await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"]})
    await wire.wait_for_close()

    assert [message["state"] for message in wire.seen] == ["new", "connecting", "connected", "closing", "closed"]
