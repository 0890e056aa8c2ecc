"""Texts as terms, in scripts with blanks and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.terms import fold, grams, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Die Öffnungszeiten, bitte!", ["die", "offnungszeiten", "bitte"]),
        ("STRASSE und Straße", ["strasse", "und", "strasse"]),
        ("保修两年", ["保修", "修两", "两年", "年"]),
        ("ＩＰ６５の防水", ["ip65", "の防", "防水", "水"]),
        ("ปีนี้", ["ปีนี้", "นี้"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("café CAFE\u0301", ["cafe", "cafe"]),
        ("...", []),
    ],
)
def test_a_text_is_split_as_its_script_wants(text: str, expected: list[str]) -> None:
    """Words where there are blanks; pairs of letters with their marks, and the last letter, where there are none."""
    assert terms(text) == expected


def test_parts_of_words_are_taken_of_long_words_alone() -> None:
    """Short ones, and scripts without blanks, are found without."""
    assert grams("Rückgabe in 保修两年") == ["ruc", "uck", "ckg", "kga", "gab", "abe"]


@given(st.text())
def test_any_text_has_terms_without_blanks(text: str) -> None:
    """Whatever it is made of; folding once more changes no term."""
    for term in terms(text):
        assert term
        assert not any(each.isspace() or each == '"' for each in term)
        assert fold(term) == term or fold(fold(term)) == fold(term)
