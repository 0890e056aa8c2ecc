"""Measures what a call uses, as far as the agent can tell."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from agent.call.account import Account
from agent.control.events import UsageEvent
from agent.settings import Settings

# Seconds from one report to the next.
_EVERY = 5.0


class Avatar(Protocol):
    """An avatar that counts its sessions; `avatar.AvatarSession` is one."""

    @property
    def seconds_used(self) -> float:
        """Seconds of paid sessions."""

    @property
    def sessions_used(self) -> int:
        """Number of sessions that were made."""


class Usage:
    """The seconds of a call and of its avatar. The credits are an estimate: the service counts them.

    Args:
        settings: Say whether the avatar costs credits.
        account: Knows the balance, if the call has asked for it.

    Attributes:
        avatar: The call's, once it has one.
    """

    def __init__(self, settings: Settings, account: Account) -> None:
        self._is_free = settings.liveavatar_sandbox
        self._account = account
        self._started_at = time.monotonic()
        self.avatar: Avatar | None = None

    def now(self) -> UsageEvent:
        """Return what was used so far."""
        seconds = 0.0 if self.avatar is None else self.avatar.seconds_used
        return UsageEvent(
            call_seconds=round(time.monotonic() - self._started_at, 1),
            avatar_seconds=round(seconds, 1),
            avatar_sessions=0 if self.avatar is None else self.avatar.sessions_used,
            credits_about=0.0 if self._is_free else round(seconds / 60, 2),
            credits_left=self._account.credits_left,
        )

    async def report(self, tell: Callable[[UsageEvent], None]) -> None:
        """Report what was used every five seconds, until cancelled."""
        while True:
            tell(self.now())
            await asyncio.sleep(_EVERY)
