"""Waiting for a condition, which is checked again whenever a change is notified."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Found = TypeVar("Found")


class Changes:
    """A notifier of changes, for any number of waiting tasks."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        """Let all waiting tasks check their conditions again."""
        self._event.set()
        self._event.clear()

    async def until(self, condition: Callable[[], Found | None]) -> Found:
        """Wait until the condition returns a value other than None, and return that."""
        while (found := condition()) is None:
            await self._event.wait()
        return found
