"""The stand-in's clock."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# A tick later than this is not made up for: the clock stands still instead, as in a stalled renderer.
MAX_LATE_SECONDS = 0.12


class Ticker:
    """Ticks at a fixed rate, and a clock that never runs more than `MAX_LATE_SECONDS` ahead of the ticks.

    Args:
        interval: Seconds between two ticks.
        clock: Returns monotonic seconds.
    """

    def __init__(self, interval: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._lost = 0.0
        self._due_at = clock() + interval

    @property
    def now(self) -> float:
        """The time in seconds."""
        return min(self._clock() - self._lost, self._due_at + MAX_LATE_SECONDS)

    @property
    def stalled_seconds(self) -> float:
        """Seconds for which the clock has stood still; on a busy machine other clocks are ahead by that much."""
        return self._lost

    async def tick(self) -> None:
        """Wait for the next tick."""
        late = self._clock() - self._lost - self._due_at
        if late > MAX_LATE_SECONDS:
            self._lost += late - MAX_LATE_SECONDS
        await asyncio.sleep(max(-late, 0.0))
        self._due_at += self._interval
