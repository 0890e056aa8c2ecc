"""The openness and the roundness of the mouth, from the audio."""

from dataclasses import dataclass

import numpy as np

# Root mean square, as a share of full scale, below which audio counts as silence.
_SILENT = 0.004

# Root mean square of a loud vowel.
_LOUD = 0.16

# Ranges of the energy of `o` and of `e`.
_ROUND_BELOW_HZ, _WIDE_ABOVE_HZ = 900, 1800


def mouth_openness(pcm: bytes, rate_hz: int) -> float:
    """Return the openness of a mouth that says this, from 0 for silence to 1; PCM16 mono of about 40 ms."""
    return _read(pcm, rate_hz)[0]


@dataclass(slots=True)
class Mouth:
    """A mouth that follows the audio: it opens fast and closes more slowly.

    Attributes:
        openness: 0 to 1.
        roundness: 0 as in `see` to 1 as in `so`.
    """

    openness: float = 0.0
    roundness: float = 0.4

    def follow(self, pcm: bytes, rate_hz: int) -> None:
        """Move by one frame of audio."""
        openness, roundness = _read(pcm, rate_hz)
        self.openness += (openness - self.openness) * (0.75 if openness > self.openness else 0.45)
        self.roundness += (roundness - self.roundness) * 0.4


def _read(pcm: bytes, rate_hz: int) -> tuple[float, float]:
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768
    level = float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0
    if level < _SILENT:
        return 0.0, 0.4
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate_hz)
    low, high = power[hertz < _ROUND_BELOW_HZ].sum(), power[hertz > _WIDE_ABOVE_HZ].sum()
    # Hissing sounds are loud, but are said through nearly closed teeth.
    voiced = float(low / (low + high + 1e-9))
    openness = min(1.0, (level / _LOUD) ** 0.6) * (0.35 + 0.65 * voiced)
    return openness, min(1.0, max(0.0, voiced * 1.3 - 0.45))
