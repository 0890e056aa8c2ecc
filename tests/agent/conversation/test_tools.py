"""The tools of the default persona."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from livekit.agents import ToolError

from agent.conversation.tools import get_time


@pytest.mark.parametrize("city", ["Tokyo", "new york", " Paris ", "San Francisco", "Boston"])
async def test_get_time_knows_the_large_cities(city: str) -> None:
    """The answer is a sentence about that city, with the date and the time in digits."""
    answer = await get_time(city)

    assert re.fullmatch(rf"In {city.strip().title()} it is \d{{4}}-\d\d-\d\d \d\d:\d\d\.", answer)


async def test_get_time_tells_the_time_there() -> None:
    """By the time zone of the city, to the minute."""
    before = datetime.now(UTC)
    answer = await get_time("Kathmandu")
    after = datetime.now(UTC)

    there = {f"{moment.astimezone(ZoneInfo('Asia/Kathmandu')):%Y-%m-%d %H:%M}" for moment in (before, after)}
    assert any(moment in answer for moment in there)


async def test_get_time_says_what_it_does_not_know() -> None:
    """A city without a clock is an error that the language model can tell."""
    with pytest.raises(ToolError, match="Atlantis"):
        await get_time("Atlantis")


async def test_get_time_bounds_what_it_is_given() -> None:
    """A name without end comes back short."""
    with pytest.raises(ToolError) as error:
        await get_time("a" * 100_000)

    assert len(error.value.message) < 200
