"""Words are compared without case and punctuation, and without spaces in scripts that don't write them."""

import pytest

from agent.conversation.transcript import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uh-huh, OK!", ["uh", "huh", "ok"]),
        ("d'accord", ["d", "accord"]),
        ("そうですね。", ["そ", "う", "で", "す", "ね"]),
        ("ठीक है", ["ठीक", "है"]),
        ("네, 맞아요.", ["네", "맞아요"]),
        ("…", []),
    ],
)
def test_a_text_is_split_into_words(text: str, expected: list[str]) -> None:
    """Marks stay with their letters; Chinese and Japanese characters are words."""
    assert words(text) == expected
