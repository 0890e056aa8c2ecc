"""A call without a caller: a session that only speaks, and what it has said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import Agent, AgentSession, APIConnectOptions, TurnHandlingOptions
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.io import AudioOutput

from agent.speech.queue import SpeechQueue
from agent.speech.sentence import Sentence, SentenceState
from tests.agent.speech.speech_fakes import Line, ScriptedTTS

FINISHED, INTERRUPTED, FAILED = SentenceState.FINISHED, SentenceState.INTERRUPTED, SentenceState.FAILED


THREE = {"One.": Line(0.2, 1), "Two.": Line(0.3, 2), "Three.": Line(0.1, 3)}
NO_RETRY = SessionConnectOptions(tts_conn_options=APIConnectOptions(max_retry=0))
LIVEKIT = {
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
}


class Told:
    """The reports of a speech queue, in order."""

    def __init__(self, queue: SpeechQueue) -> None:
        self.news: list[str] = []
        queue.on("sentence_started", lambda sentence: self.news.append(f"{sentence.text} started"))
        queue.on("sentence_ended", lambda sentence: self.news.append(f"{sentence.text} {sentence.state.value}"))


def agent_session(tts: ScriptedTTS, **options: Any) -> AgentSession[Any]:
    """Make a session that only speaks."""
    turns = TurnHandlingOptions(turn_detection="manual")
    return AgentSession(tts=tts, vad=None, turn_handling=turns, conn_options=NO_RETRY, **options)


@asynccontextmanager
async def call(tts: ScriptedTTS, output: AudioOutput | None, **options: Any) -> AsyncIterator[AgentSession[Any]]:
    """Run a session that speaks into `output`."""
    session = agent_session(tts, **options)
    session.output.audio = output
    await session.start(Agent(instructions=""))
    try:
        yield session
    finally:
        await session.aclose()


def spoken(session: AgentSession[Any]) -> list[str | None]:
    """Return the assistant's messages in the chat context."""
    return [message.text_content for message in session.history.messages() if message.role == "assistant"]


async def ends_of(sentences: list[Sentence]) -> list[tuple[SentenceState, float]]:
    """Wait for all sentences, and return their states and positions in seconds."""
    async with asyncio.timeout(20):
        return [((await sentence).state, round(sentence.position, 6)) for sentence in sentences]
