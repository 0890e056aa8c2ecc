"""Cuts text into pieces that are synthesised one by one: sentences, and parts of text without sentences. Pure."""

import re
from collections.abc import Iterable, Iterator

from livekit.agents.tokenize import SentenceStream, SentenceTokenizer, TokenData

from avatar.core.caption import UNSPACED_LETTERS, estimate_seconds

# Seconds of speech. A shorter piece is joined to the next one, because a TTS says a piece of two words badly; a longer
# one is cut, because the caller hears nothing before the first piece is complete.
_SHORTEST = 1.3
_LONGEST = 10.0

# Characters of a long sentence in which its first cut is searched: more than `_LONGEST` in any script.
_LOOK_AHEAD = 400

_CLOSERS = r"[\"'”’»」』）】》)\]]*"
# Latin, Greek and Cyrillic marks end a sentence before a blank, those of other scripts also without one: Chinese and
# Japanese, Devanagari, Arabic and Urdu, Burmese, Ethiopic, Khmer, Tibetan, Armenian.
_ENDS = re.compile(
    rf"(?:[.!?…‽‼⁇⁈⁉]+{_CLOSERS}(?=\s)"
    rf"|[。！？｡．\u0964\u0965\u061f\u06d4\u104b\u1362\u1367\u17d4\u17d5\u0f0d\u0f0e\u0589]+{_CLOSERS}|(?=\n))\s*",
)
_CLAUSE_ENDS = re.compile(rf"[,;:،؛、，；：—–]{_CLOSERS}(?:\s+|(?=[{UNSPACED_LETTERS}]))")
# Tibetan has a mark between syllables instead of blanks.
_BLANKS = re.compile(r"\s+|\u0f0b")
# Neither after a vowel that is written before its consonant or needs another one, nor before a vowel or tone sign, a
# silenced consonant, a small kana or a long vowel, which belong to the character before them.
_BEFORE_A_SYLLABLE = re.compile(
    rf"(?<![\u0e31\u0e40-\u0e44\u0e47\u0eb1\u0ebb\u0ec0-\u0ec4\u1039\u17d2])(?=[{UNSPACED_LETTERS}])"
    r"(?![\u0e2f-\u0e3a\u0e45-\u0e4e\u0eaf-\u0ebc\u0ec6-\u0ece\u102b-\u103e\u17b4-\u17d3])"
    r"(?!.[\u0e4c\u0ecc\u103a])(?![ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶーゝゞヽヾ々])"
)
# Within an overlong word of another script: before a letter, but not after the sign that joins two.
_BEFORE_A_LETTER = re.compile(
    r"(?<=\S)(?<![\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u1b44\ua9c0\u200d])(?=[^\W\x00-\u024f])"
)
# Within a number that is too long to be read as one number.
_BETWEEN_DIGITS = re.compile(r"(?<=\d{10})(?=\d)")

_ABBREVIATIONS = re.compile(
    r"(?:^|[\s(\"'“‘])(?:\w|(?:\w\.)+\w|mr|mrs|ms|dr|prof|st|\w*str|jr|sr|vs|etc|nos|approx|dept|est|fig|inc|ltd|co|corp|vol|pp"
    r"|bzw|ca|evtl|ggf|nr|usw|vgl|bspw|inkl|zzgl|mme|mlle|sra|srta|dott|sig|cf)$",
    re.IGNORECASE,
)
_LONGEST_WORD = 30  # characters before a mark that are searched for an abbreviation

_LIST_ITEM = re.compile(r"\s*(?:[-*+•]\s|\d+[.)]\s|\n)")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d+$")


def is_speakable(text: str) -> bool:
    """Return whether a text has something to say: a letter or a digit, of any script."""
    return any(character.isalnum() for character in text)


def split(text: str) -> list[str]:
    """Cut a text into pieces to speak one after the other.

    Joined again, the pieces are the text. Each has something to say, unless the text has nothing. The last piece may be
    incomplete while the text is still being written; the others are complete.
    """
    pieces: list[str] = []
    for piece in _joined(part for sentence in sentences(text) for part in _bounded(sentence)):
        if pieces and not is_speakable(piece):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces


