"""16-bit mono PCM: its duration, and resampling."""

from __future__ import annotations

import av
import numpy as np

SAMPLE_BYTES = 2


def duration(pcm: bytes | bytearray, rate_hz: int) -> float:
    """Return the length of 16-bit mono PCM in seconds."""
    return len(pcm) / (SAMPLE_BYTES * rate_hz)


def silence(seconds: float, rate_hz: int) -> bytes:
    """Make silent 16-bit mono PCM."""
    return bytes(SAMPLE_BYTES * round(seconds * rate_hz))


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Resample audio to another rate, including the samples that the filter holds back at the end."""
    if from_hz == to_hz or not pcm:
        return pcm
    resampler = av.AudioResampler(format="s16", layout="mono", rate=to_hz)
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, np.int16)[np.newaxis], format="s16", layout="mono")
    frame.sample_rate = from_hz
    frames = resampler.resample(frame) + resampler.resample(None)
    return b"".join(frame.to_ndarray().tobytes() for frame in frames)
