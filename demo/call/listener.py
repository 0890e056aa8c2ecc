"""The listener to the avatar's audio track, which detects its sounds and keeps its last answer."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np
from livekit import rtc

from demo.call.changes import Changes
from demo.call.levels import RATE_HZ, WINDOW, Samples, SoundDetector

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.call.levels import Sound

# Windows that are kept for recognition: the last minute of an answer, 6 MB.
LONGEST_ANSWER: Final = 60 * RATE_HZ // WINDOW

# Frames that may be queued: a second. Beyond it the oldest are lost, and the measured times are wrong.
BACKLOG: Final = 100


class Listener:
    """A listener to one audio track until it is closed.

    Args:
        track: The avatar's audio.
        on_samples: Called with all samples that are heard, and the time of the last one.
    """

    def __init__(self, track: rtc.Track, on_samples: Callable[[Samples, float], None]) -> None:
        self._stream = rtc.AudioStream(track, sample_rate=RATE_HZ, num_channels=1, capacity=BACKLOG)
        self._on_samples = on_samples
        self._detector = SoundDetector()
        self._answer: deque[Samples] = deque(maxlen=LONGEST_ANSWER)
        self._changes = Changes()
        self._task = asyncio.create_task(self._listen())

    def begin_answer(self) -> None:
        """Forget the last answer: the next one begins."""
        self._answer.clear()

    def answer(self) -> Samples:
        """Return the samples heard since `begin_answer`."""
        return np.concatenate(self._answer) if self._answer else np.zeros(0, np.int16)

    async def first_sound(self, after: float) -> Sound:
        """Wait for the first sound that starts after `after`."""
        return await self._changes.until(lambda: self._detector.first_after(after))

    async def silence(self, after: float, lasting: float) -> float:
        """Wait until it has been quiet for `lasting` seconds after `after`; return when the quiet began."""

        def quiet() -> float | None:
            since = self._detector.quiet_since(after)
            return since if time.monotonic() - since >= lasting else None

        return await self._changes.until(quiet)

    async def aclose(self) -> None:
        """Stop listening."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._stream.aclose()

    async def _listen(self) -> None:
        async for event in self._stream:
            samples = np.frombuffer(event.frame.data, np.int16)
            now = time.monotonic()
            self._detector.push(samples, now)
            self._answer.append(samples)
            self._on_samples(samples, now)
            self._changes.notify()
