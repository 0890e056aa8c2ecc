"""A stream whose items have to come in time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

Item = TypeVar("Item")


async def in_time(items: AsyncGenerator[Item, None], *, first: float, gap: float) -> AsyncGenerator[Item, None]:
    """Give the items as they come; what the consumer takes between two of them does not count.

    Args:
        items: What is closed at the end; where it hangs it is cancelled, so that it can clean up.
        first: Seconds until the first item.
        gap: Seconds from one item to the next, or to the end.

    Raises:
        TimeoutError: An item did not come in time.
    """
    seconds = first
    try:
        while True:
            try:
                async with asyncio.timeout(seconds):
                    item = await anext(items)
            except StopAsyncIteration:
                return
            yield item
            seconds = gap
    finally:
        await items.aclose()
