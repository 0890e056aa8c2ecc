"""What a worker receives, by the LiveKit server's own count: the caller, the avatar's sound, and no picture."""

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
    from demo.livekit_server import LiveKitServer
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

HAPPENS = 40.0
_SUBSCRIBED = re.compile(r'livekit_track_subscribed_total\{kind="(\w+)"[^}]*\} (\d+)')


@pytest.mark.parametrize("room_owner", ["ours", "liveavatar"])
async def test_a_worker_receives_sound_alone(stage: Stage, room_owner: Literal["ours", "liveavatar"]) -> None:
    """The caller subscribes to nothing, and the worker to the microphone and to the avatar's sound."""
    there = replace(stage, room_owner=room_owner)
    async with there.worker(), AsyncExitStack() as stack:
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

    assert subscribed == {"AUDIO": 2, "VIDEO": 0}


async def subscriptions(server: LiveKitServer) -> dict[str, int]:
    """The subscriptions that all participants of all rooms have now, by the kind of the track."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{server.metrics_port}/metrics") as reply:
        found = _SUBSCRIBED.findall(await reply.text())
    counts = {"AUDIO": 0, "VIDEO": 0}
    for kind, count in found:
        counts[kind.upper()] = counts.get(kind.upper(), 0) + int(count)
    return counts


def _publishes_picture(room: rtc.Room) -> bool:
    tracks = [track for person in room.remote_participants.values() for track in person.track_publications.values()]
    return any(track.kind == rtc.TrackKind.KIND_VIDEO for track in tracks)


def _states(room: rtc.Room) -> list[str | None]:
    return [person.attributes.get(AGENT_STATE) for person in room.remote_participants.values()]
