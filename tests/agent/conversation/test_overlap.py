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
async def test_a_sound_that_is_not_a_turn_pauses_the_agent_for_a_moment(text: str) -> None:
    """After a noise, a backchannel or its own echo the agent goes on, and there is no turn."""
    async with talk(story=True) as made:
        await made.hear(0.4, text)
        await made.goes_on()
        # Longer than a turn needs to end.
        await asyncio.sleep(0.6)

        assert made.output.told == ["pause", "resume"]
        assert made.turns == []


@pytest.mark.parametrize("text", ["Stop.", "Okay, but wait.", "a time there was stop"])
async def test_words_of_the_caller_interrupt_the_agent(text: str) -> None:
    """Words other than backchannels are a turn."""
    async with talk(story=True) as made:
        await made.hear(0.4, text)
        await made.has_turn()

        assert made.output.told[:2] == ["pause", "clear"]
        assert made.turns == [text]
        assert not made.false.is_set()


async def test_a_backchannel_is_an_answer_while_the_agent_is_silent() -> None:
    """Some questions need no other answer."""
    async with talk(story=True) as made:
        await made.session.interrupt(force=True)
        await made.hear(0.4, "Okay.")
        await made.has_turn()

        assert made.turns == ["Okay."]


async def test_repeated_noise_no_longer_interrupts_and_words_do() -> None:
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
    """Only within the last second of the avatar's speech does it count as an answer."""
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
    """Make a final transcript."""
    alternative = SpeechData(language=LanguageCode("en"), text=text)
    return SpeechEvent(SpeechEventType.FINAL_TRANSCRIPT, alternatives=[alternative])
