"""Where a word begins: as the voice tells, else as far as the sound does."""

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE

_CERTAIN = 0.05
# Seconds by which a played position may be ahead of the avatar's mouth, mostly. A word that is said twice does less
# harm than one that is lost.


class Word(NamedTuple):
    """When a word is spoken, in seconds from the start of its segment."""

    start: float
    end: float


def cut_at(position: float, words: Iterable[Word]) -> float | None:
    """Where speech goes on that was cut off at `position`: at the start of the word in which that was.

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


_WINDOW = SAMPLE_RATE // 100
# Samples whose loudness is looked at together: 10 ms.

_GAP_WINDOWS = 3
# A word's own consonants are silent for less than 30 ms, most of them.

_QUIET = 0.12
# Of the loudest window's level: what is below lies between words.


def last_gap(pcm: bytes) -> int:
    """Where the last gap between words ends, in bytes from the start of `pcm`; its length if there is none.

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
