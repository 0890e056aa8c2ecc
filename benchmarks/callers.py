"""The common parts of all benchmarks' callers: a token, and a microphone in a room."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from livekit import api, rtc

from demo.call.levels import WINDOW
from demo.call.microphone import Microphone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.figures import Plugin
    from demo.livekit_server import LiveKitServer


def caller_token(server: LiveKitServer, room: str, plugin: Plugin) -> str:
    """Return a token that lets a caller into a room, and dispatches an agent of a plugin's workers to it."""
    dispatch = api.RoomAgentDispatch(agent_name=plugin.value)
    token = api.AccessToken(server.api_key, server.api_secret).with_identity("caller")
    token.with_grants(api.VideoGrants(room_join=True, room=room))
    return token.with_room_config(api.RoomConfiguration(agents=[dispatch])).to_jwt()


@asynccontextmanager
async def joined(
    room: rtc.Room, url: str, token: str, *, auto_subscribe: bool = False, window: int = WINDOW
) -> AsyncIterator[Microphone]:
    """Join a room as long as the body runs.

    Args:
        room: Not connected yet.
        url: URL of the LiveKit server.
        token: The caller's token.
        auto_subscribe: True to subscribe to all tracks.
        window: See `Microphone`.

    Yields:
        The caller's microphone, published.
    """
    async with AsyncExitStack() as stack:
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=auto_subscribe))
        stack.push_async_callback(room.disconnect)
        microphone = Microphone(lambda *_: None, window)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(room)
        yield microphone
