"""A transcript that repeats what the agent has just said is its echo; words of the caller in it make it a turn."""

import asyncio

import pytest

from agent.conversation.said_words import SaidWords, is_echo
from agent.conversation.transcript import words
from tests.agent.speech.speech_fakes import Captions

SAID = words("Once upon a time there was a lighthouse keeper, who lived alone on a rock.")


@pytest.mark.parametrize(
    "heard",
    [
        "once upon a time there was",
        "a time there was a light house keeper",
        "keeper who lived alone",
        "lighthouse keepers",
        "upon a dime there was",
        "upon a zebra there was a lighthouse",
    ],
)
def test_the_agents_own_words_are_an_echo(heard: str) -> None:
    """From anywhere in what was said, also where a word was misheard."""
    assert is_echo(words(heard), SAID)


@pytest.mark.parametrize(
    "heard",
    ["stop please", "there was a lighthouse stop", "wait a moment", "upon a time what was his name", "no"],
)
def test_words_of_the_caller_are_none(heard: str) -> None:
    """Also behind words of the agent, which the caller has spoken over."""
    assert not is_echo(words(heard), SAID)


@pytest.mark.looptime
async def test_words_are_an_echo_for_a_while_after_they_were_heard() -> None:
    """Speech-to-text is a moment late; a caller who repeats them later has a reason to."""
    captions = Captions()
    said = SaidWords(captions)
    await said.capture_text("The blue one, ")
    await said.capture_text("or the red one?")
    at_once = said.are_all_of("the red one")
    await asyncio.sleep(2.0)
    soon = said.are_all_of("the red one")
    await asyncio.sleep(4.0)
    later = said.are_all_of("the red one")
    long = said.are_all_of("one or the red one")

    assert (at_once, soon, later, long) == (True, True, False, True)
    assert captions.texts == ["The blue one, ", "or the red one?"]


async def test_words_are_told_when_they_are_heard() -> None:
    """Each text as it passes, before it is shown."""
    heard: list[str] = []
    captions = Captions()
    await SaidWords(captions, heard.append).capture_text("The blue one, ")

    assert heard == ["The blue one, "]
