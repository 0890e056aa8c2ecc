"""Waiting for something to become true, looked at again whenever something changed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class Changes:
    """A place to wait at, for any number of tasks."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Say that something changed: everyone who waits looks again."""
        self._event.set()
        self._event.clear()

    async def until(self, condition: Callable[[], Found | None]) -> Found:
        """Wait until the condition gives something other than None, and give that."""
        while (found := condition()) is None:
            await self._event.wait()
        return found
