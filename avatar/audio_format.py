"""Conversion of any audio frame to the service's format: PCM16, 24 kHz, mono."""

from collections.abc import Iterable

import numpy as np
from livekit import rtc

from avatar.core.audio import SAMPLE_RATE


class Converter:
    """A converter of one segment's frames; nothing is lost at its end, and nothing leaks into the next segment.

    Frames that have the format already pass untouched. The rate may change between segments, not within one.
    """

    def __init__(self) -> None:
        self._resampler: rtc.AudioResampler | None = None

    def push(self, frame: rtc.AudioFrame) -> bytes:
        """Convert a frame, and return the PCM that is complete so far."""
        if frame.num_channels == 1 and frame.sample_rate == SAMPLE_RATE:
            return bytes(frame.data)
        mono = _mono(frame)
        if frame.sample_rate == SAMPLE_RATE:
            return mono
        if self._resampler is None:
            self._resampler = rtc.AudioResampler(frame.sample_rate, SAMPLE_RATE, num_channels=1)
        return _pcm(self._resampler.push(bytearray(mono)))

    def flush(self) -> bytes:
        """Return the rest of the segment."""
        resampler, self._resampler = self._resampler, None
        return b"" if resampler is None else _pcm(resampler.flush())

    def clear(self) -> None:
        """Drop the rest of the segment."""
        self._resampler = None


def _mono(frame: rtc.AudioFrame) -> bytes:
    """Average a frame's channels."""
    if frame.num_channels == 1:
        return bytes(frame.data)
    samples = np.frombuffer(frame.data, dtype=np.int16).reshape(-1, frame.num_channels)
    return bytes(samples.mean(axis=1).round().astype(np.int16).data)


def _pcm(frames: Iterable[rtc.AudioFrame]) -> bytes:
    return b"".join(bytes(frame.data) for frame in frames)
