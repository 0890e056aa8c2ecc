"""The text of a segment in the time of its playback: what was heard of it."""

import re
from dataclasses import dataclass

CHARACTERS_PER_SECOND = 15.0
"""English at 150 words a minute: for text that nobody has timed, until its audio is complete."""

_WORDS = re.compile(r"\s*\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    at: int
    """Characters before it."""
    start: float | None
    """Seconds, if it was told."""


class Caption:
    """The words of one segment, each of which is due when the playback comes to it.

    Where the voice tells when a word is spoken, that is its time. The others lie between those, by their characters.
    """

    def __init__(self) -> None:
        self._words: list[_Word] = []
        self._length = 0
        self._shown = 0
        self._ended = False
        self._duration: float | None = None

    @property
    def heard(self) -> str:
        """What was given out so far."""
        return "".join(word.text for word in self._words[: self._shown])

    def push(self, text: str, start: float | None = None) -> None:
        """More text; `start` is when it is spoken, in seconds of the segment, if the voice tells."""
        for part in _WORDS.findall(text):
            self._words.append(_Word(part, self._length, start))
            self._length += len(part)
            start = None

    def end(self) -> None:
        """The text is complete."""
        self._ended = True

    def lasts(self, seconds: float) -> None:
        """The audio is complete, and of this length."""
        self._duration = seconds

    def upto(self, position: float) -> str:
        """The words that are due at `position` seconds and were not given out before."""
        first = self._shown
        while self._shown < len(self._words) and self._due_at(self._shown) <= position:
            self._shown += 1
        return "".join(word.text for word in self._words[first : self._shown])

    def rest(self) -> str:
        """All that was not given out before."""
        return self.upto(float("inf"))

    def _due_at(self, index: int) -> float:
        word = self._words[index]
        if not word.text.strip():
            return 0.0
        if word.start is not None:
            return word.start
        since, begins = self._told_before(index)
        ends = self._told_after(index)
        if ends is None:
            return begins + (word.at - since) / CHARACTERS_PER_SECOND
        until, at = ends
        return begins + (at - begins) * (word.at - since) / (until - since)

    def _told_before(self, index: int) -> tuple[int, float]:
        """The last place in the text whose time is known: characters before it, and seconds."""
        told = ((word.at, word.start) for word in reversed(self._words[:index]) if word.start is not None)
        return next(told, (0, 0.0))

    def _told_after(self, index: int) -> tuple[int, float] | None:
        """The next place in the text whose time is known."""
        told = ((word.at, word.start) for word in self._words[index:] if word.start is not None)
        end = None if self._duration is None or not self._ended else (self._length, self._duration)
        return next(told, end)
