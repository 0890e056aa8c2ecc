"""Where a word begins: as text to speech has timed it, else at a gap in the sound."""

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE

# Seconds by which a played position is ahead of the avatar's mouth at most, as a rule. A word that is said twice does
# less harm than one that is lost.
_CERTAIN = 0.05


class Word(NamedTuple):
    """When a word is spoken, in seconds from the start of its segment."""

    start: float
    end: float


def cut_at(position: float, words: Iterable[Word]) -> float | None:
    """Find where speech that was cut off at `position` goes on: at the start of the word that was cut.

    Returns:
        Seconds, at `position` at the latest; None if the words don't come so far.
    """
    certain = max(0.0, position - _CERTAIN)
    past = False
    for word in words:
        if word.start <= certain < word.end:
            return word.start
        past |= word.start > certain
    return certain if past else None


# Samples whose loudness is looked at together: 10 ms.
_WINDOW = SAMPLE_RATE // 100

# Most silences within a word, of its own consonants, are shorter than 30 ms.
_GAP_WINDOWS = 3

# Share of the loudest window's level; quieter windows lie between words.
_QUIET = 0.12


def last_gap(pcm: bytes) -> int:
    """Find the end of the last gap between words, in bytes from the start of `pcm`; its length if there is none.

    Speech that goes on from there repeats no more than the word that `pcm` ends in.
    """
    samples = array("h", pcm)
    levels = [sum(map(abs, samples[at : at + _WINDOW])) for at in range(0, len(samples) - _WINDOW + 1, _WINDOW)]
    threshold = _QUIET * max(levels, default=0)
    quiet = [level < threshold for level in levels]
    for end in range(len(quiet), _GAP_WINDOWS - 1, -1):
        if all(quiet[end - _GAP_WINDOWS : end]):
            return end * _WINDOW * BYTES_PER_SAMPLE
    return len(pcm)
