"""Sounds without words: a voice, laughter and music."""

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
    """Return a long "ah": speech for voice activity detection, but not a word for a recogniser.

    A real cough is unsuitable: Silero does not detect speech in it, nor in noise of any colour, and pocketsphinx
    recognises words in it.
    """
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics_hz = PITCH_HZ * np.arange(1, 39)
    levels = sum(1 / (1 + ((harmonics_hz - at) / width) ** 2) for at, width in FORMANTS_HZ) / np.sqrt(harmonics_hz)
    vibrato = 0.02 * np.cos(2 * np.pi * 5 * t) / (2 * np.pi * 5)
    voice = np.sin(2 * np.pi * np.outer(t - vibrato, harmonics_hz)) @ levels
    voice *= np.minimum(1, np.minimum(t / 0.05, (seconds - t) / 0.1))
    samples: Samples = (voice / np.abs(voice).max() * 18_000).astype(np.int16)
    return samples


def laughter() -> Samples:
    """Return five short cries with breaths between them."""
    cry, breath = wordless_voice(0.16), np.zeros(round(0.12 * RATE_HZ), np.int16)
    return np.concatenate([part for _ in range(5) for part in (cry, breath)])


def music() -> Samples:
    """Return eight notes that are struck and fade, with their overtones: no voice has this spectrum."""
    t = np.arange(round(0.3 * RATE_HZ)) / RATE_HZ
    notes = [
        sum(np.sin(2 * np.pi * pitch * overtone * t) / overtone for overtone in range(1, 6)) * np.exp(-6 * t)
        for pitch in (262.0, 330.0, 392.0, 523.0, 392.0, 330.0, 262.0, 196.0)
    ]
    samples = np.concatenate(notes)
    scaled: Samples = (samples / np.abs(samples).max() * 12_000).astype(np.int16)
    return scaled
