"""The watcher of the stand-in's sessions. All callers share one, as each request costs both sides time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import aiohttp

from benchmarks.fleet_faults import books
from demo.call.changes import Changes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

# Seconds between two requests.
_LOOKS_EVERY: Final = 1.0


class Watcher:
    """The sessions as of the last request.

    Attributes:
        sessions: All sessions since the stand-in was started.
    """

    def __init__(self) -> None:
        self.sessions: Sequence[books.Session] = ()
        self._looks = Changes()

    async def has(self, is_so: Callable[[Sequence[books.Session]], bool], *, within: float) -> bool:
        """Wait until `is_so` holds for the sessions; return False if it does not within `within` seconds."""
        try:
            async with asyncio.timeout(within):
                await self._looks.until(lambda: is_so(self.sessions) or None)
        except TimeoutError:
            return False
        return True

    def take(self, sessions: Sequence[books.Session]) -> None:
        """Set the sessions, and notify those who wait."""
        self.sessions = sessions
        self._looks.notify()

    async def look(self, url: str) -> None:
        """Request the sessions again and again.

        Args:
            url: URL of the stand-in's list of sessions.
        """
        async with aiohttp.ClientSession() as http:
            while True:
                async with http.get(url) as reply:
                    self.take(books.read(await reply.json()))
                await asyncio.sleep(_LOOKS_EVERY)


@asynccontextmanager
async def watching(url: str) -> AsyncIterator[Watcher]:
    """Watch the sessions as long as the body runs."""
    watcher = Watcher()
    looking = asyncio.create_task(watcher.look(url))
    try:
        yield watcher
    finally:
        looking.cancel()
        await asyncio.wait([looking])
