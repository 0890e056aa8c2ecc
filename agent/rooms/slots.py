"""Counts the account's slots before LiveKit assigns a job."""

import asyncio

from agent.settings import Settings
from avatar import AvatarError
from avatar.sessions.port import Journal


class AccountSlots:
    """The slots of the account, for the admission of calls.

    With NO_SLOT=refuse a job is accepted only if its call gets a slot. Otherwise calls are accepted without one.

    Args:
        settings: Contain the number of slots; 0 if it is unknown.
        journal: Journal of the sessions that use them.
    """

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._slots = settings.avatar_slots if settings.no_slot == "refuse" else 0
        self._api_url = settings.avatar_service_url
        self._journal = journal

    def load(self) -> float:
        """Return the used share of the slots, from 0.0 to 1.0; 0.0 if it is unknown. It blocks for a moment."""
        if not self._slots:
            return 0.0
        try:
            return min(1.0, self._journal.slots_used(self._api_url) / self._slots)
        except AvatarError:
            return 0.0  # the sweeper logs it

    async def take(self, room: str) -> bool:
        """Hold a slot for the call in a room; return False if there is none."""
        if not self._slots:
            return True
        try:
            return await asyncio.to_thread(self._journal.take_slot, self._api_url, room, self._slots)
        except AvatarError:
            return True
