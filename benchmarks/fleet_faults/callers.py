"""Callers who stay in their rooms, ask a question on demand, and note when an agent can hear them."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from livekit import rtc
from livekit.agents.types import ATTRIBUTE_AGENT_STATE

from benchmarks.callers import joined
from demo.call.levels import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from demo.call.levels import Samples
    from demo.call.microphone import Microphone

# States of an agent that has joined and can be spoken to.
_READY: Final = {"listening", "thinking", "speaking"}

# Samples of the microphone that are fed at once, 50 ms, to leave the machine to the workers.
_WINDOW: Final = RATE_HZ // 20


class Agents:
    """The agents in a room, and when they are ready to be spoken to.

    Attributes:
        ready_at: When each agent was ready for the first time, in Unix seconds, by its identity.
    """

    def __init__(self, room: rtc.Room) -> None:
        self.ready_at: dict[str, float] = {}
        room.on("participant_connected", self._look)
        room.on("participant_attributes_changed", lambda _, participant: self._look(participant))

    def _look(self, participant: rtc.Participant) -> None:
        if participant.attributes.get(ATTRIBUTE_AGENT_STATE) in _READY:
            self.ready_at.setdefault(participant.identity, time.time())


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller in a room.

    Attributes:
        room: The room's name.
        microphone: The caller's published microphone.
        agents: The agents in the room.
    """

    room: str
    microphone: Microphone
    agents: Agents

    async def ask(self, question: Samples) -> None:
        """Ask, and return when the question has been said."""
        await self.microphone.say(question)


@asynccontextmanager
async def calling(url: str, name: str, token: str) -> AsyncIterator[Caller]:
    """Join a room, and stay in it as long as the body runs."""
    room = rtc.Room()
    agents = Agents(room)
    async with joined(room, url, token, window=_WINDOW) as microphone:
        yield Caller(name, microphone, agents)
