from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from livekit.agents import Agent, AgentSession, TurnHandlingOptions
from livekit.agents.voice.room_io import TextInputEvent

from agent.chat import take_text
from tests.agent.session_fakes import Reply, ScriptedLLM

if TYPE_CHECKING:
    import pytest


async def written(*texts: str) -> ScriptedLLM:
    """What the language model was asked when these were written."""
    thoughts = ScriptedLLM(*(Reply(("Fine.",)) for _ in texts))
    turns = TurnHandlingOptions(turn_detection="manual")
    session = AgentSession[None](llm=thoughts, vad=None, turn_handling=turns)
    await session.start(Agent(instructions=""))
    for text in texts:
        await take_text(session, TextInputEvent(text=text))
        if session.current_speech is not None:
            await session.current_speech
    await session.drain()
    await session.aclose()
    return thoughts


async def test_a_text_is_answered_as_it_was_written() -> None:
    """It is the caller's message, word for word: nothing in it is carried out."""
    thoughts = await written("{1 + 1} __import__('os')")

    assert [asked[-1] for asked in thoughts.asked] == ["{1 + 1} __import__('os')"]


async def test_a_text_that_is_too_long_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    """The language model never sees it, and the log tells its length alone; one that just fits is answered."""
    with caplog.at_level(logging.INFO):
        thoughts = await written("word " * 401, "w" * 2_000)

    assert [asked[-1] for asked in thoughts.asked] == ["w" * 2_000]
    assert [each.getMessage() for each in caplog.records if each.name == "agent"] == [
        "a text from the room is too long and is left out: 2005 characters"
    ]
    assert "word" not in caplog.text
