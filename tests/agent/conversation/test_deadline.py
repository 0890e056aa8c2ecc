from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from agent.conversation.deadline import in_time, or_silence

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

# Time is virtual here, so that a busy machine makes nothing late.
pytestmark = pytest.mark.looptime

LONG, SHORT = 10.0, 0.02


class Stream:
    """Items that come after so many seconds each; it records whether it was closed."""

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


async def test_a_slow_consumer_does_not_time_out() -> None:
    """Only the time that the stream takes counts."""
    taken = []
    async for item in in_time(Stream(0, 0, 0).items(), first=SHORT, gap=SHORT):
        taken.append(item)
        await asyncio.sleep(2 * SHORT)

    assert taken == [0, 1, 2]


@pytest.mark.parametrize(
    ("delays", "first", "gap", "taken"), [((LONG,), SHORT, LONG, []), ((0, 0, LONG), LONG, SHORT, [0, 1])]
)
async def test_an_item_that_is_late_is_an_error(
    delays: tuple[float, ...], first: float, gap: float, taken: list[int]
) -> None:
    """The first item and the later ones have separate limits; the stream is closed."""
    stream = Stream(*delays)
    items = in_time(stream.items(), first=first, gap=gap)
    came = [await anext(items) for _ in taken]
    with pytest.raises(TimeoutError):
        await anext(items)

    assert came == taken
    assert stream.is_closed


async def test_a_consumer_who_leaves_closes_the_stream() -> None:
    """The stream does not go on without a consumer."""
    stream = Stream(0, 0, 0)
    async with aclosing(in_time(stream.items(), first=LONG, gap=LONG)) as items:
        assert await anext(items) == 0

    assert stream.is_closed


async def test_silence_is_reported_until_an_item_comes() -> None:
    """It is reported each time it has lasted that long, and not between items that come in time."""
    stream = Stream(0, 5 * SHORT, 0)
    items = [item async for item in or_silence(stream.items(), after=SHORT)]

    assert [item for item in items if item is not None] == [0, 1, 2]
    assert items[0] == 0
    assert items[1] is None
    assert items[-2:] == [1, 2]
    assert stream.is_closed


async def test_an_error_follows_the_items() -> None:
    """The error after the items is the stream's own."""

    async def broken() -> AsyncGenerator[int, None]:
        yield 1
        raise KeyError

    items = or_silence(broken(), after=LONG)
    assert await anext(items) == 1
    with pytest.raises(KeyError):
        await anext(items)


async def test_a_consumer_who_leaves_in_a_silence_closes_the_stream() -> None:
    """This also holds while the next item is being waited for."""
    stream = Stream(LONG)
    async with aclosing(or_silence(stream.items(), after=SHORT)) as items:
        assert await anext(items) is None

    assert stream.is_closed
