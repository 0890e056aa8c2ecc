"""The caller's microphone: a 48 kHz track that carries silence, and the caller's speech in between."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from livekit import rtc

from demo.call.levels import RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Callable

# Samples of 40 ms. Each window takes two switches of threads: with 10 ms, a busy machine feeds slower than real time,
# and the gaps break the caller's words.
_WINDOW: Final = RATE_HZ // 25

# Windows that the track may be fed ahead, and the largest error of the measured times.
_AHEAD: Final = 5


@dataclass(frozen=True, slots=True)
class Spoken:
    """The time of the caller's speech in the room, in monotonic seconds."""

    started_at: float
    ended_at: float


class Microphone:
    """A microphone track of a connected room.

    Args:
        on_samples: Called with all samples that are sent, including silence, and the time of the last one.
        window: Samples that are fed at once; the track is fed five windows ahead. More of them take less processor
            time, but make times less exact.
    """

    def __init__(self, on_samples: Callable[[Samples, float], None], window: int = _WINDOW) -> None:
        self._source = rtc.AudioSource(RATE_HZ, 1, queue_size_ms=_AHEAD * window * 1000 // RATE_HZ)
        self._on_samples = on_samples
        self._window = window
        self._speech: Samples = np.zeros(0, np.int16)
        self._spoken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def publish(self, room: rtc.Room) -> None:
        """Publish the track and begin with silence."""
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        self._task = asyncio.create_task(self._feed())

    async def say(self, speech: Samples) -> Spoken:
        """Say `speech` in real time; only one call at a time."""
        started_at = time.monotonic() + self._source.queued_duration
        self._speech = speech
        self._spoken.clear()
        await self._spoken.wait()
        return Spoken(started_at, started_at + len(speech) / RATE_HZ)

    async def aclose(self) -> None:
        """Stop feeding the track."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._source.aclose()

    async def _feed(self) -> None:
        """Feed window after window; the source takes no more than it can play, so this runs in real time."""
        while True:
            samples, self._speech = self._speech[: self._window], self._speech[self._window :]
            if not len(self._speech):
                self._spoken.set()
            window = np.pad(samples, (0, self._window - len(samples)))
            await self._source.capture_frame(rtc.AudioFrame(window.tobytes(), RATE_HZ, 1, self._window))
            self._on_samples(window, time.monotonic() + self._source.queued_duration)
