"""A call in which the persona can change, with stand-ins that record their requests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from livekit.agents import llm

from agent.call_config import CallConfig
from agent.control.attributes import Attributes
from agent.control.personas import Personas
from agent.persona import Persona, load_persona
from agent.settings import DEFAULT_PERSONA, Settings
from tests.agent.control.fakes import CalledSession, Room
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT
from tests.agent.speech.speech_fakes import Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest


NOVA = load_persona(DEFAULT_PERSONA)
POET = load_persona(DEFAULT_PERSONA.with_name("poet.toml"))
VOICE = {"Fine.": Line(0.05, 1), NOVA.apology: Line(0.05, 2), POET.apology: Line(0.05, 3), "A story.": Line(20.0, 4)}
LOOK = Reply((llm.FunctionToolCall(name="look", arguments="{}", call_id="call"),))


class Voice(ScriptedTTS):
    """A text-to-speech that records whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True
        await super().aclose()


class Ear(ScriptedSTT):
    """A speech-to-text that records whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True
        await super().aclose()


class ClosableLLM(ScriptedLLM):
    """A language model that records whether it was closed."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True
        await super().aclose()


class Stage:
    """A session with its personas.

    Args:
        persona: The file that PERSONA names.
        first: The persona that the call starts with.

    Attributes:
        voices: Text-to-speech instances that were made for personas other than the first.
        ears: Speech-to-text instances that were made for personas that don't use the session's.
        failed: Parts of the pipeline that were reported as failed.
    """

    def __init__(
        self, persona: Path = DEFAULT_PERSONA, config: CallConfig | None = None, first: Persona = NOVA
    ) -> None:
        self.thoughts = ScriptedLLM(*(Reply(("Fine.",)) for _ in range(3)))
        self.voices: list[Voice] = []
        self.ears: list[Ear] = []
        self.failed: list[str] = []
        self.session = CalledSession(self.thoughts, ScriptedTTS(VOICE))
        self.room = Room()
        room: Any = self.room
        self.attributes = Attributes(room)
        self.personas = Personas(
            self.session,
            Settings(persona=persona, personas_dir=persona.parent),
            first,
            self.attributes,
            config or CallConfig(),
            on_first_token=lambda: None,
            on_first_audio=lambda: None,
            on_failure=self.failed.append,
        )

    def build_voice(self, *_: object) -> Voice:
        self.voices.append(Voice(VOICE))
        return self.voices[-1]

    def build_ear(self, *_: object) -> Ear:
        self.ears.append(Ear())
        return self.ears[-1]

    async def ask(self, text: str) -> list[str]:
        """Say something, and return what the language model was asked, from the instructions on."""
        await self.session.generate_reply(user_input=text)
        return self.thoughts.asked[-1]


@asynccontextmanager
async def staged(
    monkeypatch: pytest.MonkeyPatch,
    persona: Path = DEFAULT_PERSONA,
    config: CallConfig | None = None,
    first: Persona = NOVA,
) -> AsyncIterator[Stage]:
    """Start a session with Nova or another first persona."""
    made = Stage(persona, config, first)
    monkeypatch.setattr("agent.control.personas.build_ear", made.build_ear)
    monkeypatch.setattr("agent.control.personas.build_voice", made.build_voice)
    made.attributes.start()
    await made.session.start(made.personas.first_agent())
    try:
        yield made
    finally:
        await made.session.aclose()
        await made.attributes.aclose()
        await made.personas.aclose()
