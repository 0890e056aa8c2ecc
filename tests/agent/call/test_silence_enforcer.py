"""The silence enforcer in a call, in virtual time: what stops its count, and how it asks and ends the call."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc
from livekit.agents import UserInputTranscribedEvent

import agent.call.silence_enforcer
from agent.call.silence_enforcer import SilenceEnforcer
from agent.conversation.spoken_language import SpokenLanguage
from agent.persona import Persona

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.looptime

LINES = ("Are you there?", "Hello?")
SILENCE = {"ask_after": 10, "goodbye_after": 30, "lines": LINES}


class Session(rtc.EventEmitter[Literal["user_input_transcribed"]]):
    """A session that reports its states, and records the replies it was asked for.

    Attributes:
        told: Instructions of the requested replies.
    """

    def __init__(self) -> None:
        super().__init__()
        self.agent_state, self.user_state, self.current_speech = "listening", "listening", None
        self.told: list[str] = []

    def generate_reply(self, *, instructions: str) -> None:
        self.told.append(instructions)

    def understand(self, text: str) -> None:
        self.emit("user_input_transcribed", UserInputTranscribedEvent(transcript=text, is_final=False))


class Call:
    """Everything that the silence policy sees of a call.

    said: Lines that were spoken.
        said: The lines that were spoken.
        ends: How often the call was ended.
    """

    def __init__(self, persona: Persona) -> None:
        self.session = Session()
        self.presence = SimpleNamespace(is_there=True, can_be_heard=True)
        self.personas = SimpleNamespace(persona=persona, language=SpokenLanguage(persona))
        self.is_held = False
        self.said: list[str] = []
        self.ends = 0
        fakes: list[Any] = [self.session, SimpleNamespace(say=self.said.append), self.presence, self.personas]
        self.enforcer = SilenceEnforcer(*fakes, is_held=lambda: self.is_held, on_leave=self._leave)

    def _leave(self) -> None:
        self.ends += 1


@asynccontextmanager
async def silent_call(**silence: object) -> AsyncIterator[Call]:
    """Start a call whose caller says nothing."""
    call = Call(Persona.model_validate({"name": "Ada", "instructions": "Be kind.", "silence": SILENCE | silence}))
    call.enforcer.enforce()
    try:
        yield call
    finally:
        call.enforcer.stop()


async def test_the_lines_are_said_in_turns_and_the_call_ends() -> None:
    """The speech queue says the lines word for word."""
    async with silent_call() as call:
        await asyncio.sleep(40)

    assert (call.said, call.ends) == (list(LINES), 1)


async def test_the_language_model_may_find_the_words() -> None:
    """Replies are generated from the policy's instructions instead; nothing is said word for word."""
    async with silent_call(ask="instructions", instructions="Ask.", goodbye_after=None) as call:
        await asyncio.sleep(100)

    assert (call.session.told, call.said, call.ends) == (["Ask.", "Ask."], [], 0)


@pytest.mark.parametrize(
    "busy",
    [
        {"agent_state": "speaking"},
        {"agent_state": "thinking"},
        {"current_speech": "one that a noise has paused"},
        {"is_there": False},
        {"can_be_heard": False},
        {"is_held": True},
    ],
)
async def test_nothing_is_counted_meanwhile(busy: dict[str, object]) -> None:
    """The count stops while the agent speaks or thinks, a telephone rings, all are muted, or a button is held."""
    async with silent_call() as call:
        for name, value in busy.items():
            owner = next(each for each in (call.session, call.presence, call) if hasattr(each, name))
            setattr(owner, name, value)
        await asyncio.sleep(100)

    assert (call.said, call.ends) == ([], 0)


async def test_a_tool_that_runs_stops_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool stops it even if the conversation no longer waits for the tool, so that the agent seems idle."""
    tools = [asyncio.create_task(asyncio.sleep(50))]
    monkeypatch.setattr(agent.call.silence_enforcer, "running_tools", lambda _: [t for t in tools if not t.done()])
    async with silent_call() as call:
        await asyncio.sleep(49)
        before = list(call.said)
        await asyncio.sleep(12)

    assert (before, call.said) == ([], [LINES[0]])


async def test_words_and_keys_restart_the_count() -> None:
    """An interim transcript counts as a word, one without letters does not."""
    async with silent_call() as call:
        for _ in range(5):
            await asyncio.sleep(4)
            call.session.understand("well")
            await asyncio.sleep(4)
            call.enforcer.used()
        spoken = list(call.said)
        await asyncio.sleep(6)
        call.session.understand(" ")
        await asyncio.sleep(5)

    assert (spoken, call.said) == ([], [LINES[0]])


async def test_another_persona_has_its_own_policy() -> None:
    """The policy of the new persona holds from its first second."""
    async with silent_call() as call:
        await asyncio.sleep(9)
        call.personas.persona = Persona(name="Mira", instructions="Rhyme.")
        await asyncio.sleep(100)

    assert (call.said, call.ends) == ([], 0)
