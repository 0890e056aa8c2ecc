"""The sweep, which stops the sessions that killed processes left running."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from avatar.api import LiveAvatarAPI
from avatar.errors import AvatarError
from avatar.sessions.port import Claim, Journal, JournalEntry, LeftRoom

logger = logging.getLogger("avatar")

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Swept:
    """The result of one sweep.

    Attributes:
        stopped: Session ids.
        failed: Session ids that a later sweep tries again.
    """

    stopped: list[str]
    failed: list[str]


async def sweep(journal: Journal, api: LiveAvatarAPI, on_left: Callable[[LeftRoom], None] | None = None) -> Swept:
    """Stop every session of `api`'s service whose owner is dead, and none that a living process uses.

    Any number of processes may sweep at once. A session that could not be stopped is left to a later sweep.

    Args:
        journal: Where the sessions are noted.
        api: Should have the same journal, in which it marks sessions as stopped.
        on_left: Called with each room whose agent has died: at once if the journal knows the agent, otherwise when the
            agent's session in the room was stopped. None leaves rooms to other sweeps.

    Raises:
        JournalError: The journal can't be used.
    """
    tell = on_left or (lambda _: None)
    claim = await asyncio.to_thread(_claim, journal, api.url, with_rooms=on_left is not None)
    if claim is None:
        return Swept([], [])
    try:
        for left in claim.rooms or ():
            tell(left)
        slots = asyncio.Semaphore(_AT_ONCE)
        outcomes = await asyncio.gather(*(_stop(api, entry, slots) for entry in claim.entries))
    finally:
        await asyncio.to_thread(journal.release, claim)
    swept = list(zip(claim.entries, outcomes, strict=True))
    if claim.rooms is None:
        for room in {entry.room for entry, stopped in swept if stopped and entry.room}:
            tell(LeftRoom(room))
    return Swept(
        stopped=[entry.session_id for entry, stopped in swept if stopped],
        failed=[entry.session_id for entry, stopped in swept if not stopped],
    )


def _claim(journal: Journal, api_url: str, *, with_rooms: bool) -> Claim | None:
    """Claim sessions and rooms. An empty claim is released in the same thread call: nearly all claims are empty."""
    claim = journal.claim(api_url, with_rooms=with_rooms)
    if claim.entries or claim.rooms:
        return claim
    journal.release(claim)
    return None


async def _stop(api: LiveAvatarAPI, entry: JournalEntry, slots: asyncio.Semaphore) -> bool:
    extra = {"session_id": entry.session_id, "room": entry.room, "seconds": round(time.time() - entry.made_at)}
    try:
        async with slots:
            await api.stop(entry.session_id)
    except AvatarError as error:
        logger.warning("an avatar session was left running and could not be stopped yet: %s", error, extra=extra)
        return False
    logger.warning("stopped an avatar session that was left running", extra=extra)
    return True
