"""What the agent does when somebody is heard while it speaks: it pauses, and a turn or nothing comes of it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.conversation.apology import Apology
from agent.conversation.call_session import CallSession
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.pipeline import turn_handling
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona
from agent.settings import Settings
from agent.turns import turn_settings
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT, SilentInput
from tests.agent.speech.speech_fakes import Captions, ClockedOutput, Line, ScriptedTTS
from tests.agent.vad_fakes import ScriptedVAD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STORY, ANSWER = "Once upon a time there was a lighthouse keeper.", "Well."
PERSONA = Persona(name="Ada", instructions="Be kind.")


class PausableOutput(ClockedOutput):
    """One that tells what the framework asked of it.

    Attributes:
        told: In order.
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
    """A story is being told, and somebody is heard."""

    def __init__(self) -> None:
        self.vad, self.ear, self.output = ScriptedVAD(), ScriptedSTT(), PausableOutput()
        settings = Settings()
        self.session = CallSession(
            vad=self.vad,
            stt=self.ear,
            llm=ScriptedLLM(Reply((ANSWER,)), Reply((ANSWER,)), Reply((ANSWER,))),
            tts=ScriptedTTS({STORY: Line(30.0, 1), ANSWER: Line(0.2, 2)}),
            turn_handling=turn_handling(settings, turn_settings(settings, PERSONA)),
            aec_warmup_duration=None,
        )
        self.false = asyncio.Event()
        self.session.on("agent_false_interruption", lambda _: self.false.set())

    @property
    def turns(self) -> list[str | None]:
        """What the caller has said, as the agent took it."""
        return [each.text_content for each in self.session.history.messages() if each.role == "user"]

    async def hear(self, seconds: float, text: str = "") -> None:
        """Let somebody be heard, and understood half a second later at most."""
        voice = asyncio.create_task(self.vad.voice(seconds))
        await asyncio.sleep(seconds + 0.1)
        if text:
            self.ear.streams[-1].understand(text)
        await voice

    async def goes_on(self) -> None:
        """Wait until the agent goes on after a false interruption."""
        async with asyncio.timeout(10):
            await self.false.wait()
        self.false.clear()

    async def has_turn(self) -> None:
        """Wait until the caller's words are a turn."""
        async with asyncio.timeout(10):
            while not self.turns:  # noqa: ASYNC110 - the history tells nobody
                await asyncio.sleep(0.02)


@asynccontextmanager
async def talk() -> AsyncIterator[Talk]:
    """A story that has begun; captions are told at once."""
    made = Talk()
    made.session.input.audio = SilentInput()
    made.session.output.audio = made.output
    apology = Apology(made.session, PERSONA.apology)
    agent = PersonaAgent(
        PERSONA,
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
        made.session.say(STORY)
        await made.output.wait_for_audio(1.0)
        yield made
    finally:
        await apology.aclose()
        await made.session.close()


@pytest.mark.parametrize("text", ["", "Uh-huh.", "a time there was"])
async def test_what_is_no_turn_pauses_the_agent_for_a_moment(text: str) -> None:
    """A noise, a backchannel, or its own voice from the caller's speakers: it goes on, and nothing was said."""
    async with talk() as made:
        await made.hear(0.4, text)
        await made.goes_on()
        await asyncio.sleep(0.6)  # longer than a turn needs to end

        assert made.output.told == ["pause", "resume"]
        assert made.turns == []


@pytest.mark.parametrize("text", ["Stop.", "Okay, but wait.", "a time there was stop"])
async def test_words_of_the_caller_interrupt_the_agent(text: str) -> None:
    """They are a turn, and answered."""
    async with talk() as made:
        await made.hear(0.4, text)
        await made.has_turn()

        assert made.output.told[:2] == ["pause", "clear"]
        assert made.turns == [text]
        assert not made.false.is_set()


async def test_a_backchannel_is_an_answer_while_the_agent_is_silent() -> None:
    """To some questions it is all that there is to say."""
    async with talk() as made:
        await made.session.interrupt(force=True)
        await made.hear(0.4, "Okay.")
        await made.has_turn()

        assert made.turns == ["Okay."]


async def test_noise_again_and_again_does_not_interrupt_any_more_and_words_do() -> None:
    """After three false interruptions the agent speaks on through the fourth noise, and stops for words."""
    async with talk() as made:
        for _ in range(3):
            await made.hear(0.3)
            await made.goes_on()
        before = list(made.output.told)
        await made.hear(0.4)
        unmoved = made.output.told == before
        await made.hear(0.4, "Stop it.")
        await made.has_turn()

        assert before == ["pause", "resume"] * 3
        assert unmoved
        assert "clear" in made.output.told
