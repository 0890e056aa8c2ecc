"""Looks at what the stand-in for LiveAvatar notes, for all callers at once: each look costs both sides time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import aiohttp

from benchmarks.fleet_faults import books
from demo.call.changes import Changes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

# Seconds.
_LOOKS_EVERY: Final = 1.0


class Watcher:
    """The sessions as they were at the last look.

    Attributes:
        sessions: All since the stand-in has started.
    """

    def __init__(self) -> None:
        self.sessions: Sequence[books.Session] = ()
        self._looks = Changes()

    async def has(self, is_so: Callable[[Sequence[books.Session]], bool], *, within: float) -> bool:
        """Wait until something is so; return False if it is not within so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._looks.until(lambda: is_so(self.sessions) or None)
        except TimeoutError:
            return False
        return True

    def take(self, sessions: Sequence[books.Session]) -> None:
        """Take what a look has found."""
        self.sessions = sessions
        self._looks.notify()

    async def look(self, url: str) -> None:
        """Look again and again.

        Args:
            url: Of the stand-in's list of sessions.
        """
        async with aiohttp.ClientSession() as http:
            while True:
                async with http.get(url) as reply:
                    self.take(books.read(await reply.json()))
                await asyncio.sleep(_LOOKS_EVERY)


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watcher]:
    """Look as long as the body runs."""
    watcher = Watcher()
    looking = asyncio.create_task(watcher.look(url))
    try:
        yield watcher
    finally:
        looking.cancel()
        await asyncio.wait([looking])
