"""Binds MINUTES_PER_CALL to the call: what earlier jobs in its room have used is not given again.

A call has a new job when its caller joins again with the same token after its end, or when its job was killed.
"""

import asyncio
import logging

from agent.rooms.own import is_web_room
from agent.settings import Settings
from avatar import AvatarError
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")


async def minutes_left(settings: Settings, journal: Journal, room: str) -> float | None:
    """Return the minutes of the avatar that are left of a call; None if they are not limited.

    Only a room that the page has named is one call's. In others, such as a room for a weekly meeting, each job begins
    a new call.

    Args:
        settings: With the limit.
        journal: Knows what was used on this machine, or in the fleet.
        room: Name of the call's room.
    """
    if not settings.minutes_per_call:
        return None
    if not is_web_room(room):
        return settings.minutes_per_call
    try:
        used = await asyncio.to_thread(journal.seconds_used, 0.0, room=room)
    except AvatarError as error:
        logger.warning("what the call has used before is not known", extra={"reason": str(error)})
        return settings.minutes_per_call
    return max(0.0, settings.minutes_per_call - used / 60.0)
