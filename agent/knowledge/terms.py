"""Texts as terms for full-text search, in scripts with blanks between words and in those without. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

# Accents of Latin, Greek and Cyrillic letters, which callers, and speech-to-text, write or leave out. The vowels of
# Thai and Hindi are marks as well, and stay.
_ACCENTS = re.compile(r"[\u0300-\u036f]")

# Scripts without blanks between words, and Korean, whose words carry their particles: Thai and Lao, Burmese, Hangul,
# Khmer, kana, Han.
_WITHOUT_BLANKS = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    r"\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)

# One letter with the vowels and tones that are marks above or below it, as in Thai, Lao and Burmese.
_LETTER = re.compile(
    r"(?s:.)[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u17b4-\u17d3]*"
)

# Letters of a gram, as in SQLite's tokenizer `trigram`.
_GRAM = 3


def fold(text: str) -> str:
    """Remove differences of width, case and accents."""
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", letters))


def terms(text: str) -> list[str]:
    """Split a text into its words, and runs of scripts without blanks into pairs of letters."""
    return [term for word in words(text) for term in _split(word)]


def words(text: str) -> list[str]:
    """Split a folded text into runs of letters, marks and digits."""
    kept = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in fold(text))
    return kept.split()


def grams(text: str) -> list[str]:
    """Return the three-letter parts of a text's words, which also find other spellings and inflections."""
    long = [word for word in words(text) if len(word) > _GRAM and not _WITHOUT_BLANKS.search(word)]
    return [word[at : at + _GRAM] for word in long for at in range(len(word) - _GRAM + 1)]


def _split(word: str) -> Iterator[str]:
    end = 0
    for found in _WITHOUT_BLANKS.finditer(word):
        if word[end : found.start()]:
            yield word[end : found.start()]
        yield from _pairs(found[0])
        end = found.end()
    if word[end:]:
        yield word[end:]


def _pairs(run: str) -> Iterator[str]:
    """Yield the pairs of letters of a run, with their marks, and its last letter, which may be a query by itself."""
    letters = _LETTER.findall(run)
    yield from map("".join, pairwise(letters))
    yield letters[-1]
