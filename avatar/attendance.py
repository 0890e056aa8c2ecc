"""Whether the avatar is in the room: the service does not tell when it is not."""

import asyncio
from collections.abc import Callable

from livekit import rtc

from avatar.track_watch import TrackWatch

_JOINS_WITHIN = 15.0
# Seconds from the start of a session to its participant; 1 to 3 have been seen.


class Attendance:
    """Watches the avatar's participant.

    Args:
        room: Where the avatar is to be.
        is_speaking: Whether it says that it speaks, now.
    """

    def __init__(self, room: rtc.Room, is_speaking: Callable[[], bool]) -> None:
        self._room = room
        self._track = TrackWatch(room, is_speaking)
        # What is only like a room need not show who is in it.
        self._is_room = isinstance(room, rtc.Room)

    async def watch_sound(self, identity: str, on_missed: Callable[[float], None]) -> None:
        """Tell since when nothing is heard of a participant who says that it speaks; once, then return."""
        if self._is_room:
            await self._track.watch(identity, on_missed)

    async def watch(self, identity: str, on_absent: Callable[[str], None]) -> None:
        """Tell when this participant has not come in time, or has left; once, then return."""
        if not self._is_room:
            return
        loop = asyncio.get_running_loop()
        came: asyncio.Future[None] = loop.create_future()
        left: asyncio.Future[None] = loop.create_future()

        def on_connected(participant: rtc.RemoteParticipant) -> None:
            if participant.identity == identity and not came.done():
                came.set_result(None)

        def on_disconnected(participant: rtc.RemoteParticipant) -> None:
            # While it is the agent who is away, all others seem to leave.
            is_here = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
            if participant.identity == identity and is_here and not left.done():
                left.set_result(None)

        def on_reconnected() -> None:
            if came.done() and identity not in self._room.remote_participants and not left.done():
                left.set_result(None)

        self._room.on("participant_connected", on_connected)
        self._room.on("participant_disconnected", on_disconnected)
        self._room.on("reconnected", on_reconnected)
        try:
            for participant in self._room.remote_participants.values():
                on_connected(participant)
            async with asyncio.timeout(_JOINS_WITHIN):
                await came
            await left
            on_absent("the avatar has left the room")
        except TimeoutError:
            on_absent("the avatar did not come into the room")
        finally:
            self._room.off("participant_connected", on_connected)
            self._room.off("participant_disconnected", on_disconnected)
            self._room.off("reconnected", on_reconnected)
