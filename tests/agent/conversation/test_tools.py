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
    """The time is that of the city's time zone, to the minute."""
    before = datetime.now(UTC)
    answer = await get_time("Kathmandu")
    after = datetime.now(UTC)

    there = {f"{moment.astimezone(ZoneInfo('Asia/Kathmandu')):%Y-%m-%d %H:%M}" for moment in (before, after)}
    assert any(moment in answer for moment in there)


async def test_get_time_refuses_an_unknown_city() -> None:
    """The language model reads the error, and can explain it."""
    with pytest.raises(ToolError, match="Atlantis"):
        await get_time("Atlantis")


async def test_get_time_limits_the_length_of_a_name() -> None:
    """A name without end comes back short."""
    with pytest.raises(ToolError) as error:
        await get_time("a" * 100_000)

    assert len(error.value.message) < 200
