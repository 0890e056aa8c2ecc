"""What is a backchannel, and what only begins like one."""

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
    """However speech-to-text writes them, and however many there are."""
    assert Backchannels(default_backchannels(language)).are_all_of(text)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "okay but wait"), ("en", "stop"), ("en", "no"), ("en", ""), ("hi", "हो"), ("xx", "okay")],
)
def test_other_words_are_none(language: str, text: str) -> None:
    """A backchannel before them changes nothing; a language without a list has none."""
    assert not Backchannels(default_backchannels(language)).are_all_of(text)


def test_every_language_that_has_fillers_has_backchannels() -> None:
    """The languages with backchannels are the languages with fillers."""
    assert DEFAULT_BACKCHANNELS.keys() == DEFAULT_FILLERS.keys()
