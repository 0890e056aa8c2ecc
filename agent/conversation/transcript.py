"""The words of a transcript, in a form that can be compared. Pure."""

import unicodedata

# Chinese and Japanese are written without blanks: each character counts as a word.
_CHARACTERS = (("\u3040", "\u30ff"), ("\u3400", "\u4dbf"), ("\u4e00", "\u9fff"))


def words(text: str) -> list[str]:
    """Split into words without case and punctuation: `Uh-huh, OK!` is `uh`, `huh` and `ok`."""
    return "".join(map(_spaced, text.casefold())).split()


def _spaced(character: str) -> str:
    if any(first <= character <= last for first, last in _CHARACTERS):
        return f" {character} "
    # Letters, their marks, and numbers.
    return character if unicodedata.category(character)[0] in "LMN" else " "
