"""Entries of tables that are indexed by language."""

import pytest

from agent.conversation.by_language import by_language

TABLE = {"de": "Hallo", "en": "Hello"}


@pytest.mark.parametrize(
    ("language", "found"), [("de", "Hallo"), ("DE-at", "Hallo"), ("multi", "Hello"), ("ga", "Hm"), ("", "Hm")]
)
def test_the_region_does_not_count(language: str, found: str) -> None:
    """`multi` is English, and a language without an entry gets the general one."""
    assert by_language(TABLE, language, "Hm") == found
