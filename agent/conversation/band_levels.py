"""Levels of a sound in frequency bands, in cells of 20 ms. Pure."""

from functools import cache

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.float64]
Samples = npt.NDArray[np.int16]

# Length of a cell, in seconds.
CELL = 0.02

# Borders of the bands, in Hz.
_BORDERS = np.array([100, 300, 600, 1000, 1700, 3000, 7000])
BANDS = len(_BORDERS) - 1

# The lowest level, in dB relative to one unit of a sample, in each band: 81 dB below full scale.
SILENCE = 10.0

# A sound whose samples are all below this, of 32768 (-75 dB), counts as silence. Automatic gain begins with 15 dB,
# which raises it to the limit of `voice_gate` at most.
INAUDIBLE = 6


class LevelMeter:
    """Measures a sound that comes in pieces of any length; an unfinished cell waits for the next piece."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.int16)

    def take(self, samples: Samples, rate: int) -> Levels:
        """Measure the cells that are complete with these samples.

        Args:
            samples: One channel.
            rate: In Hz.

        Returns:
            Decibels, of shape (cells, bands).
        """
        samples = np.concatenate([self._rest, samples])
        size = round(rate * CELL)
        whole = len(samples) // size
        self._rest = samples[whole * size :]
        return _levels(samples[: whole * size].reshape(whole, size), rate)

    def clear(self) -> None:
        """Drop the rest of an unfinished cell."""
        self._rest = self._rest[:0]


def is_below(samples: Samples, limit: int) -> bool:
    """Return whether all samples are quieter than a limit of amplitude."""
    return bool(samples.max(initial=0) < limit and samples.min(initial=0) > -limit)


def silence(cells: int) -> Levels:
    """Return the levels of so many silent cells."""
    return np.full((cells, BANDS), SILENCE)


def _levels(cells: npt.NDArray[np.int16], rate: int) -> Levels:
    size = cells.shape[1]
    if is_below(cells, INAUDIBLE):
        return silence(len(cells))
    window, bins = _window_and_bins(size, rate)
    spectrum = np.abs(np.fft.rfft(cells * window, axis=1)) ** 2
    power = np.add.reduceat(spectrum, bins, axis=1)[:, :BANDS]
    levels: Levels = 10 * np.log10(power + 10 ** (SILENCE / 10))
    return levels


@cache
def _window_and_bins(size: int, rate: int) -> tuple[Levels, npt.NDArray[np.int_]]:
    """Return the window, which gives a sine the power of its root mean square, and the first bin of each band."""
    window = np.hanning(size) * np.sqrt(16 / 3) / size
    return window, np.minimum(np.round(_BORDERS * size / rate).astype(int), size // 2)
