"""The stand-in's sense of time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_LATE_SECONDS = 0.12
"""What is made up for when a tick comes late; for the rest time stands still, as in a renderer that stalls."""


class Ticker:
    """Beats at a fixed rate, and tells a time that never runs ahead of the beat by more than is made up for.

    Args:
        interval: seconds between two beats.
        clock: seconds that never go back.
    """

    def __init__(self, interval: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._lost = 0.0
        self._due_at = clock() + interval

    @property
    def now(self) -> float:
        """Seconds."""
        return min(self._clock() - self._lost, self._due_at + MAX_LATE_SECONDS)

    @property
    def stalled_seconds(self) -> float:
        """How long time has stood still, all in all: on a busy machine, what other clocks are ahead by."""
        return self._lost

    async def tick(self) -> None:
        """Wait for the next beat."""
        late = self._clock() - self._lost - self._due_at
        if late > MAX_LATE_SECONDS:
            self._lost += late - MAX_LATE_SECONDS
        await asyncio.sleep(max(-late, 0.0))
        self._due_at += self._interval
