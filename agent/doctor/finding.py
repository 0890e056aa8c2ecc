"""The result of one check."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
from livekit.agents import APIError

from avatar import AvatarError

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: Name of the check.
        good: Whether a call can be made with it.
        text: The observation, or what to do.
    """

    what: str
    good: bool
    text: str


class CheckError(Exception):
    """A check failed; the message says what to do."""


Check = Callable[[], Awaitable[str]]


async def find(what: str, check: Check, *, within: float = TIMEOUT_S) -> Finding:
    """Run a check, and turn its result or its failure into a finding.

    Args:
        what: Name of the check.
        check: Returns the observation.
        within: Seconds that the check may take.
    """
    try:
        async with asyncio.timeout(within):
            return Finding(what, good=True, text=await check())
    except (CheckError, AvatarError) as error:
        return Finding(what, good=False, text=str(error))
    except TimeoutError:
        return Finding(what, good=False, text=f"no answer within {within:.0f} s: is the network open?")
    except (aiohttp.ClientError, OSError, APIError) as error:
        return Finding(what, good=False, text=f"not reachable: {type(error).__name__}")


def need(name: str, value: str) -> None:
    """Make sure that a setting is set.

    Raises:
        CheckError: It is not set.
    """
    if not value:
        message = f"{name} is missing"
        raise CheckError(message)
