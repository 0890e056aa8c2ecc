"""A check gives a finding, whatever becomes of it."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from agent.doctor.finding import CheckError, Finding, find, need
from avatar.errors import ConnectionLost


def failing(error: Exception) -> Callable[[], Awaitable[str]]:
    """A check that can't be made."""

    async def check() -> str:
        raise error

    return check


async def test_what_was_seen_is_the_finding() -> None:
    """A check that could be made is good."""

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
async def test_what_is_in_the_way_is_the_finding(error: Exception, text: str) -> None:
    """In words that a person can use."""
    assert await find("key", failing(error)) == Finding("key", good=False, text=text)


async def test_a_check_that_does_not_end_is_given_up() -> None:
    """The others are reported all the same."""

    async def check() -> str:
        await asyncio.sleep(60)
        return ""

    assert (await find("key", check, within=0.01)).text == "no answer within 0 s: is the network open?"


def test_a_missing_setting_is_named() -> None:
    """By its variable."""
    need("OPENAI_API_KEY", "a-key")
    with pytest.raises(CheckError, match="OPENAI_API_KEY is missing"):
        need("OPENAI_API_KEY", "")
