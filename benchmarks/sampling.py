"""Undisturbed samples: a sample is taken again if the event loop was held up meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

T = TypeVar("T")

# Seconds. The stand-in's own clock stops when it is 0.12 s late; before that, its reports are late.
LONGEST_STALL = 0.1

_HEARTBEAT = 0.01
_TRIES = 4

# Seconds from the start in which samples are taken again: on a busy machine it would never end.
_PATIENCE = 180.0


class Sampling:
    """A taker of samples that watches the event loop.

    Attributes:
        repeated: Number of samples that were taken again.
        disturbed: Number of samples that count although the event loop was held up each time.
        advance: Called after each sample.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.disturbed = 0
        self.advance: Callable[[], None] = lambda: None
        self._stalls = 0
        self._patient_until = asyncio.get_running_loop().time() + _PATIENCE

    async def take(self, sample: Callable[[], Awaitable[T]]) -> T:
        """Take one sample, again if it was disturbed, and advance the progress."""
        loop = asyncio.get_running_loop()
        for left in reversed(range(_TRIES)):
            stalls = self._stalls
            taken = await sample()
            if self._stalls == stalls:
                break
            if not left or loop.time() > self._patient_until:
                self.disturbed += 1
                break
            self.repeated += 1
        self.advance()
        return taken

    async def take_once(self, sample: Callable[[], Awaitable[T]]) -> T:
        """Take one sample that measures counts, not times: a held-up event loop does not disturb it."""
        taken = await sample()
        self.advance()
        return taken

    async def watch(self) -> None:
        """Count, until cancelled, how often the event loop was held up."""
        loop = asyncio.get_running_loop()
        while True:
            due_at = loop.time() + _HEARTBEAT
            await asyncio.sleep(_HEARTBEAT)
            self._stalls += loop.time() - due_at > LONGEST_STALL


@asynccontextmanager
async def sampling() -> AsyncIterator[Sampling]:
    """Watch the event loop as long as the body runs, which takes samples."""
    samples = Sampling()
    watch = asyncio.create_task(samples.watch())
    try:
        yield samples
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
