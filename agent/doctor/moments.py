"""The events that were seen in a call, for a script that waits for them."""

import asyncio
from collections import Counter


class Moments:
    """Counts events by name, and waits for them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        self._notifying: set[asyncio.Task[None]] = set()

    def count(self, name: str) -> int:
        """Return how often an event was seen."""
        return self._counts[name]

    def saw(self, name: str) -> None:
        """Count an event once more."""
        self._counts[name] += 1
        task = asyncio.get_running_loop().create_task(self._notify())
        self._notifying.add(task)
        task.add_done_callback(self._notifying.discard)

    async def wait_for(self, name: str, *, more_than: int = 0, within: float) -> bool:
        """Wait until an event was seen more often than `more_than`; return False if it wasn't `within` seconds."""
        try:
            async with asyncio.timeout(within), self._changed:
                await self._changed.wait_for(lambda: self._counts[name] > more_than)
        except TimeoutError:
            return False
        return True

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
