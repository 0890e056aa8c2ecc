"""The caller of a call: what LiveKit carries to the agent and back, without LiveKit."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import Agent

from agent.call.account import Account
from agent.call_config import CallConfig
from agent.control.control import Control
from agent.control.usage import Usage
from agent.persona import Persona
from agent.settings import Settings
from agent.speech.queue import SpeechQueue
from tests.agent.control.fakes import CALLER, CalledSession, Participant, Room, presence_of
from tests.agent.session_fakes import Reply, ScriptedLLM
from tests.agent.speech.speech_fakes import Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VOICE = {
    "Fine.": Line(0.1, 1),
    "This is said word for word.": Line(0.3, 2),
    "And so is this one, at its end.": Line(0.3, 3),
    "A story without an end.": Line(60.0, 4),
}
PERSONA = Persona(name="Ada", instructions="Be kind.")


class Caller:
    """A front end that calls methods and sees what the agent's participant does."""

    def __init__(self, *replies: Reply, settings: Settings) -> None:
        self.thoughts = ScriptedLLM(*replies)
        self.room = Room()
        self.session = CalledSession(self.thoughts, ScriptedTTS(VOICE), room=self.room)
        self.presence = presence_of(self.session, self.room)
        self.uses = 0
        self.has_ended = asyncio.Event()
        room: Any = self.room
        self.control = Control(
            room,
            self.session,
            SpeechQueue(self.session),
            self.presence,
            settings=settings,
            persona=PERSONA,
            config=CallConfig(),
            usage=Usage(settings, Account(settings, None)),
            on_turn=lambda _: None,
            on_use=self._use,
            on_end=self.has_ended.set,
        )

    def _use(self) -> None:
        self.uses += 1

    @property
    def agent(self) -> Participant:
        participant: Participant = self.room.local_participant
        return participant

    async def call(self, method: str, payload: str = "{}", *, caller: str = CALLER) -> Any:
        """Call a method as LiveKit does for the participant with this identity."""
        asked = rtc.RpcInvocationData("request", caller, payload, 10.0, method)
        return json.loads(await self.agent.methods[method](asked))

    async def refusal(self, method: str, payload: str = "{}", *, caller: str = CALLER) -> rtc.RpcError:
        """Return the error that a method answers with."""
        with pytest.raises(rtc.RpcError) as refused:
            await self.call(method, payload, caller=caller)
        return refused.value

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the payloads that were published under this topic."""
        return [packet for packet in self.agent.packets if packet["type"] == kind]

    async def hears(self, count: int) -> None:
        """Wait until so many answers are over."""
        async with asyncio.timeout(10):
            await self.agent.changes.until(lambda: len(self.events("said")) >= count or None)


@asynccontextmanager
async def calling(*replies: Reply, settings: Settings | None = None) -> AsyncIterator[Caller]:
    """Start a call with a front end."""
    made = Caller(*replies, settings=settings or Settings())
    await made.session.start(Agent(instructions=""))
    made.control.open()
    made.presence.watch()
    try:
        yield made
    finally:
        await made.session.aclose()
        await made.control.aclose()