def sentences(text: str) -> Iterator[str]:
    """Cut a text after each end of a sentence. Joined again, the parts are the text; the last may be incomplete."""
    start = 0
    for match in _ENDS.finditer(text):
        if start < match.end() < len(text) and _ends_sentence(text, match):
            yield text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:]


def first_clause(text: str) -> str:
    """Return the text up to the end of its first clause that is long enough to be spoken; empty without one.

    The caller hears nothing before the first piece has been written and synthesised; a language model writes a sentence
    of fifteen words in a quarter of a second.
    """
    for match in _CLAUSE_ENDS.finditer(text):
        clause = text[: match.end()]
        if len(clause) < len(text) and estimate_seconds(clause.strip()) >= _SHORTEST and is_speakable(clause):
            return clause
    return ""


class PieceTokenizer(SentenceTokenizer):
    """`split`, as a tokenizer for the framework's text-to-speech plugins."""

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:  # noqa: ARG002 - the framework's signature
        """Cut a whole text."""
        return split(text)

    def stream(self, *, language: str | None = None) -> SentenceStream:  # noqa: ARG002 - the framework's signature
        """Return a stream that cuts a text while it is written."""
        return _PieceStream()


class _PieceStream(SentenceStream):
    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self._has_begun = False

    def push_text(self, text: str) -> None:
        *complete, self._text = split(self._text + text) or [""]
        self._send(complete)
        if not self._has_begun and (clause := first_clause(self._text)):
            self._send([clause])
            self._text = self._text[len(clause) :]

    def flush(self) -> None:
        rest, self._text = self._text, ""
        self._send(split(rest))

    def end_input(self) -> None:
        self.flush()
        self._do_close()

    async def aclose(self) -> None:
        self._do_close()

    def _send(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            self._has_begun = True
            self._event_ch.send_nowait(TokenData(token=piece.strip()))


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    """Return whether a mark ends a sentence, unlike a full stop or a line break within one."""
    before, after = text[max(match.start() - _LONGEST_WORD, 0) : match.start()], text[match.end()]
    mark = match[0].strip()
    if not mark:
        is_continued = before[-1:].isalnum() or before[-1:] in ",;"
        return not is_continued or bool(_LIST_ITEM.match(text, match.start() + 1))
    if mark != ".":
        return True
    return not (after.islower() or _ABBREVIATIONS.search(before) or _LIST_NUMBER.search(before))


def _bounded(sentence: str) -> Iterator[str]:
    """Cut a sentence that takes longer to speak than `_LONGEST`: at a comma, a blank, a letter or a digit."""
    while estimate_seconds(sentence[:_LOOK_AHEAD]) > _LONGEST:
        cut = _cut_of(sentence)
        if not cut:
            break
        yield sentence[:cut]
        sentence = sentence[cut:]
    yield sentence


def _cut_of(sentence: str) -> int:
    """Find where to cut a long sentence; 0 when there is no place, such as in a URL."""
    limit = _length_of(_LONGEST, sentence[:_LOOK_AHEAD])
    for places in (_CLAUSE_ENDS, _BLANKS, _BEFORE_A_SYLLABLE, _BEFORE_A_LETTER, _BETWEEN_DIGITS):
        # Two characters more, for places that depend on what follows.
        ends = [end for match in places.finditer(sentence, 0, limit + 2) if (end := match.end()) <= limit]
        if ends and estimate_seconds(sentence[: ends[-1]]) >= _LONGEST / 3:
            return ends[-1]
    following = _BLANKS.search(sentence, limit)
    return following.end() if following and following.end() < len(sentence) else 0


def _length_of(seconds: float, text: str) -> int:
    """Return how many characters of a text are spoken in this time."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate_seconds(text[:middle]) <= seconds else (low, middle - 1)
    return low


def _joined(pieces: Iterable[str]) -> Iterator[str]:
    """Join a piece that is too short to be spoken on its own to the one that follows."""
    held = ""
    for piece in pieces:
        held += piece
        if estimate_seconds(held.strip()) >= _SHORTEST and is_speakable(held):
            yield held
            held = ""
    if held:
        yield held
