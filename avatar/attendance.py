"""Whether the avatar is in the room: the service does not tell when it is not."""

import asyncio
from collections.abc import Callable

from livekit import rtc

from avatar.track_watch import TrackWatch

_JOINS_WITHIN = 15.0
# Seconds from the start of a session to its participant; 1 to 3 have been seen.

_CLOSES_WITHIN = 0.3
# Seconds from the first who is told that a room is closed to the last.


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

    async def room_goes_on(self) -> None:
        """Wait until it is sure that the room is there. In one that is closed everything is lost, the agent last.

        Another avatar would open it again, and be alone in it.
        """
        if not self._is_room:
            return
        await asyncio.sleep(_CLOSES_WITHIN)
        if self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            is_back = asyncio.Event()

            def look(_: object) -> None:
                if self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED:
                    is_back.set()

            self._room.on("connection_state_changed", look)
            try:
                await is_back.wait()
            finally:
                self._room.off("connection_state_changed", look)

    async def watch(self, identity: str, on_absent: Callable[[str], None]) -> None:
        """Tell when this participant has not come in time, or has left; once, then return."""
        if not self._is_room:
            return
        stay = _Stay(self._room, identity)
        try:
            async with asyncio.timeout(_JOINS_WITHIN):
                await stay.came.wait()
            await stay.left.wait()
            on_absent("the avatar has left the room")
        except TimeoutError:
            on_absent("the avatar did not come into the room")
        finally:
            stay.close()


class _Stay:
    """A participant's, from the moment it comes until it leaves."""

    def __init__(self, room: rtc.Room, identity: str) -> None:
        self.came = asyncio.Event()
        self.left = asyncio.Event()
        self._room = room
        self._identity = identity
        # Neither who is there when the agent joins, nor who left while it was away, is told one by one.
        room.on("connection_state_changed", self._greet)
        room.on("participant_connected", self._greet)
        room.on("participant_disconnected", self._on_disconnected)
        room.on("reconnected", self._look)
        self._greet()

    def close(self) -> None:
        """Look no more."""
        self._room.off("connection_state_changed", self._greet)
        self._room.off("participant_connected", self._greet)
        self._room.off("participant_disconnected", self._on_disconnected)
        self._room.off("reconnected", self._look)

    def _greet(self, *_: object) -> None:
        if self._identity in self._room.remote_participants:
            self.came.set()

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._identity:
            self._look()

    def _look(self) -> None:
        is_gone = self._identity not in self._room.remote_participants
        # While it is the agent who is away, all others seem to leave.
        is_here = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
        if self.came.is_set() and is_gone and is_here:
            self.left.set()
