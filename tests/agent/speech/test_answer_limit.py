"""Long answers end at the end of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.settings.language_model import AnswerLimits
from agent.speech.answer_limit import limited
from avatar.core.caption import estimate_seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ANSWER = "It is four. Dr. Ada says so! Ask again later? Then I can tell you more of it."


class Written:
    """An answer that is written word by word.

    Attributes:
        read: The text that was requested so far.
        is_closed: True if its reader has closed it.
    """

    def __init__(self, text: str) -> None:
        self._words = text.replace(" ", " \0").split("\0")
        self.read = ""
        self.is_closed = False

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Yield the words."""
        try:
            for word in self._words:
                self.read += word
                yield word
        finally:
            self.is_closed = True


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (AnswerLimits(), ANSWER),
        (AnswerLimits(max_sentences=1), "It is four. "),
        (AnswerLimits(max_sentences=2), "It is four. Dr. Ada says so! "),
        (AnswerLimits(max_sentences=4), ANSWER),
        (AnswerLimits(max_sentences=9), ANSWER),
        (AnswerLimits(max_spoken_seconds=1), "It is four. "),
        (AnswerLimits(max_sentences=3, max_spoken_seconds=2), "It is four. Dr. Ada says so! "),
    ],
)
async def test_an_answer_ends_within_its_limits(limits: AnswerLimits, said: str) -> None:
    """It ends at the end of a sentence, by whichever limit comes first; the first sentence is always said."""
    assert "".join([piece async for piece in limited(Written(ANSWER).pieces(), limits)]) == said


async def test_the_answer_never_takes_longer_than_the_limit() -> None:
    """After the first sentence, one that would exceed the limit is not begun."""
    answer = "One two three four five. " * 20
    for most in (3, 5, 8):
        pieces = limited(Written(answer).pieces(), AnswerLimits(max_spoken_seconds=most))
        assert 0 < estimate_seconds("".join([piece async for piece in pieces])) <= most


async def test_the_model_is_not_read_beyond_the_limit() -> None:
    """The stream is closed at the first word of the next sentence, as further words would be paid for."""
    written = Written(ANSWER)
    assert [piece async for piece in limited(written.pieces(), AnswerLimits(max_sentences=1))] == ["It is four. "]

    assert written.read == "It is four. Dr. "
    assert written.is_closed


async def test_a_sentence_in_another_script_counts_as_one() -> None:
    """Its end is recognised without a space after it."""
    pieces = limited(Written("今は四時です。 またあとで。").pieces(), AnswerLimits(max_sentences=1))
    assert "".join([piece async for piece in pieces]).strip() == "今は四時です。"
