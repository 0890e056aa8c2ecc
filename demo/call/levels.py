"""Detection of sound: pure functions and one small state machine over 16-bit mono PCM at 48 kHz."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

RATE_HZ: Final = 48_000
# Samples in one measurement of the level: 10 ms, WebRTC's own frame.
WINDOW: Final = RATE_HZ // 100

# Root mean square at which a window counts as sound: 40 dB below full scale; a silent track decodes to less than 5.
LOUD: Final = 330.0

# Seconds; shorter sounds are clicks.
SHORTEST_SOUND: Final = 0.03

# Seconds of quiet that do not yet end a sound: the closure of a consonant lasts as long.
LONGEST_GAP: Final = 0.05

# Windows before and after the loud ones that still belong to speech: the "th" of "thank you".
SOFT: Final = 4


@dataclass(slots=True)
class Sound:
    """An interval of sound, in monotonic seconds."""

    started_at: float
    ended_at: float


@dataclass(slots=True)
class SoundDetector:
    """A detector of the intervals of sound in a stream, which keeps the last 1000 of them."""

    sounds: deque[Sound] = field(default_factory=lambda: deque(maxlen=1000))
    _open: Sound | None = None

    def push(self, samples: Samples, ended_at: float) -> None:
        """Process the next samples; `ended_at` is when the last of them was heard."""
        levels = window_levels(samples)
        for index, level in enumerate(levels):
            at = ended_at - (len(levels) - index - 1) * WINDOW / RATE_HZ
            self._take(at, loud=level >= LOUD)

    def _take(self, at: float, *, loud: bool) -> None:
        if loud and self._open is None:
            self._open = Sound(at - WINDOW / RATE_HZ, at)
        elif loud and self._open is not None:
            self._open.ended_at = at
            is_new = not self.sounds or self.sounds[-1] is not self._open
            if is_new and at - self._open.started_at >= SHORTEST_SOUND:
                self.sounds.append(self._open)
        elif self._open is not None and at - self._open.ended_at > LONGEST_GAP:
            self._open = None

    def first_after(self, at: float) -> Sound | None:
        """Return the first sound that started after `at`."""
        return next((sound for sound in self.sounds if sound.started_at > at), None)

    def quiet_since(self, at: float) -> float:
        """Return since when there has been no sound; `at` if there was none after it."""
        return max(at, self.sounds[-1].ended_at) if self.sounds else at


def window_levels(samples: Samples) -> npt.NDArray[np.float64]:
    """Return the root mean square of every whole window."""
    whole = samples[: len(samples) // WINDOW * WINDOW].reshape(-1, WINDOW).astype(np.float64)
    levels: npt.NDArray[np.float64] = np.sqrt((whole**2).mean(axis=1))
    return levels


def trim(samples: Samples) -> Samples:
    """Cut the quiet at the start and the end, so that times of speech are exact; soft consonants stay."""
    loud = np.flatnonzero(window_levels(samples) >= LOUD)
    if not len(loud):
        return samples[:0]
    return samples[max(loud[0] - SOFT, 0) * WINDOW : (loud[-1] + 1 + SOFT) * WINDOW]
