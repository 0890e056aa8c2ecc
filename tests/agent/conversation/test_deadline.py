from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from agent.conversation.deadline import in_time

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

LONG, SHORT = 10.0, 0.02


class Stream:
    """Items, each after so many seconds; it knows whether it was closed."""

    def __init__(self, *delays: float) -> None:
        self._delays = delays
        self.is_closed = False

    async def items(self) -> AsyncGenerator[int, None]:
        try:
            for number, delay in enumerate(self._delays):
                await asyncio.sleep(delay)
                yield number
        finally:
            self.is_closed = True


async def test_a_consumer_may_take_its_time() -> None:
    """Only what the stream takes counts."""
    taken = []
    async for item in in_time(Stream(0, 0, 0).items(), first=SHORT, gap=SHORT):
        taken.append(item)
        await asyncio.sleep(2 * SHORT)

    assert taken == [0, 1, 2]


@pytest.mark.parametrize(
    ("delays", "first", "gap", "taken"), [((LONG,), SHORT, LONG, []), ((0, 0, LONG), LONG, SHORT, [0, 1])]
)
async def test_what_does_not_come_in_time_is_an_error(
    delays: tuple[float, ...], first: float, gap: float, taken: list[int]
) -> None:
    """The first item and each later one have limits of their own; what hangs is closed."""
    stream = Stream(*delays)
    items = in_time(stream.items(), first=first, gap=gap)
    came = [await anext(items) for _ in taken]
    with pytest.raises(TimeoutError):
        await anext(items)

    assert came == taken
    assert stream.is_closed


async def test_a_consumer_who_leaves_closes_the_stream() -> None:
    """Nothing goes on behind the back of who has enough."""
    stream = Stream(0, 0, 0)
    async with aclosing(in_time(stream.items(), first=LONG, gap=LONG)) as items:
        assert await anext(items) == 0

    assert stream.is_closed
