"""A voice while the agent speaks: a pause, then a turn or a resume."""

from __future__ import annotations

import asyncio

import pytest
from livekit.agents import LanguageCode
from livekit.agents.stt import SpeechData, SpeechEvent, SpeechEventType

from agent.conversation.overlap import Overlap
from agent.settings.turns import TurnSettings
from tests.agent.conversation.talking import talk
from tests.avatar.virtual_call import virtual_call


@pytest.mark.parametrize("text", ["", "Uh-huh.", "a time there was"])
async def test_what_is_no_turn_pauses_the_agent_for_a_moment(text: str) -> None:
    """A noise, a backchannel, or its own voice from the caller's speakers: it goes on, and nothing was said."""
    async with talk(story=True) as made:
        await made.hear(0.4, text)
        await made.goes_on()
        await asyncio.sleep(0.6)  # longer than a turn needs to end

        assert made.output.told == ["pause", "resume"]
        assert made.turns == []


@pytest.mark.parametrize("text", ["Stop.", "Okay, but wait.", "a time there was stop"])
async def test_words_of_the_caller_interrupt_the_agent(text: str) -> None:
    """Words that are no backchannel are a turn, and answered."""
    async with talk(story=True) as made:
        await made.hear(0.4, text)
        await made.has_turn()

        assert made.output.told[:2] == ["pause", "clear"]
        assert made.turns == [text]
        assert not made.false.is_set()


async def test_a_backchannel_is_an_answer_while_the_agent_is_silent() -> None:
    """To some questions it is all that there is to say."""
    async with talk(story=True) as made:
        await made.session.interrupt(force=True)
        await made.hear(0.4, "Okay.")
        await made.has_turn()

        assert made.turns == ["Okay."]


async def test_noise_again_and_again_does_not_interrupt_any_more_and_words_do() -> None:
    """After three false interruptions the agent speaks on through the fourth noise, and stops for words."""
    async with talk(story=True) as made:
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


@pytest.mark.looptime
async def test_a_backchannel_at_the_end_of_a_question_answers_it() -> None:
    """Within the last second of what the avatar says; before that it only shows attention."""
    async with virtual_call() as call:
        overlap = Overlap(call.session, TurnSettings(backchannels=("okay",)))
        call.session._agent_state = "speaking"
        await call.is_live()
        await call.say(4.0)
        await call.until(lambda: call.avatar._output is not None and call.avatar._output.played() > 1.0)
        in_the_middle = overlap.counts(heard("okay"))
        await call.until(lambda: call.avatar._output is not None and call.avatar._output.played() > 3.3)
        at_the_end = overlap.counts(heard("okay"))
        overlap.close()

    assert (in_the_middle, at_the_end) == (False, True)


def heard(text: str) -> SpeechEvent:
    """A final transcript."""
    alternative = SpeechData(language=LanguageCode("en"), text=text)
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[alternative])
