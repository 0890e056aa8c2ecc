"""Where a word begins: as the TTS has timed it, else at a gap in the sound."""

from array import array
from collections.abc import Iterable
from typing import NamedTuple

from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE

# Seconds by which a played position is usually ahead of the avatar's speech at most. A repeated word does less harm
# than a lost one.
_CERTAIN = 0.05


class Word(NamedTuple):
    """The time of a word, in seconds from the start of its segment."""

    start: float
    end: float


def cut_at(position: float, words: Iterable[Word]) -> float | None:
    """Find where speech that was cut off at `position` continues: at the start of the word that was cut.

    Returns:
        Seconds, `position` at the latest; None if the words don't reach so far.
    """
    certain = max(0.0, position - _CERTAIN)
    past = False
    for word in words:
        if word.start <= certain < word.end:
            return word.start
        past |= word.start > certain
    return certain if past else None


# Samples in a window, whose loudness is measured as a whole: 10 ms.
_WINDOW = SAMPLE_RATE // 100

# Most silences within a word, of its own consonants, are shorter than 30 ms.
_GAP_WINDOWS = 3

# Share of the loudest window's level; quieter windows lie between words.
_QUIET = 0.12


def last_gap(pcm: bytes) -> int:
    """Find the end of the last gap between words, in bytes from the start of `pcm`; its length if there is none.

    Speech that continues from there repeats no more than the word that `pcm` ends in.
    """
    samples = array("h", pcm)
    levels = [sum(map(abs, samples[at : at + _WINDOW])) for at in range(0, len(samples) - _WINDOW + 1, _WINDOW)]
    threshold = _QUIET * max(levels, default=0)
    quiet = [level < threshold for level in levels]
    for end in range(len(quiet), _GAP_WINDOWS - 1, -1):
        if all(quiet[end - _GAP_WINDOWS : end]):
            return end * _WINDOW * BYTES_PER_SAMPLE
    return len(pcm)
