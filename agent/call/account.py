"""What the avatar has used today, and the balance of the account."""

import asyncio
import logging
import time as clock
from collections.abc import Callable
from datetime import datetime, time

from agent.sessions.sweeper import avatar_service
from agent.settings import Settings
from avatar import AuthError, AvatarError
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")


class Account:
    """The use of an account, read from the journal and the service. After a failed read a value stays unchanged.

    Args:
        settings: Contain the service's address and key.
        journal: Of this machine or of the fleet; without one, `seconds_today` and `slots` stay 0.
        now: Returns Unix time.
        room: Name of the call's room; empty if it is not known yet.

    Attributes:
        seconds_today: Seconds of sessions of that service since local midnight, as far as the journal knows.
        slots: Slots that sessions of that service use, without the one of this call.
        credits_left: The balance; None as long as it is not known.
        is_key_refused: True if the service refused the key when last asked for the balance.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal | None,
        now: Callable[[], float] = clock.time,
        *,
        room: str = "",
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._now = now
        self._room = room
        self.slots = 0
        self.seconds_today = 0.0
        self.credits_left: float | None = None
        self.is_key_refused = False

    async def read_day(self) -> None:
        """Read how much was used today."""
        if self._journal is None:
            return
        try:
            self.seconds_today = await asyncio.to_thread(
                self._journal.seconds_used, _midnight(self._now()), api_url=self._settings.avatar_service_url
            )
        except AvatarError as error:
            logger.warning("what the avatar has used today is not known", extra={"reason": str(error)})

    async def read_slots(self) -> None:
        """Read how many slots other calls use."""
        if self._journal is None:
            return
        try:
            self.slots = await asyncio.to_thread(
                self._journal.slots_used, self._settings.avatar_service_url, beside=self._room
            )
        except AvatarError as error:
            logger.warning("how many slots are used is not known", extra={"reason": str(error)})

    async def take_slot(self, slots: int) -> bool:
        """Hold one of so many slots for the call; return whether it has one, True too if the use is not known.

        If the call's room is not known yet, only check whether a slot is free.
        """
        if self._journal is None:
            return True
        url = self._settings.avatar_service_url
        try:
            if self._room:
                return await asyncio.to_thread(self._journal.take_slot, url, self._room, slots)
            return await asyncio.to_thread(self._journal.slots_used, url) < slots
        except AvatarError as error:
            logger.warning("how many slots are used is not known", extra={"reason": str(error)})
            return True

    async def read_credits(self) -> None:
        """Ask the service for the balance."""
        try:
            async with avatar_service(self._settings) as service:
                self.credits_left = await service.credits_left()
            self.is_key_refused = False
        except (AvatarError, ValueError) as error:
            self.is_key_refused = isinstance(error, AuthError)
            logger.warning("the account's balance is not known", extra={"reason": str(error)})


def _midnight(now: float) -> float:
    """Return the Unix time at which the local day began; a day need not be 24 hours long."""
    today = datetime.fromtimestamp(now).astimezone().date()
    return datetime.combine(today, time.min).astimezone().timestamp()
