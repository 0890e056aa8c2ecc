"""Where a word begins, as far as the sound tells."""

from array import array

from avatar.core.audio import BYTES_PER_SAMPLE, SAMPLE_RATE

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
