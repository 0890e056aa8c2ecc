"""The agent's words that the caller has just heard, and for how long they can be an echo."""

import asyncio

import pytest

from agent.conversation.said_words import SaidWords
from tests.agent.speech.speech_fakes import Captions


@pytest.mark.looptime
async def test_words_are_an_echo_for_a_while_after_they_were_heard() -> None:
    """Speech-to-text lags behind; a caller who repeats a few words much later means them."""
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


async def test_words_are_reported_when_they_are_heard() -> None:
    """Each text is reported as it passes."""
    heard: list[str] = []
    captions = Captions()
    await SaidWords(captions, heard.append).capture_text("The blue one, ")

    assert heard == ["The blue one, "]
