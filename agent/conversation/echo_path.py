"""Finds the way of the agent's own voice back into the microphone, and what in the microphone is no more than it. Pure.

The agent knows what is heard of it, and when. Its echo has the same levels in every band of frequency, less the loss of
the way, and later by its delay. A voice of somebody else does not follow them, and is louder than them somewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from agent.conversation.band_levels import BANDS, SILENCE, Levels, silence

# Cells (of 20 ms) that are compared to find the way: 1.5 s. Another voice then had a likeness of 0.37 at most with
# the synthetic voices of `benchmarks.turns`, and an echo, with reverberation of 0.3 s, 0.65 or more in 95 of 100 looks.
_COMPARED = 75
_ALIKE = 0.6

# The longest delay, 1 s: the avatar's service, its way to the caller, and the caller's way back.
_MOST_DELAY = 50

# Cells between two looks for the way, and how far the delays of three looks in a row may differ.
_LOOK_EVERY, _LOOK_AGAIN = 10, 25
_STEADY, _STEADY_LOOKS = 1, 2

# The part of the compared cells in which the agent has to sound, and decibels above silence from which on it does.
_SOUNDING = 0.6
_SOUND = 20.0

# An echo is expected from two cells before to twelve after its delay, since the network's delay varies and rooms
# reverberate: 3 dB less with each cell after the second, which is a reverberation time (RT60) of 0.4 s.
_EARLY, _LATE, _DECAY = 2, 12, 3.0
_LOSSES = _DECAY * np.maximum(np.arange(_LATE, -_EARLY - 1, -1) - _EARLY, 0)

# The part of the sounding cells whose echo is not louder than what is taken for the loss of the way.
_LOUDER = 0.8

# Decibels, in the mean of all bands, by which an echo may be louder than expected. With the same voices, no
# frame of an echo was (18 echoes of 42 s each).
_MARGIN = 6.0

# Cells for which everything passes after a sound that is no echo: the caller's quieter sounds, and pauses in words.
_OPEN_FOR = 20

# Decibels by which the microphone is quieter than expected when there is no way any more: headphones.
_GONE = -12.0

_KEPT = _COMPARED + _MOST_DELAY + _LATE


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the agent's output to the microphone.

    Attributes:
        delay: In cells.
        gain: In decibels, for each band.
    """

    delay: int
    gain: Levels


class EchoPath:
    """Compares what is heard with what was played at the same time, and learns the way between them.

    Attributes:
        path: The way, once it is known.
    """

    def __init__(self) -> None:
        self.path: Path | None = None
        self._heard, self._played = silence(_KEPT), silence(_KEPT)
        self._likely_delay: int | None = None
        self._steady_looks = 0
        self._until_look = _LOOK_EVERY
        self._open_for = 0

    def is_echo(self, heard: Levels, played: Levels) -> bool:
        """Take the next cells; return whether what is heard in them is the agent's own voice and nothing else.

        Args:
            heard: By the microphone, of shape (cells, bands).
            played: By the agent at that time, of the same shape.
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
        """Find the way, or that there is none any more."""
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
        """Return the delay at which both are most alike, and how much; None while the agent sounds too little."""
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
    """Leave how bands differ from each other, and change; a voice that only begins at the same time is not alike."""
    levels = levels - levels.mean(axis=-1, keepdims=True)
    shape: Levels = levels - levels.mean(axis=-2, keepdims=True)
    return shape


def _spread(played: Levels, delay: int, cells: int) -> Levels:
    """Return the loudest that may be heard in each of the last cells of what was played, before the loss of the way."""
    end = len(played) + _EARLY - delay
    near = np.concatenate([played, silence(_EARLY)])[end - cells - len(_LOSSES) + 1 : end]
    loudest: Levels = (sliding_window_view(near, len(_LOSSES), axis=0) - _LOSSES).max(axis=-1)
    return loudest


def _excess(heard: Levels, expected: Levels) -> Levels:
    """Return by how many decibels each cell is louder than expected, in the mean of the bands."""
    excess: Levels = np.maximum(heard - np.maximum(expected, SILENCE), 0.0).mean(axis=-1)
    return excess
