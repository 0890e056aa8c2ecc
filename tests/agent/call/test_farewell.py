"""The farewell: what a caller still hears of the agent when a call ends."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit.agents import Agent, AgentSession, TurnHandlingOptions, function_tool, llm

import agent.call.farewell
from agent.call.farewell import fall_silent, finish_speech, say_goodbye
from agent.framework import running_tools
from agent.speech.queue import SpeechQueue
from tests.agent.session_fakes import Reply, ScriptedLLM, SilentInput
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

STORY = Line(20.0, 1)
GOODBYE = Line(0.3, 2)
LOOK = Reply((llm.FunctionToolCall(name="look", arguments="{}", call_id="call"),))


@function_tool
async def look() -> str:
    """Wait for a server that never answers."""
    await asyncio.Event().wait()
    return ""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the last audio reach the caller at once."""
    monkeypatch.setattr(agent.call.farewell, "LINGER", 0.0)


@asynccontextmanager
async def running() -> AsyncIterator[tuple[AgentSession[None], SpeechQueue, ClockedOutput]]:
    """Start a session that can tell a story and say goodbye."""
    tts = ScriptedTTS({"A story.": STORY, "Goodbye!": GOODBYE})
    turns = TurnHandlingOptions(turn_detection="manual")
    session = AgentSession[None](llm=ScriptedLLM(LOOK), tts=tts, vad=None, turn_handling=turns)
    output = ClockedOutput()
    session.input.audio, session.output.audio = SilentInput(), output
    await session.start(Agent(instructions="", tools=[look]))
    try:
        yield session, SpeechQueue(session), output
    finally:
        await session.aclose()


async def test_a_story_gives_way_to_the_goodbye() -> None:
    """The story is interrupted, and the goodbye is heard to its end."""
    async with running() as (session, speech, output):
        speech.say("A story.")
        await output.wait_for_audio(0.2)
        await fall_silent(session)
        await say_goodbye(speech, "Goodbye!")

        assert output.reported[0] < STORY.seconds
        assert output.reported[1:] == [pytest.approx(GOODBYE.seconds)]
        assert output.heard.endswith(GOODBYE.pcm)


async def test_the_goodbye_is_said_to_a_caller_who_speaks() -> None:
    """The caller's microphone is switched off, and their turn is dropped."""
    async with running() as (session, speech, output):
        assert session._activity is not None
        session._activity.on_start_of_speech(None, speech_start_time=0.0)
        assert session.user_state == "speaking"
        await fall_silent(session)
        await say_goodbye(speech, "Goodbye!")

        assert output.reported == [pytest.approx(GOODBYE.seconds)]
        assert not session.input.audio_enabled


async def test_a_tool_that_hangs_is_cancelled() -> None:
    """The speech that called the tool ends at once, before the framework gives it up."""
    async with running() as (session, _, _output):
        started = asyncio.Event()
        session.on("tool_execution_updated", lambda _: started.set())
        speech = session.generate_reply(user_input="look it up")
        await started.wait()
        [tool] = running_tools(session)
        await fall_silent(session)

        assert (tool.cancelled(), speech.done(), running_tools(session)) == (True, True, [])


async def test_the_end_waits_until_the_goodbye_was_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending the goodbye is not enough: the end waits for the latency to the caller, too."""
    monkeypatch.setattr(agent.call.farewell, "LINGER", 3600.0)
    async with running() as (_, speech, output):
        saying = asyncio.create_task(say_goodbye(speech, "Goodbye!"))
        async with asyncio.timeout(10):
            while not output.reported:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

        assert not saying.done()
        saying.cancel()


async def test_without_a_goodbye_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The farewell also returns at once in a session that has closed."""
    monkeypatch.setattr(agent.call.farewell, "LINGER", 3600.0)
    async with running() as (session, speech, output):
        await say_goodbye(speech, "")
        await session.aclose()
        await fall_silent(session)
        await say_goodbye(speech, "Goodbye!")

    assert output.reported == []


async def test_current_speech_can_be_finished() -> None:
    """The microphone is switched off meanwhile; without current speech the farewell returns at once."""
    async with running() as (session, speech, output):
        speech.say("Goodbye!")
        await output.wait_for_audio(0.1)
        await finish_speech(session)
        await finish_speech(session)

        assert output.reported == [pytest.approx(GOODBYE.seconds)]
        assert not session.input.audio_enabled
