"""Search terms of texts, in scripts with and without spaces."""

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
    """Terms are words, or pairs of letters with their marks and the last letter in scripts without spaces."""
    assert terms(text) == expected


def test_only_long_words_have_parts() -> None:
    """Short words, and scripts without spaces, are found without them."""
    assert grams("Rückgabe in 保修两年") == ["ruc", "uck", "ckg", "kga", "gab", "abe"]


@given(st.text())
def test_terms_of_any_text_have_no_spaces(text: str) -> None:
    """The text may be anything; folding twice changes no term."""
    for term in terms(text):
        assert term
        assert not any(each.isspace() or each == '"' for each in term)
        assert fold(term) == term or fold(fold(term)) == fold(term)
