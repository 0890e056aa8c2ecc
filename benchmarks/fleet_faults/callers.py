"""Callers who stay in their rooms, ask when they are told to, and note when an agent can hear them."""

from __future__ import annotations

import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from livekit import rtc
from livekit.agents.types import ATTRIBUTE_AGENT_STATE

from demo.call.levels import RATE_HZ
from demo.call.microphone import Microphone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from demo.call.levels import Samples

# States of an agent that has joined and can be spoken to.
_READY: Final = {"listening", "thinking", "speaking"}

# Samples of the microphone that are fed at once, 50 ms: the machine is for the workers.
_WINDOW: Final = RATE_HZ // 20


class Caller:
    """A caller in a room.

    Args:
        name: Of the room.
        room: Not connected yet.
        microphone: Of the caller.

    Attributes:
        name: Of the room.
        agents: When each agent could be spoken to for the first time, in Unix seconds, by its identity.
    """

    def __init__(self, name: str, room: rtc.Room, microphone: Microphone) -> None:
        self.name = name
        self.agents: dict[str, float] = {}
        self._microphone = microphone
        room.on("participant_connected", self._look)
        room.on("participant_attributes_changed", lambda _, participant: self._look(participant))

    async def ask(self, question: Samples) -> None:
        """Ask, and return when the question has been said."""
        await self._microphone.say(question)

    def _look(self, participant: rtc.Participant) -> None:
        if participant.attributes.get(ATTRIBUTE_AGENT_STATE) in _READY:
            self.agents.setdefault(participant.identity, time.time())


@asynccontextmanager
async def calling(url: str, name: str, token: str) -> AsyncIterator[Caller]:
    """Join a room, and stay in it as long as the body runs."""
    async with AsyncExitStack() as stack:
        room = rtc.Room()
        microphone = Microphone(lambda *_: None, window=_WINDOW)
        caller = Caller(name, room, microphone)
        await room.connect(url, token, rtc.RoomOptions(auto_subscribe=False))
        stack.push_async_callback(room.disconnect)
        stack.push_async_callback(microphone.aclose)
        await microphone.publish(room)
        yield caller
