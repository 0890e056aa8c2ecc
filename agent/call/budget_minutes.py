"""Applies MINUTES_PER_CALL to the call: the minutes that earlier jobs in its room have used are not given again.

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
    """Return how many minutes of the avatar a call has left; None if they are not limited.

    Only a room that the page has named is one call's. In others, such as a room for a weekly meeting, each job begins
    a new call.

    Args:
        settings: Contain the limit.
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
        logger.warning("the call's earlier use of the avatar is not known", extra={"reason": str(error)})
        return settings.minutes_per_call
    return max(0.0, settings.minutes_per_call - used / 60.0)
