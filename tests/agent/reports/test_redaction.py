"""Masking of personal data in a transcript."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reports.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Call +49 151 234.", "Call *** *** ***."),
        ("Mail joe.b@example.co.uk now", "Mail ******************* now"),
        ("It is joe at example dot com.", "It is *** ** ******* *** ***."),
        ("Card four one five, six", "Card **** *** ***** ***"),
        ("Flat 3b", "Flat *b"),
    ],
)
def test_personal_data_is_masked(text: str, shown: str) -> None:
    """Numbers and e-mail addresses are masked, in digits or as spoken words."""
    assert redacted(text) == shown


@pytest.mark.parametrize("text", ["Two of one kind.", "Meet me at noon.", "I am at home"])
def test_other_words_are_left(text: str) -> None:
    """A single number word is not masked."""
    assert redacted(text) == text


@given(st.text())
def test_a_masked_text_keeps_its_length_and_spaces_and_has_no_digit(text: str) -> None:
    """This holds for any text."""
    shown = redacted(text)

    assert len(shown) == len(text)
    assert [i for i, each in enumerate(text) if each.isspace()] == [i for i, each in enumerate(shown) if each.isspace()]
    assert not any(each.isdecimal() for each in shown)
