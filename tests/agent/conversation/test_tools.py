"""The tools of the default persona."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from livekit.agents import ToolError

from agent.conversation.tools import get_time, spoken_time


@pytest.mark.parametrize(
    ("utc", "spoken"),
    [
        ((0, 0), "nine in the morning"),
        ((3, 0), "twelve in the afternoon"),
        ((6, 5), "three oh five in the afternoon"),
        ((9, 12), "six twelve in the evening"),
        ((11, 40), "eight forty in the evening"),
        ((14, 59), "eleven fifty nine in the night"),
        ((15, 21), "twelve twenty one in the night"),
    ],
)
def test_the_time_is_told_as_one_says_it(utc: tuple[int, int], spoken: str) -> None:
    """Words instead of digits: it is heard, not read."""
    now = datetime(2026, 1, 1, *utc, tzinfo=UTC)

    assert spoken_time(now, ZoneInfo("Asia/Tokyo")) == spoken


@pytest.mark.parametrize("city", ["Tokyo", "new york", " Paris ", "San Francisco", "Boston"])
async def test_get_time_knows_the_large_cities(city: str) -> None:
    """The answer is a sentence about that city."""
    answer = await get_time(city)

    assert answer.startswith(f"In {city.strip().title()} it is ")


async def test_get_time_says_what_it_does_not_know() -> None:
    """A city without a clock is an error that the language model can tell."""
    with pytest.raises(ToolError, match="Atlantis"):
        await get_time("Atlantis")


async def test_get_time_bounds_what_it_is_given() -> None:
    """A name without end comes back short."""
    with pytest.raises(ToolError) as error:
        await get_time("a" * 100_000)

    assert len(error.value.message) < 200
