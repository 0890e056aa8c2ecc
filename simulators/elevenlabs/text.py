"""Text that arrives in pieces, cut into sentences. Pure."""

from __future__ import annotations

import re
from itertools import pairwise

_SENTENCE_END = re.compile(r"[.!?…][\"')\]]*\s+")
_FIRST_CHUNK_CHARACTERS = 120  # the first of the default chunk_length_schedule, which auto_mode turns off


class TextBuffer:
    """Holds text back until it is worth speaking.

    Args:
        auto_mode: Speak every complete sentence at once, rather than wait for a chunk's worth of text.
    """

    def __init__(self, *, auto_mode: bool) -> None:
        self._hold_characters = 0 if auto_mode else _FIRST_CHUNK_CHARACTERS
        self._text = ""

    def push(self, text: str) -> list[str]:
        """Add a piece of text, and return the complete sentences, each with its trailing space."""
        self._text = (self._text + text).lstrip()
        ends = [match.end() for match in _SENTENCE_END.finditer(self._text)]
        if not ends or len(self._text) < self._hold_characters:
            return []
        complete, self._text = self._text[: ends[-1]], self._text[ends[-1] :]
        return split_sentences(complete)

    def flush(self) -> list[str]:
        """Return the rest."""
        text, self._text = self._text, ""
        return split_sentences(text)


def split_sentences(text: str) -> list[str]:
    """Cut a text after every sentence; pieces without letters or digits are left out."""
    starts = [0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]
    pieces = (text[start:end] for start, end in pairwise(starts))
    return [piece for piece in pieces if any(character.isalnum() for character in piece)]
