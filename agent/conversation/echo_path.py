"""Finds the echo path of the agent's own voice into the microphone, and sound that is nothing but this echo. Pure.

The agent knows which of its sound is heard, and when. Its echo has the same levels in every frequency band, reduced by
the loss of the path and later by its delay. Another voice does not follow these levels, and exceeds them somewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from agent.conversation.band_levels import BANDS, SILENCE, Levels, silence

# Cells (of 20 ms) that are compared to find the path: 1.5 s. With the synthetic voices of `benchmarks.turns`, another
# voice then had a likeness of 0.37 at most, and an echo, with reverberation of 0.3 s, 0.65 or more in 95 of 100 looks.
_COMPARED = 75
_ALIKE = 0.6

# The longest delay in cells, 1 s: the avatar's service, the network to the caller, and back.
_MOST_DELAY = 50

# Cells between two looks for the path, and how far the delays of three looks in a row may differ.
_LOOK_EVERY, _LOOK_AGAIN = 10, 25
_STEADY, _STEADY_LOOKS = 1, 2

# The part of the compared cells in which the agent has to sound, and how many decibels above silence count as sound.
_SOUNDING = 0.6
_SOUND = 20.0

# An echo is expected from two cells before to twelve after its delay, since the network's delay varies and rooms
# reverberate: 3 dB less with each cell after the second, which is a reverberation time (RT60) of 0.4 s.
_EARLY, _LATE, _DECAY = 2, 12, 3.0
_LOSSES = _DECAY * np.maximum(np.arange(_LATE, -_EARLY - 1, -1) - _EARLY, 0)

# The gain of the path is this quantile of the differences between heard and expected levels in sounding cells.
_LOUDER = 0.8

# Decibels, in the mean of all bands, by which an echo may be louder than expected. With the same voices, no frame of an
# echo exceeded this (18 echoes of 42 s each).
_MARGIN = 6.0

# Cells for which everything passes after a sound other than an echo: the caller's quieter sounds, and pauses in words.
_OPEN_FOR = 20

# If the microphone is this many decibels quieter than expected, the path is gone: the caller uses headphones.
_GONE = -12.0

_KEPT = _COMPARED + _MOST_DELAY + _LATE


@dataclass(frozen=True, slots=True)
class Path:
    """An echo path from the agent's output to the microphone.

    Attributes:
        delay: In cells.
        gain: In decibels, for each band.
    """

    delay: int
    gain: Levels


class EchoPath:
    """Compares the microphone's sound with the agent's at the same time, and learns the path between them.

    Attributes:
        path: The echo path; None while it is not known.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._heard, self._played = silence(_KEPT), silence(_KEPT)
        self._likely_delay: int | None = None
        self._steady_looks = 0
        self._until_look = _LOOK_EVERY
        self._open_for = 0

    def is_echo(self, heard: Levels, played: Levels) -> bool:
        """Take the next cells; return whether they contain the agent's own voice and nothing else.

        Args:
            heard: Levels of the microphone, of shape (cells, bands).
            played: Levels of the agent's sound at that time, of the same shape.
        """
        cells = len(heard)
        self._heard = np.concatenate([self._heard, heard])[-_KEPT:]
        self._played = np.concatenate([self._played, played])[-_KEPT:]
        self._until_look -= cells
        if self._until_look <= 0:
            self._look()
            self._until_look = _LOOK_EVERY if self.path is None else _LOOK_AGAIN
        if self.path is None or not cells:
            return False
        expected = self._expected(self.path, cells)
        if _excess(self._heard[-cells:], expected).max() > _MARGIN:
            self._open_for = _OPEN_FOR
            return False
        self._open_for = max(0, self._open_for - cells)
        return not self._open_for and bool(expected.max() > SILENCE)

    def _expected(self, path: Path, cells: int) -> Levels:
        return _spread(self._played, path.delay, cells) + path.gain

    def _look(self) -> None:
        """Update the path: find it, or drop it if it is gone."""
        delay, likeness = self._best_delay()
        if likeness is None:
            return
        if likeness >= _ALIKE:
            is_steady = self._likely_delay is not None and abs(delay - self._likely_delay) <= _STEADY
            self._steady_looks = self._steady_looks + 1 if is_steady else 0
            if self._steady_looks >= _STEADY_LOOKS:
                self.path = Path(delay, self._gain(delay))
            self._likely_delay = delay
            return
        self._likely_delay, self._steady_looks = None, 0
        if self.path is not None and self._is_gone(self.path):
            self.path = None

    def _best_delay(self) -> tuple[int, float | None]:
        """Return the delay at which both are most alike, and their likeness: None if the agent sounds too little."""
        played = self._played[-_COMPARED - _MOST_DELAY :]
        if (played[-_COMPARED:].max(axis=1) > SILENCE + _SOUND).mean() < _SOUNDING:
            return 0, None
        heard = _shape(self._heard[-_COMPARED:])
        if not heard.any():
            return 0, 0.0
        by_delay = sliding_window_view(played, _COMPARED, axis=0)[::-1].transpose(0, 2, 1)
        shapes = _shape(by_delay)
        norms = np.sqrt((shapes**2).sum((1, 2)) * (heard**2).sum())
        likeness = (shapes * heard).sum((1, 2)) / np.maximum(norms, 1e-9)
        best = int(likeness.argmax())
        return best, float(likeness[best])

    def _gain(self, delay: int) -> Levels:
        expected = _spread(self._played, delay, _COMPARED)
        differences = np.where(expected > SILENCE + _SOUND, self._heard[-_COMPARED:] - expected, np.nan)
        known = ~np.isnan(differences).all(axis=0)
        gain = np.full(BANDS, -np.inf)
        gain[known] = np.nanquantile(differences[:, known], _LOUDER, axis=0)
        return np.where(known, gain, gain.max())

    def _is_gone(self, path: Path) -> bool:
        expected = self._expected(path, _COMPARED)
        sounding = expected.max(axis=1) > SILENCE + _SOUND
        differences = np.maximum(self._heard[-_COMPARED:], SILENCE) - np.maximum(expected, SILENCE)
        return bool(sounding.any() and np.median(differences[sounding].mean(axis=1)) < _GONE)


def _shape(levels: Levels) -> Levels:
    """Keep only how bands differ from each other and change, so that a voice with the same onset is not alike."""
    levels = levels - levels.mean(axis=-1, keepdims=True)
    shape: Levels = levels - levels.mean(axis=-2, keepdims=True)
    return shape


def _spread(played: Levels, delay: int, cells: int) -> Levels:
    """Return the highest levels that an echo may have in each of the last cells, before the loss of the path."""
    end = len(played) + _EARLY - delay
    near = np.concatenate([played, silence(_EARLY)])[end - cells - len(_LOSSES) + 1 : end]
    loudest: Levels = (sliding_window_view(near, len(_LOSSES), axis=0) - _LOSSES).max(axis=-1)
    return loudest


def _excess(heard: Levels, expected: Levels) -> Levels:
    """Return by how many decibels each cell is louder than expected, in the mean of the bands."""
    excess: Levels = np.maximum(heard - np.maximum(expected, SILENCE), 0.0).mean(axis=-1)
    return excess
