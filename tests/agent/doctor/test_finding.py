"""A check gives a finding, whether it succeeds, fails or hangs."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from agent.doctor.finding import CheckError, Finding, find, need
from avatar.errors import ConnectionLost


def failing(error: Exception) -> Callable[[], Awaitable[str]]:
    """Make a check that fails."""

    async def check() -> str:
        raise error

    return check


async def test_the_result_of_a_check_is_its_finding() -> None:
    """A check that returns is good."""

    async def check() -> str:
        return "accepted"

    assert await find("key", check) == Finding("key", good=True, text="accepted")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CheckError("make a new one"), "make a new one"),
        (ConnectionLost("is it reachable?"), "is it reachable?"),
        (aiohttp.ClientConnectionError("details"), "not reachable: ClientConnectionError"),
        (OSError("details"), "not reachable: OSError"),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_the_error_of_a_check_is_its_finding(error: Exception, text: str) -> None:
    """The finding has words that a person can use."""
    assert await find("key", failing(error)) == Finding("key", good=False, text=text)


async def test_a_check_that_does_not_end_is_given_up() -> None:
    """The other checks are still reported."""

    async def check() -> str:
        await asyncio.sleep(60)
        return ""

    assert (await find("key", check, within=0.01)).text == "no answer within 0 s: is the network open?"


def test_a_missing_setting_is_named() -> None:
    """The finding names the variable."""
    need("OPENAI_API_KEY", "a-key")
    with pytest.raises(CheckError, match="OPENAI_API_KEY is missing"):
        need("OPENAI_API_KEY", "")
