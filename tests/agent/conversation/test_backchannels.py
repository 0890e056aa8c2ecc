"""Which words are a backchannel, and which only begin like one."""

import pytest

from agent.conversation.backchannels import DEFAULT_BACKCHANNELS, Backchannels, default_backchannels
from agent.conversation.fillers import DEFAULT_FILLERS


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Uh-huh."),
        ("en-US", "yeah, right"),
        ("multi", "okay okay i see"),
        ("de", "Ach so, ja."),
        ("ja", "うんうん"),
        ("hi", "ठीक है"),
    ],
)
def test_words_that_only_show_attention_are_backchannels(language: str, text: str) -> None:
    """Spelling, case and repetition don't matter."""
    assert Backchannels(default_backchannels(language)).are_all_of(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "okay but wait"), ("en", "stop"), ("en", "no"), ("en", ""), ("hi", "हो"), ("xx", "okay")],
)
def test_other_words_are_not_backchannels(language: str, text: str) -> None:
    """This also holds for words after a backchannel, and in a language without a list."""
    assert not Backchannels(default_backchannels(language)).are_all_of(text)


def test_the_languages_with_fillers_have_backchannels() -> None:
    """Both tables have the same languages."""
    assert DEFAULT_BACKCHANNELS.keys() == DEFAULT_FILLERS.keys()
