"""What a worker receives, by the LiveKit server's count: the caller, and nothing of the avatar while it speaks."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import aiohttp
import pytest
from livekit import rtc

from demo.call.microphone import Microphone
from demo.call.room import AGENT_STATE

if TYPE_CHECKING:
    from pathlib import Path

    from demo.livekit_server import LiveKitServer
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]

HAPPENS = 40.0

# Speech of some twenty seconds: on a busy machine its beginning is received for longer.
PERSONA = f"""
name = "Ada"
instructions = "You help."
opening = "{"Hello, I am Nova. Ask me anything. " * 10}"
"""

# Seconds for which bytes are counted.
_WHILE = 1.0

# Bytes per second: speech takes six to twelve thousand, and a silent microphone some hundred.
_MOST = 2_000

_SENT = re.compile(r'livekit_packet_bytes\{[^}]*direction="outgoing"[^}]*\} (\S+)')
_SUBSCRIBED = re.compile(r'livekit_track_subscribed_total\{kind="(\w+)"[^}]*\} (\d+)')


@pytest.mark.parametrize("room_owner", ["ours", pytest.param("liveavatar", marks=pytest.mark.long)])
async def test_a_worker_receives_the_caller_alone(
    stage: Stage, room_owner: Literal["ours", "liveavatar"], tmp_path: Path
) -> None:
    """The caller subscribes to nothing, the worker to the microphone and to the avatar's sound, which is not sent.

    Only the beginning of the opening line's sound is received, to measure the delay of the captions.
    """
    persona = tmp_path / "talkative.toml"
    persona.write_text(PERSONA)
    there = replace(stage, room_owner=room_owner)
    async with there.worker({"PERSONA": str(persona)}), AsyncExitStack() as stack:
        room = rtc.Room()
        ticket = await there.ticket(f"received-{room_owner}")
        await room.connect(ticket.url, ticket.token, rtc.RoomOptions(auto_subscribe=False))
        stack.push_async_callback(room.disconnect)
        microphone = Microphone(lambda *_: None)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(room)
        async with asyncio.timeout(HAPPENS):
            for publication in room.local_participant.track_publications.values():
                await publication.wait_for_subscription()
            while not (_publishes_picture(room) and "speaking" in _states(room)):  # noqa: ASYNC110 - both may come first
                await asyncio.sleep(0.05)
        subscribed = await subscriptions(stage.livekit)
        async with asyncio.timeout(HAPPENS):
            while await _received(stage.livekit) > _MOST:
                pass
        states = _states(room)

    assert subscribed == {"AUDIO": 2, "VIDEO": 0}
    assert "speaking" in states


async def _received(server: LiveKitServer) -> float:
    """Return the bytes of media that are sent to the room's participants in a while."""
    before = await sent_bytes(server)
    await asyncio.sleep(_WHILE)
    return await sent_bytes(server) - before


async def sent_bytes(server: LiveKitServer) -> float:
    """Return the bytes of media that the server has sent to all participants so far."""
    return sum(float(count) for count in _SENT.findall(await _metrics(server)))


async def subscriptions(server: LiveKitServer) -> dict[str, int]:
    """Return the current subscriptions of all participants in all rooms, by the kind of the track."""
    found = _SUBSCRIBED.findall(await _metrics(server))
    counts = {"AUDIO": 0, "VIDEO": 0}
    for kind, count in found:
        counts[kind.upper()] = counts.get(kind.upper(), 0) + int(count)
    return counts


async def _metrics(server: LiveKitServer) -> str:
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{server.metrics_port}/metrics") as reply:
        return await reply.text()


def _publishes_picture(room: rtc.Room) -> bool:
    tracks = [track for person in room.remote_participants.values() for track in person.track_publications.values()]
    return any(track.kind == rtc.TrackKind.KIND_VIDEO for track in tracks)


def _states(room: rtc.Room) -> list[str | None]:
    return [person.attributes.get(AGENT_STATE) for person in room.remote_participants.values()]
