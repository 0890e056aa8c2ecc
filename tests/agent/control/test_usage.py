from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.call.account import Account
from agent.control.usage import Usage
from agent.settings import Settings

if TYPE_CHECKING:
    from agent.control.events import UsageEvent


@dataclass
class Avatar:
    """An avatar that was used."""

    seconds_used: float = 90.0
    sessions_used: int = 2


def usage(*, is_free: bool = False) -> Usage:
    """Make the usage of a call whose account is never queried."""
    settings = Settings(liveavatar_sandbox=is_free)
    return Usage(settings, Account(settings, None))


def test_a_minute_of_the_avatar_is_about_a_credit() -> None:
    """A sandbox session is free, and the balance is unknown until the call has requested it."""
    paid, free = usage(), usage(is_free=True)
    paid.avatar = free.avatar = Avatar()

    assert (paid.now().avatar_seconds, paid.now().avatar_sessions, paid.now().credits_about) == (90.0, 2, 1.5)
    assert free.now().credits_about == 0.0
    assert paid.now().credits_left is None


def test_a_call_without_an_avatar_uses_none() -> None:
    """A call without an avatar reports the seconds of its own length."""
    told = usage().now()

    assert (told.avatar_seconds, told.avatar_sessions, told.credits_about) == (0.0, 0, 0.0)
    assert told.call_seconds >= 0.0


async def test_usage_is_reported_at_once() -> None:
    """The first report does not wait for the interval between reports."""
    told: list[UsageEvent] = []
    reporting = asyncio.create_task(usage().report(told.append))
    await asyncio.sleep(0.01)
    reporting.cancel()
    await asyncio.gather(reporting, return_exceptions=True)

    assert len(told) == 1
