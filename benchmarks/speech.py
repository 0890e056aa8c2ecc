"""Speech as a TTS yields it: frames, at a pace."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

    from livekit.agents.voice.io import AudioOutput

SAMPLE_RATE = 24_000


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace at which speech is synthesised.

    Attributes:
        speed: In multiples of real time.
        jitter: Seconds by which a frame may be late, at most.
        frame: Seconds in each frame.
    """

    speed: float
    jitter: float = 0.0
    frame: float = 0.1


def tone(seconds: float, *, sample_rate: int = SAMPLE_RATE, channels: int = 1) -> rtc.AudioFrame:
    """Return a tone without a silent sample, so that it can be distinguished from the silence around it."""
    samples = round(seconds * sample_rate)
    wave = np.sin(2 * np.pi * 220 * np.arange(samples) / sample_rate) * 8000
    audible = np.where(np.abs(wave) < 1, 1, wave).astype("<i2")
    return rtc.AudioFrame(audible.repeat(channels).tobytes(), sample_rate, channels, samples)


def cut(speech: rtc.AudioFrame, seconds: float) -> Iterator[rtc.AudioFrame]:
    """Cut speech into frames of `seconds`; the last may be shorter."""
    samples, data = round(seconds * speech.sample_rate), bytes(speech.data)
    size = samples * speech.num_channels * 2
    for start in range(0, len(data), size):
        part = data[start : start + size]
        yield rtc.AudioFrame(part, speech.sample_rate, speech.num_channels, len(part) // speech.num_channels // 2)


async def synthesise(voice: AudioOutput, speech: rtc.AudioFrame, pace: Pace, random: Random) -> None:
    """Pass `speech` to the output `voice`, the first frame at once, and flush."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for number, frame in enumerate(cut(speech, pace.frame)):
        if number:
            due_at = began_at + number * pace.frame / pace.speed + random.uniform(0, pace.jitter)
            await asyncio.sleep(max(due_at - loop.time(), 0.0))
        await voice.capture_frame(frame)
    voice.flush()
