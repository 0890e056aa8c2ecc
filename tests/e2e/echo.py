"""A caller whose microphone hears the avatar from the loudspeaker."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

import numpy as np
from livekit import rtc

from demo.call.levels import RATE_HZ, WINDOW
from demo.call.microphone import Microphone

if TYPE_CHECKING:
    from demo.call.levels import Samples


class EchoingMicrophone(Microphone):
    """One that sends what it is given with what the caller says.

    Args:
        level_db: Of the echo; 0 is as loud as what is heard.
    """

    def __init__(self, level_db: float) -> None:
        super().__init__(lambda *_: None)
        self._factor = 10.0 ** (level_db / 20)
        self._echo = deque[np.int16](maxlen=RATE_HZ)

    def hear(self, samples: Samples, _: float) -> None:
        """Take what comes from the loudspeaker; for `Listener`."""
        self._echo.extend(samples)

    async def _feed(self) -> None:
        while True:
            samples, self._speech = self._speech[:WINDOW], self._speech[WINDOW:]
            if not len(self._speech):
                self._spoken.set()
            count = min(WINDOW, len(self._echo))
            echo = np.array([self._echo.popleft() for _ in range(count)], np.float64) * self._factor
            window = np.pad(samples, (0, WINDOW - len(samples))) + np.pad(echo, (0, WINDOW - count))
            pcm = np.clip(window, -32768, 32767).astype(np.int16)
            await self._source.capture_frame(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, WINDOW))
            await asyncio.sleep(0)
            self._on_samples(pcm, time.monotonic() + self._source.queued_duration)
