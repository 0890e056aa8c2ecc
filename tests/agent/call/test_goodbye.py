"""The goodbye: it is heard, by whomever is speaking, and then the session is closed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit.agents import Agent, AgentSession, TurnHandlingOptions

from agent.call.goodbye import say_goodbye
from agent.speech.queue import SpeechQueue
from tests.agent.session_fakes import SilentInput
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STORY = Line(20.0, 1)
GOODBYE = Line(0.3, 2)
LONG = 20.0


@asynccontextmanager
async def running() -> AsyncIterator[tuple[AgentSession[None], SpeechQueue, ClockedOutput]]:
    """A session that can tell a story and say goodbye."""
    tts = ScriptedTTS({"A story.": STORY, "Goodbye!": GOODBYE})
    session = AgentSession[None](tts=tts, vad=None, turn_handling=TurnHandlingOptions(turn_detection="manual"))
    output = ClockedOutput()
    session.input.audio, session.output.audio = SilentInput(), output
    await session.start(Agent(instructions=""))
    try:
        yield session, SpeechQueue(session), output
    finally:
        await session.aclose()


async def end(session: AgentSession[None], speech: SpeechQueue, text: str, *, timeout: float = LONG) -> None:  # noqa: ASYNC109 - the product's own
    """Say goodbye, and wait until the session has closed."""
    closed = asyncio.Event()
    session.on("close", lambda _: closed.set())
    await say_goodbye(session, speech, text, timeout=timeout)
    await closed.wait()


async def test_a_story_gives_way_to_the_goodbye() -> None:
    """Which is heard to its end before the session closes."""
    async with running() as (session, speech, output):
        speech.say("A story.")
        await output.wait_for_audio(0.2)
        await end(session, speech, "Goodbye!")

    assert output.reported[0] < STORY.seconds
    assert output.reported[1:] == [pytest.approx(GOODBYE.seconds)]
    assert output.heard.endswith(GOODBYE.pcm)


async def test_the_goodbye_is_said_to_a_caller_who_speaks() -> None:
    """Who does not hear it in the own voice is not waited for: the microphone is off."""
    async with running() as (session, speech, output):
        assert session._activity is not None
        session._activity.on_start_of_speech(None, speech_start_time=0.0)
        assert session.user_state == "speaking"
        await end(session, speech, "Goodbye!")

    assert output.reported == [pytest.approx(GOODBYE.seconds)]


async def test_a_goodbye_that_takes_too_long_is_not_waited_for() -> None:
    """The session closes when the time is up."""
    async with running() as (session, speech, output):
        await end(session, speech, "A story.", timeout=0.3)

    assert [position < STORY.seconds for position in output.reported] == [True]


async def test_without_a_goodbye_the_session_closes_at_once() -> None:
    """So does one that has closed already."""
    async with running() as (session, speech, output):
        await end(session, speech, "")
        await say_goodbye(session, speech, "Goodbye!", timeout=LONG)

    assert output.reported == []
