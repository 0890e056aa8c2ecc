"""A conversation with a scripted caller: voice, transcripts, answers and speech, in real time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from livekit.agents import APIConnectOptions
from livekit.agents.voice.agent_session import SessionConnectOptions

from agent.conversation.apology import Apology
from agent.conversation.call_session import CallSession
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.pipeline import turn_handling
from agent.conversation.stt_watchdog import SttWatchdog
from agent.conversation.voices import VoicesByLanguage
from agent.persona import Persona
from agent.settings import Settings
from agent.turns import turn_settings
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT, SilentInput
from tests.agent.speech.speech_fakes import Captions, ClockedOutput, Line, ScriptedTTS
from tests.agent.vad_fakes import ScriptedVAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SORRY, STORY, ANSWER = "Sorry.", "Once upon a time there was a lighthouse keeper.", "Well."
PERSONA = Persona(name="Ada", instructions="Be kind.", apology=SORRY)


class PausableOutput(ClockedOutput):
    """An audio output that records the framework's pauses, resumes and clears.

    Attributes:
        told: The recorded requests, in order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def pause(self) -> None:
        super().pause()
        self._note("pause")

    def resume(self) -> None:
        super().resume()
        self._note("resume")

    def clear_buffer(self) -> None:
        super().clear_buffer()
        self._note("clear")

    def _note(self, what: str) -> None:
        # The framework pauses with every window of voice, and resumes before every speech.
        if self.told[-1:] != [what] and (self.told or what != "resume"):
            self.told.append(what)


class Talk:
    """A session with its scripted parts, and what can be observed of it.

    Args:
        answer: How text-to-speech renders the answer.
        spanish: The same in Spanish, for a persona that has that language.
        settings: The call's settings.
    """

    def __init__(self, answer: Line, spanish: Line | None = None, settings: Settings | None = None) -> None:
        self.vad, self.ear, self.output = ScriptedVAD(), ScriptedSTT(), PausableOutput()
        self.thoughts = ScriptedLLM(*[Reply((ANSWER,))] * 9)
        self.voice = ScriptedTTS({SORRY: Line(0.2, 9), STORY: Line(30.0, 1), ANSWER: answer})
        settings = settings or Settings()
        self.session = CallSession(
            vad=self.vad,
            stt=self.ear,
            llm=self.thoughts,
            tts=self.voice if spanish is None else VoicesByLanguage(self.voice, {"es": ScriptedTTS({ANSWER: spanish})}),
            turn_handling=turn_handling(settings, turn_settings(settings, PERSONA)),
            aec_warmup_duration=None,
            conn_options=SessionConnectOptions(tts_conn_options=APIConnectOptions(max_retry=0)),
        )
        self.false = asyncio.Event()
        self.session.on("agent_false_interruption", lambda _: self.false.set())

    @property
    def said(self) -> list[str | None]:
        """Return the agent's messages so far."""
        return [each.text_content for each in self.session.history.messages() if each.role == "assistant"]

    @property
    def turns(self) -> list[str | None]:
        """Return the caller's messages as they were transcribed."""
        return [each.text_content for each in self.session.history.messages() if each.role == "user"]

    async def hear(self, seconds: float, text: str = "", language: str = "en") -> None:
        """Simulate a voice, and its transcript half a second later at most."""
        voice = asyncio.create_task(self.vad.voice(seconds))
        await asyncio.sleep(seconds + 0.1)
        if text:
            self.ear.streams[-1].understand(text, language)
        await voice

    async def goes_on(self) -> None:
        """Wait until the agent goes on after a false interruption."""
        async with asyncio.timeout(10):
            await self.false.wait()
        self.false.clear()

    async def has_said(self, count: int) -> None:
        """Wait until the agent has given so many answers."""
        async with asyncio.timeout(10):
            while len(self.said) < count:  # noqa: ASYNC110 - the history has no event
                await asyncio.sleep(0.02)

    async def has_turn(self) -> None:
        """Wait until the caller's words have become a turn."""
        async with asyncio.timeout(10):
            while not self.turns:  # noqa: ASYNC110 - the history has no event
                await asyncio.sleep(0.02)


@asynccontextmanager
async def talk(
    answer: Line | None = None,
    *,
    story: bool = False,
    spanish: Line | None = None,
    persona: Persona = PERSONA,
    settings: Settings | None = None,
) -> AsyncIterator[Talk]:
    """Start a session, with `story` let it tell one, and wait until its captions are known."""
    made = Talk(answer or Line(0.2, 2), spanish, settings)
    made.session.input.audio = SilentInput()
    made.session.output.audio = made.output
    apology = Apology(made.session, PERSONA.apology)
    agent = PersonaAgent(
        persona,
        [],
        made.session,
        apology=apology,
        stt_watchdog=SttWatchdog(made.session, apology.say),
        on_first_token=lambda: None,
        on_first_audio=lambda: None,
        on_failure=lambda _: None,
        turns=turn_settings(Settings(), PERSONA),
    )
    await made.session.start(agent)
    made.session.output.transcription = Captions()
    made.session.note_said_words()
    try:
        await made.ear.wait_for_streams(1)
        if story:
            made.session.say(STORY)
            await made.output.wait_for_audio(1.0)
        yield made
    finally:
        await apology.aclose()
        await made.session.close()
