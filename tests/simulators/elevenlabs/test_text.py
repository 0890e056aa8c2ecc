"""Cutting text into sentences: strings in, strings out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.elevenlabs.text import TextBuffer, split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (" ", []),
        ("...", []),
        ("One. Two!", ["One. ", "Two!"]),
        ('He said "stop." Then he left', ['He said "stop." ', "Then he left"]),
        ("It costs 3.50 or so. ", ["It costs 3.50 or so. "]),
        ("Really?! Yes… maybe", ["Really?! ", "Yes… ", "maybe"]),
    ],
)
def test_sentences_keep_their_spaces(text: str, sentences: list[str]) -> None:
    """A text is cut after its sentences; text that can't be spoken is left out."""
    assert split_sentences(text) == sentences


@given(st.lists(st.text("ab .!?", max_size=12)))
def test_no_letter_is_lost_in_any_pieces(pieces: list[str]) -> None:
    """Text may arrive in any pieces: after the flush all its words have come, in order."""
    buffer = TextBuffer(auto_mode=True)
    spoken = [sentence for piece in pieces for sentence in buffer.push(piece)] + buffer.flush()

    assert [c for c in "".join(spoken) if c.isalnum()] == [c for c in "".join(pieces) if c.isalnum()]


def test_a_sentence_waits_for_its_end() -> None:
    """Half a sentence is held back until the rest comes."""
    buffer = TextBuffer(auto_mode=True)

    assert buffer.push("Hello th") == []
    assert buffer.push("ere. How") == ["Hello there. "]
    assert buffer.flush() == ["How"]
    assert buffer.flush() == []


def test_without_auto_mode_text_is_collected() -> None:
    """Short sentences are collected until there are 120 characters."""
    buffer = TextBuffer(auto_mode=False)

    assert buffer.push("A short one. ") == []
    assert len(buffer.push("And another one of a few words. " * 4)) == 5
