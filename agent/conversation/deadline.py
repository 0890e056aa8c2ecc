"""Streams whose items have to come in time."""

import asyncio
from collections.abc import AsyncGenerator
from typing import TypeVar

from livekit.agents.utils import aio

Item = TypeVar("Item")


async def in_time(items: AsyncGenerator[Item, None], *, first: float, gap: float) -> AsyncGenerator[Item, None]:
    """Pass items on as they come; the time that the consumer takes between two of them does not count.

    Args:
        items: The stream. It is closed at the end; if it hangs, it is cancelled, so that it can clean up.
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


async def or_silence(items: AsyncGenerator[Item, None], *, after: float) -> AsyncGenerator[Item | None, None]:
    """Pass items on as they come, and None whenever the next one takes longer than `after` seconds.

    Args:
        items: The stream, which is read in one task of its own and closed at the end.
        after: Seconds.
    """
    coming = asyncio.Queue[tuple[Item] | None]()

    async def read() -> None:
        try:
            async for item in items:
                coming.put_nowait((item,))
        finally:
            coming.put_nowait(None)
            await items.aclose()

    reading = asyncio.create_task(read(), name="or_silence")
    try:
        while True:
            try:
                async with asyncio.timeout(after):
                    came = await coming.get()
            except TimeoutError:
                yield None
                continue
            if came is None:
                break
            yield came[0]
        await reading
    finally:
        await aio.cancel_and_wait(reading)
