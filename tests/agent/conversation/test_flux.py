"""Speech-to-text that detects the end of a turn itself, as Deepgram's Flux does."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents.stt import SpeechEventType

from agent.settings import Settings
from tests.agent.conversation.talking import ANSWER, STORY, Talk, talk

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

FLUX = Settings(deepgram_model="flux-general-en")


async def is_asked(conversation: Talk) -> list[str]:
    """Wait until the language model is asked, and return its messages."""
    async with asyncio.timeout(10):
        while not conversation.thoughts.asked:  # noqa: ASYNC110 - the script has no event
            await asyncio.sleep(0.02)
    return conversation.thoughts.asked[-1]


async def test_an_answer_is_begun_when_the_turn_may_have_ended() -> None:
    """It is said when the turn has ended, and the language model is asked once."""
    async with talk(settings=FLUX) as conversation:
        ear = conversation.ear.streams[-1]
        ear.tell(SpeechEventType.START_OF_SPEECH)
        ear.tell(SpeechEventType.INTERIM_TRANSCRIPT, "what time")
        ear.tell(SpeechEventType.PREFLIGHT_TRANSCRIPT, "what time is it")
        asked = await is_asked(conversation)
        turns_before = list(conversation.turns)
        ear.tell(SpeechEventType.FINAL_TRANSCRIPT, "what time is it")
        ear.tell(SpeechEventType.END_OF_SPEECH)
        await conversation.has_said(1)

        assert "what time is it" in asked
        assert (turns_before, conversation.turns) == ([], ["what time is it"])
        assert (conversation.said, len(conversation.thoughts.asked)) == ([ANSWER], 1)


async def test_a_turn_that_goes_on_is_answered_as_a_whole() -> None:
    """The answer that was begun for its first half is dropped."""
    async with talk(settings=FLUX) as conversation:
        ear = conversation.ear.streams[-1]
        ear.tell(SpeechEventType.START_OF_SPEECH)
        ear.tell(SpeechEventType.PREFLIGHT_TRANSCRIPT, "what time")
        await is_asked(conversation)
        ear.tell(SpeechEventType.INTERIM_TRANSCRIPT, "what time is it")
        ear.tell(SpeechEventType.FINAL_TRANSCRIPT, "what time is it in oslo")
        ear.tell(SpeechEventType.END_OF_SPEECH)
        await conversation.has_said(1)

        assert conversation.turns == ["what time is it in oslo"]
        assert conversation.said == [ANSWER]
        assert "what time is it in oslo" in conversation.thoughts.asked[-1]


async def test_a_cough_pauses_the_avatar_and_it_goes_on() -> None:
    """Voice activity detection pauses it as with other models: Flux sends no event for a noise."""
    async with talk(story=True, settings=FLUX) as conversation:
        await conversation.hear(0.5)
        await conversation.goes_on()

        assert conversation.output.told[:2] == ["pause", "resume"]
        assert conversation.turns == []


async def test_words_interrupt_the_avatar() -> None:
    """What was heard of the story stays in the chat context, and the words are answered."""
    async with talk(story=True, settings=FLUX) as conversation:
        voice = asyncio.create_task(conversation.vad.voice(0.8))
        ear = conversation.ear.streams[-1]
        await asyncio.sleep(0.4)
        ear.tell(SpeechEventType.START_OF_SPEECH)
        ear.tell(SpeechEventType.INTERIM_TRANSCRIPT, "stop please")
        await voice
        ear.tell(SpeechEventType.FINAL_TRANSCRIPT, "stop please")
        ear.tell(SpeechEventType.END_OF_SPEECH)
        await conversation.has_said(2)

        assert conversation.turns == ["stop please"]
        assert conversation.said[-1] == ANSWER
        assert STORY.startswith(conversation.said[0] or "?")
        assert "clear" in conversation.output.told
