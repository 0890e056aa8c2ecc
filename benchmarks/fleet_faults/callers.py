"""Callers who ask now and then; whether they were answered is read from the stand-in's books."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from livekit import rtc

from demo.call.microphone import Microphone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from demo.call.levels import Samples


class Caller:
    """A caller in a room.

    Args:
        room: The room's name.
        microphone: Published.
    """

    def __init__(self, room: str, microphone: Microphone) -> None:
        self.room = room
        self._microphone = microphone

    async def ask(self, question: Samples) -> None:
        """Ask, and wait until the question has been said."""
        await self._microphone.say(question)


@asynccontextmanager
async def calling(url: str, room: str, token: str) -> AsyncIterator[Caller]:
    """Join, and stay in the room as long as the body runs."""
    async with AsyncExitStack() as stack:
        joined = rtc.Room()
        await joined.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        stack.push_async_callback(joined.disconnect)
        microphone = Microphone(lambda *_: None)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(joined)
        yield Caller(room, microphone)
