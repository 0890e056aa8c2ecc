"""Fillers: what is said while the caller waits."""

import pytest

from agent.conversation.fillers import AGAIN_AFTER, DEFAULT_FILLERS, Fillers, default_fillers
from agent.persona import Persona
from agent.speech.pieces import is_speakable


def test_fillers_are_said_in_turns_and_not_too_often() -> None:
    """The minimum interval holds across several waits."""
    fillers = Fillers(("one", "two"))
    times = [0.0, 1.0, AGAIN_AFTER, AGAIN_AFTER + 1, 2 * AGAIN_AFTER]

    assert [fillers.next(at) for at in times] == ["one", None, "two", None, "one"]


def test_a_persona_without_fillers_says_none() -> None:
    """An empty list means none; a list that is left out means the language's default."""
    silent = Persona(name="x", instructions="y", fillers=())

    assert Fillers(silent.said_while_waiting).next(0.0) is None
    assert Persona(name="x", instructions="y", language="de-CH").said_while_waiting == DEFAULT_FILLERS["de"]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en-US", DEFAULT_FILLERS["en"]),
        ("multi", DEFAULT_FILLERS["en"]),
        ("zh-TW", DEFAULT_FILLERS["zh"]),
        ("xx", ("Hm.",)),
    ],
)
def test_the_default_is_in_the_personas_language(language: str, expected: tuple[str, ...]) -> None:
    """A language without sentences has a sound."""
    assert default_fillers(language) == expected
    assert all(map(is_speakable, expected))
