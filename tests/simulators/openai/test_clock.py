"""Times in words."""

import pytest

from simulators.openai.clock import in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("In Oslo it is 2026-01-01 09:00.", "In Oslo it is nine in the morning."),
        ("12:00", "twelve in the afternoon"),
        ("2026-01-01T15:05", "three oh five in the afternoon"),
        ("18:12", "six twelve in the evening"),
        ("20:40", "eight forty in the evening"),
        ("23:59", "eleven fifty nine in the night"),
        ("00:21", "twelve twenty one in the night"),
        ("Nothing at 7 or 25:00.", "Nothing at 7 or 25:00."),
    ],
)
def test_a_time_is_written_in_spoken_words(text: str, words: str) -> None:
    """The date is dropped; other text stays."""
    assert in_words(text) == words
