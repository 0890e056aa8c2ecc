"""Cuts spoken text into sentences, each with the time when its first word was heard. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

# The end of a sentence: punctuation and the blank after it, or punctuation of scripts without blanks.
_SENTENCE_END = re.compile(r"[.!?…۔]+[\"'”’)\]]*\s+|[。！？]+\s*")

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Caption:
    """A piece of text that was shown when it was heard.

    Attributes:
        at: Unix time in seconds.
        text: One word or more.
    """

    at: float
    text: str


class Captions:
    """The captions of a call; finds the texts of its speeches in them one after the other.

    Args:
        shown: All captions, in the order in which they were heard.
    """

    def __init__(self, shown: Sequence[Caption]) -> None:
        # Captions have blanks in other places than the text.
        self._times = [caption.at for caption in shown for _ in _BLANKS.sub("", caption.text)]
        self._text = "".join(_BLANKS.sub("", caption.text) for caption in shown)
        self._at = 0

    def times(self, text: str) -> list[float] | None:
        """Return the time of each character of the next speech, blanks left out; None if it had no captions."""
        bare = _BLANKS.sub("", text)
        found = self._text.find(bare, self._at)
        if not bare or found < 0:
            return None
        self._at = found + len(bare)
        return self._times[found : self._at]


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the start and the end of each sentence."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    starts = [0, *ends]
    return [(start, end) for start, end in zip(starts, [*ends, len(text)], strict=True) if text[start:end].strip()]


def cues(text: str, times: Sequence[float] | None, start: float) -> list[tuple[float, int, int]]:
    """Return for each sentence its time, its start and its end; the whole text at `start` if no times are known."""
    if times is None:
        return [(start, 0, len(text))]
    return [(times[len(_BLANKS.sub("", text[:begin]))], begin, end) for begin, end in sentences(text)]
