"""Unfinished turns, recognised by their last words."""

from __future__ import annotations

import asyncio

import pytest

from agent.conversation.unfinished import is_unfinished
from tests.agent.conversation.talking import talk

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

DICTATED = ("My number is", "five five one", "two three four", "and then nine.")


@pytest.mark.parametrize(
    "text",
    [
        "my number is",
        "My name is...",
        "five five one",
        "my number is five five one two three four",
        "My number is five five one two three four and then nine.",
        "It's 551",
        "it is 551, 234,",
        "oh four double seven",
        "Meine Nummer ist",
        "null drei null",
        "mi número de teléfono es",
        "mon code est",
        "zéro six douze trois quatre cinq",
        "我的号码是一三八",
        "\u0665\u0665\u0661",
        "I would like the pizza and",
    ],
)
def test_a_turn_goes_on(text: str) -> None:
    """Its last words are a number of three digits or more, announce one, or don't end a sentence."""
    assert is_unfinished(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "...",
        "Hello.",
        "yes it is",
        "I have two",
        "two or three.",
        "I was born in 1985.",
        "remind me at 10:30",
        "It was $1,299.",
        "about 120 %",
        "My number is 551, is that right?",
        "call 551 234 please",
        "someone",
        "What is my name?",
    ],
)
def test_a_turn_ends(text: str) -> None:
    """It ends in another word, a small number, an amount, a time or a year."""
    assert not is_unfinished(text)


async def test_a_dictated_number_is_one_turn_with_one_answer() -> None:
    """Its pauses are longer than the silence that ends other turns, by voice activity detection alone."""
    async with talk() as made:
        for piece in DICTATED:
            await made.hear(0.3, piece)
            await asyncio.sleep(0.9)
        await made.has_said(1)

    assert made.turns == [" ".join(DICTATED)]
    assert len(made.said) == 1
