"""The text of a segment, timed by its playback: which of its words were heard."""

import re
from dataclasses import dataclass

# Letters of scripts that are written without blanks: CJK ideographs, kana, bopomofo, Thai, Lao, Myanmar and Khmer.
# A caption of them advances by the letter, as one of other scripts does by the word.
_CJK = (
    r"\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31bf\u31f0-\u9fff\uf900-\ufaff\uff66-\uff9f"
    r"\U00020000-\U0003ffff"
)
_SOUTH_EAST_ASIAN = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
UNSPACED_LETTERS = _CJK + _SOUTH_EAST_ASIAN

# English at 150 words a minute, blanks included.
CHARACTERS_PER_SECOND = 15.0

# Characters that take longer to speak. A digit is a word: 150 a minute. Where a character is about a syllable, 5 to 8
# of them are spoken a second (Pellegrino, Coupé and Marsico 2011).
_SLOWER_CHARACTERS = (
    (re.compile(r"\d"), 2.5),
    (re.compile(rf"[{_CJK}]"), 5.0),
    (re.compile(r"[\u1100-\u11ff\uac00-\ud7af]"), 6.0),
    (re.compile(rf"[{_SOUTH_EAST_ASIAN}]"), 12.0),
)

_PARTS = re.compile(rf"\s*(?:[{UNSPACED_LETTERS}][^\w\s]*|[^\s{UNSPACED_LETTERS}]+)\s*|\s+")


def estimate_seconds(text: str) -> float:
    """Estimate how long it takes to speak a text, at an ordinary pace for its characters."""
    seconds, others = 0.0, len(text)
    for characters, characters_per_second in _SLOWER_CHARACTERS:
        count = len(characters.findall(text))
        seconds += count / characters_per_second
        others -= count
    return seconds + others / CHARACTERS_PER_SECOND


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, or a letter of a script without blanks.

    Attributes:
        text: The word with the blanks around it.
        at: Estimated seconds of speech before it.
        start: When it is spoken, in seconds of the segment, if the TTS said so.
    """

    text: str
    at: float
    start: float | None


class Caption:
    """The words of one segment; each is due when the playback reaches it.

    A word is due when the TTS says that it is spoken. Words without such a time lie between those with one, in
    proportion to how long they take to speak.
    """

    def __init__(self) -> None:
        self._words: list[_Word] = []
        self._estimate = 0.0
        self._shown = 0
        self._ended = False
        self._duration: float | None = None

    @property
    def heard(self) -> str:
        """The text returned so far."""
        return "".join(word.text for word in self._words[: self._shown])

    def push(self, text: str, start: float | None = None) -> None:
        """Append text.

        Args:
            text: Any number of words.
            start: When its first word is spoken, in seconds of the segment, if the TTS said so.
        """
        for part in _PARTS.findall(text):
            self._words.append(_Word(part, self._estimate, start))
            self._estimate += estimate_seconds(part)
            start = None

    def end(self) -> None:
        """Mark the text as complete."""
        self._ended = True

    def lasts(self, seconds: float) -> None:
        """Set the length of the complete audio."""
        self._duration = seconds

    def upto(self, position: float) -> str:
        """Return the words that are due at `position` seconds and were not returned before."""
        first = self._shown
        while self._shown < len(self._words) and self._due_at(self._shown) <= position:
            self._shown += 1
        return "".join(word.text for word in self._words[first : self._shown])

    def rest(self) -> str:
        """Return all words that were not returned before."""
        return self.upto(float("inf"))

    def _due_at(self, index: int) -> float:
        word = self._words[index]
        if not word.text.strip():
            return 0.0
        if word.start is not None:
            return word.start
        since, begins = self._timed_before(index)
        following = self._timed_after(index)
        if following is None:
            return begins + word.at - since
        until, ends = following
        return begins + (ends - begins) * (word.at - since) / (until - since)

    def _timed_before(self, index: int) -> tuple[float, float]:
        """Find the last word before `index` whose time is known: estimated seconds before it, and its time."""
        timed = ((word.at, word.start) for word in reversed(self._words[:index]) if word.start is not None)
        return next(timed, (0.0, 0.0))

    def _timed_after(self, index: int) -> tuple[float, float] | None:
        """Find the next word whose time is known, or the end of the segment."""
        timed = ((word.at, word.start) for word in self._words[index:] if word.start is not None)
        end = None if self._duration is None or not self._ended else (self._estimate, self._duration)
        return next(timed, end)
