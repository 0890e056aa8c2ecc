"""Timed words in the form in which they are written."""

import pytest
from livekit.agents.types import TimedString

from agent.speech.written import WrittenWords


def taken(text: str, *told: str) -> list[str]:
    """Return the words for a voice's report about a text."""
    words = WrittenWords()
    words.push(text)
    return [str(word) for word in words.take(TimedString(word, start_time=0.0, end_time=1.0) for word in told)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("春天来了。孩子们在跑。", ["春", "天", "来", "了", "。 ", "孩", "子", "们", "在", "跑", "。 "]),
        ("One:\n- two\n\n3. three", ["One: ", "- ", "two ", "3. ", "three "]),
        ("It costs $1,299.", ["It ", "costs ", "$1,299. "]),
        ("So 👍 be it.", ["So ", "be ", "it. "]),
        ("No blank", ["No", "  blank", " "]),
    ],
)
def test_words_have_the_spaces_of_the_text(text: str, told: list[str]) -> None:
    """Spaces that the voice got between its pieces are left out."""
    assert "".join(taken(text, *told)) == text


def test_a_word_that_is_not_in_the_text_is_passed_on() -> None:
    """The voice may report how it pronounced a price."""
    assert taken("Pay $5 now.", "Pay ", "μμ ", "now. ") == ["Pay ", "μμ ", "$5 now."]


def test_words_keep_their_times() -> None:
    """Captions need them."""
    words = WrittenWords()
    words.push("天。")
    (word,) = words.take([TimedString("天。 ", start_time=1.0, end_time=2.0)])

    assert (word, word.start_time, word.end_time) == ("天。", 1.0, 2.0)


def test_text_may_arrive_while_words_are_reported() -> None:
    """A voice speaks the beginning of an answer that is still being written."""
    words = WrittenWords()
    words.push("One. ")
    first = words.take([TimedString("One. ")])
    words.push("Two.")

    assert [*first, *words.take([TimedString("Two. ")])] == ["One. ", "Two."]
