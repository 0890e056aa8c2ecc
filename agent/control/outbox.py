"""Sends data into the room in the background, so that it never delays the conversation."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from livekit.agents.utils import aio

logger = logging.getLogger("agent")

# Seconds for sending what is left at the end.
_CLOSE_TIMEOUT = 2.0

Item = TypeVar("Item")


class Outbox(Generic[Item]):
    """Sends one item after the other in the background.

    An item that can't be sent is logged and dropped. When items come faster than they are sent, the oldest that waits
    is dropped: newer items matter more.

    Args:
        send: Sends an item.
        most: How many items may wait.
    """

    def __init__(self, send: Callable[[Item], Awaitable[object]], *, most: int) -> None:
        self._send = send
        self._items: deque[Item] = deque(maxlen=most)
        self._has_items = asyncio.Event()
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._sending: asyncio.Task[None] | None = None

    def put(self, item: Item) -> None:
        """Queue an item; never raises."""
        self._items.append(item)
        self._is_empty.clear()
        self._has_items.set()

    def start(self) -> None:
        """Begin to send; items that were put before are sent, too."""
        self._sending = asyncio.create_task(self._run(), name="outbox")

    async def aclose(self) -> None:
        """Send what is left, for two seconds at most, and stop."""
        if self._sending is None:
            return
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT):
                    await self._is_empty.wait()
        finally:
            await aio.cancel_and_wait(self._sending)

    async def _run(self) -> None:
        while True:
            await self._has_items.wait()
            while self._items:
                await self._try_to_send(self._items.popleft())
            self._has_items.clear()
            self._is_empty.set()

    async def _try_to_send(self, item: Item) -> None:
        try:
            await self._send(item)
        except Exception as error:  # noqa: BLE001 - whatever it is, the conversation goes on
            logger.warning("something could not be sent into the room", extra={"error": type(error).__name__})
