"""A noise that voice activity detection takes for speech, and no recogniser for a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demo.call.levels import RATE_HZ

if TYPE_CHECKING:
    from demo.call.levels import Samples

PITCH_HZ = 130.0
# Resonances of a mouth that says "ah", and their widths.
FORMANTS_HZ = ((700.0, 90.0), (1100.0, 110.0), (2500.0, 160.0))


def wordless_voice(seconds: float = 1.2) -> Samples:
    """A long "ah": speech to voice activity detection, and no word to a recogniser.

    A real cough will not do: Silero takes none for speech, nor noise of any colour, and pocketsphinx hears words in it.
    """
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics_hz = PITCH_HZ * np.arange(1, 39)
    levels = sum(1 / (1 + ((harmonics_hz - at) / width) ** 2) for at, width in FORMANTS_HZ) / np.sqrt(harmonics_hz)
    vibrato = 0.02 * np.cos(2 * np.pi * 5 * t) / (2 * np.pi * 5)
    voice = np.sin(2 * np.pi * np.outer(t - vibrato, harmonics_hz)) @ levels
    voice *= np.minimum(1, np.minimum(t / 0.05, (seconds - t) / 0.1))
    samples: Samples = (voice / np.abs(voice).max() * 18_000).astype(np.int16)
    return samples
