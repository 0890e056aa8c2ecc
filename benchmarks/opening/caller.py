"""A caller who joins, and notes when the avatar is first seen and heard."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from livekit import rtc

from benchmarks.callers import joined
from demo.call.listener import Listener

_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Opening:
    """Seconds from the caller's first step to the first frame of the avatar's video, and to its first sound."""

    first_frame: float
    first_word: float


async def join(url: str, token: str, began_at: float) -> Opening:
    """Join a room with a microphone, wait for picture and sound, and leave.

    Args:
        url: URL of the LiveKit server.
        token: The caller's token.
        began_at: Time of the caller's first step, by `time.monotonic`.
    """
    room = rtc.Room()
    loop = asyncio.get_running_loop()
    tracks: dict[int, asyncio.Future[rtc.Track]] = {
        kind: loop.create_future() for kind in (rtc.TrackKind.KIND_AUDIO, rtc.TrackKind.KIND_VIDEO)
    }

    def on_track(track: rtc.Track, *_: object) -> None:
        if not tracks[track.kind].done():
            tracks[track.kind].set_result(track)

    room.on("track_subscribed", on_track)
    # With a microphone: LiveKit announces a participant who publishes no track up to three seconds later.
    async with joined(room, url, token, auto_subscribe=True), asyncio.timeout(_WITHIN):
        seen, heard = await asyncio.gather(
            _first_frame(tracks[rtc.TrackKind.KIND_VIDEO]), _first_sound(tracks[rtc.TrackKind.KIND_AUDIO])
        )
    return Opening(seen - began_at, heard - began_at)


async def _first_frame(track: asyncio.Future[rtc.Track]) -> float:
    stream = rtc.VideoStream(await track)
    try:
        await anext(aiter(stream))
        return time.monotonic()
    finally:
        await stream.aclose()


async def _first_sound(track: asyncio.Future[rtc.Track]) -> float:
    listener = Listener(await track, lambda *_: None)
    try:
        return (await listener.first_sound(0.0)).started_at
    finally:
        await listener.aclose()
