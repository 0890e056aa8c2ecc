"""An answer is synthesised before the turn has ended: what that gains, and what it may waste."""

from __future__ import annotations

import asyncio

import pytest

from tests.agent.conversation.talking import ANSWER, SORRY, Talk, talk
from tests.agent.speech.speech_fakes import Line

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

BROKEN = Line(0.0, 0, fails=True)


async def answered(made: Talk, text: str = ANSWER) -> None:
    """Wait until the agent has said this text."""
    async with asyncio.timeout(10):
        while text not in made.said:  # noqa: ASYNC110 - the history has no event
            await asyncio.sleep(0.02)


async def dictate(made: Talk, *pieces: str) -> None:
    """Say parts of a sentence with pauses too short to end the turn; each has a final transcript."""
    for piece in pieces:
        voice = asyncio.create_task(made.vad.voice(0.3))
        await asyncio.sleep(0.4)
        made.ear.streams[-1].understand(piece)
        await voice


async def test_an_answer_is_synthesised_when_the_transcript_is_final() -> None:
    """The turn has not ended by then, and neither the model nor the voice is asked again."""
    async with talk() as made:
        await dictate(made, "Hello.")
        asked, turns = list(made.voice.asked), list(made.turns)
        await answered(made)

    assert (asked, turns) == ([ANSWER], [])
    assert made.voice.asked == [ANSWER]
    assert len(made.thoughts.asked) == 1


async def test_a_caller_who_goes_on_wastes_two_answers_at_most() -> None:
    """This holds however many pauses a turn has."""
    async with talk() as made:
        await dictate(made, "My number is", "five five", "one two", "three four", "and six.")
        await answered(made)

    assert made.turns == ["My number is five five one two three four and six."]
    assert len(made.thoughts.asked) == len(made.voice.asked) == 3
    assert made.said == [ANSWER]


async def test_a_failure_before_the_end_of_the_turn_is_apologised_for_after_it() -> None:
    """An apology while the caller speaks would make no sense."""
    async with talk(BROKEN) as made:
        said: list[str] = []
        made.session.on("speech_created", lambda event: said.append(event.source))
        await dictate(made, "My number is", "five five.")
        before = list(said)
        await answered(made, SORRY)

    assert "say" not in before
    assert said.count("say") == made.said.count(SORRY) == 1
