"""Watches whether the account has a slot and credits for another avatar."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from livekit.agents.utils import aio

from agent.call.account import Account
from agent.metrics.catalogue import CREDITS_LEFT, SLOTS
from agent.settings import Settings
from avatar.sessions.port import Journal

# Seconds between two counts of the slots, which read the journal, and between two reads of the balance, which are
# requests to LiveAvatar.
_COUNTS_EVERY = 5.0
_LOOKS_EVERY = 300.0


class AccountWatch:
    """Reads the account's state regularly, so that a probe need not wait for it.

    Args:
        settings: Contains the limits; without AVATAR_SLOTS the slots are unknown.
        account: Reads balance and slots.
    """

    def __init__(self, settings: Settings, account: Account) -> None:
        self._settings = settings
        self._account = account

    @classmethod
    def of(cls, settings: Settings, journal: Journal) -> "AccountWatch":
        """Watch the account of these settings."""
        return cls(settings, Account(settings, journal))

    @property
    def problem(self) -> str:
        """For an operator, why no other avatar can start; empty if one can, or if that is unknown."""
        if self._account.is_key_refused:
            return "LiveAvatar refuses LIVEAVATAR_API_KEY"
        left, slots = self._account.credits_left, self._settings.avatar_slots
        is_free = self._settings.liveavatar_sandbox
        if left is not None and not is_free and (left <= 0.0 or left < self._settings.lowest_credits):
            return f"LiveAvatar's account has {left:g} credits left; calls are by voice"
        if slots and self._account.slots >= slots:
            return f"all {slots} slots of LiveAvatar's account are used"
        return ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the account while the body runs."""
        SLOTS.set(self._settings.avatar_slots)
        tasks = [
            asyncio.create_task(self._count_slots(), name="slots"),
            asyncio.create_task(self._look_at_credits(), name="credits"),
        ]
        try:
            yield
        finally:
            await aio.cancel_and_wait(*tasks)

    async def _count_slots(self) -> None:
        while self._settings.avatar_slots:
            await self._account.read_slots()
            await asyncio.sleep(_COUNTS_EVERY)

    async def _look_at_credits(self) -> None:
        while True:
            await self._account.read_credits()
            if self._account.credits_left is not None:
                CREDITS_LEFT.labels("liveavatar").set(self._account.credits_left)
            await asyncio.sleep(_LOOKS_EVERY)
