"""Restores the blanks of the spoken text in timed words."""

from collections.abc import Iterable

from livekit.agents.types import TimedString

# Most characters that a TTS may leave out, such as an emoji, before its words are taken for those of another text.
_LEFT_OUT = 40


class WrittenWords:
    """Gives timed words the blanks of the text that was sent to the TTS.

    A TTS gets a text in pieces, with a blank after each, and returns its words with those blanks: a Chinese text would
    get blanks, and a list would lose its line breaks.

    Attributes:
        text: The text so far.
    """

    def __init__(self) -> None:
        self.text = ""
        self._at = 0

    def push(self, text: str) -> None:
        """Append text that was sent to the TTS."""
        self.text += text

    def take(self, words: Iterable[TimedString]) -> list[TimedString]:
        """Return the next words as they are written, with their times.

        A word that is not in the text, because the TTS returns what it pronounced, stays unchanged.
        """
        return [written for word in words if (written := self._take(word))]

    def _take(self, word: TimedString) -> TimedString:
        at, matched = self._at, 0
        for character in word:
            found = self.text.find(character, at, at + _LEFT_OUT) if not character.isspace() else -1
            if found >= 0:
                at, matched = found + 1, matched + 1
        if not matched:
            return word if word.strip() else TimedString("")
        while at < len(self.text) and self.text[at].isspace():
            at += 1
        start, self._at = self._at, at
        return TimedString(self.text[start:at], start_time=word.start_time, end_time=word.end_time)
