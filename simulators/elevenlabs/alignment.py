"""The time at which each character is spoken. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypedDict

import numpy as np

if TYPE_CHECKING:
    from simulators.speech import Speech


_PRONOUNCED: Final = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "$": "dollars",
    "€": "euros",
    "%": "percent",
    "+": "plus",
    "&": "and",
}
_ROMANISED: Final = ("CJK UNIFIED", "HIRAGANA", "KATAKANA", "HANGUL")


class Alignment(TypedDict):
    """Characters and their times, in the WebSocket API's format."""

    chars: list[str]
    charStartTimesMs: list[int]
    charDurationsMs: list[int]


@dataclass(frozen=True, slots=True)
class Timing:
    """The characters of a text, each with its start and end in milliseconds from the start of its context.

    The vendor's reference calls these times relative to a chunk. LiveKit's plugin adds no offset to these (it does for
    the dialogue API), so they must continue through a context, or its captions would start over.
    """

    characters: str
    starts_ms: list[int]
    end_ms: int

    def between(self, from_ms: int, to_ms: int) -> Alignment | None:
        """Return the characters that begin in this part of the audio; None if there are none."""
        chosen = [index for index, start in enumerate(self.starts_ms) if from_ms <= start < to_ms]
        if not chosen:
            return None
        ends = [*self.starts_ms[1:], self.end_ms]
        return Alignment(
            chars=[self.characters[index] for index in chosen],
            charStartTimesMs=[self.starts_ms[index] for index in chosen],
            charDurationsMs=[ends[index] - self.starts_ms[index] for index in chosen],
        )


def normalise(alignment: Alignment | None) -> Alignment | None:
    """Align the text as it is pronounced: numbers in words; Chinese, Japanese and Korean in Latin letters.

    ElevenLabs sends both alignments; in the normalised one, Chinese is `chun1 tian1` and `$5` is `five dollars`. Here
    characters are replaced one by one, so that the words keep their order.
    """
    if alignment is None:
        return None
    normalised = Alignment(chars=[], charStartTimesMs=[], charDurationsMs=[])
    pieces = zip(alignment["chars"], alignment["charStartTimesMs"], alignment["charDurationsMs"], strict=True)
    for character, start, duration in pieces:
        letters = _pronounced(character)
        for index, letter in enumerate(letters):
            normalised["chars"].append(letter)
            normalised["charStartTimesMs"].append(start + duration * index // len(letters))
            normalised["charDurationsMs"].append(duration // len(letters))
    return normalised


def _pronounced(character: str) -> str:
    if character in _PRONOUNCED:
        return f"{_PRONOUNCED[character]} "
    name = unicodedata.name(character, "")
    if not name.startswith(_ROMANISED):
        return character
    # The last word of `HIRAGANA LETTER KA` or `CJK UNIFIED IDEOGRAPH-6625`: not its pronunciation, but Latin letters.
    return f"{re.split('[ -]', name)[-1].lower()}1 "


def align(text: str, speech: Speech, *, starts_at: float, ends_at: float) -> Timing:
    """Time every character of `text` from its words' times.

    Args:
        text: The spoken text.
        speech: The speech of exactly this text.
        starts_at: Start of this speech in the context, in seconds.
        ends_at: Its end, in seconds, including the pause after it.
    """
    positions, seconds = [0], [0.0]
    for match, word in zip(re.finditer(r"\S+", text), speech.words, strict=True):
        positions += [match.start(), match.end()]
        seconds += [word.start, word.end]
    times = np.interp(np.arange(len(text)), positions, seconds) + starts_at
    return Timing(text, [round(1000 * float(time)) for time in times], round(1000 * ends_at))
