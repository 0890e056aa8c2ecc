"""Whether the avatar's sound arrives while it should be speaking: its track may be there, and nothing come of it."""

import asyncio
from collections.abc import Callable

from livekit import rtc

_LOOK_EVERY = 0.5
_MISSED_AFTER = 3.0
# Seconds without a packet while the avatar should be speaking; networks stall for one or two.


class TrackWatch:
    """Counts the packets of the avatar's audio track, where the room is subscribed to it.

    Args:
        room: Where the avatar is heard.
        is_speaking: Whether it should be, now.
    """

    def __init__(self, room: rtc.Room, is_speaking: Callable[[], bool]) -> None:
        self._room = room
        self._is_speaking = is_speaking

    async def watch(self, identity: str, on_missed: Callable[[float], None]) -> None:
        """Tell since when nothing has arrived of what this participant says, the event loop's time; then return."""
        now = asyncio.get_running_loop().time
        known, since = -1, now()
        while now() - since < _MISSED_AFTER:
            packets = await self._packets(identity) if self._is_speaking() else None
            if packets is None or packets != known:
                known, since = -1 if packets is None else packets, now()
            await asyncio.sleep(_LOOK_EVERY)
        on_missed(since)

    async def _packets(self, identity: str) -> int | None:
        """Packets of its sound that have arrived; None if it is not subscribed to."""
        avatar = self._room.remote_participants.get(identity)
        tracks = [publication.track for publication in avatar.track_publications.values()] if avatar else []
        sound = next((track for track in tracks if isinstance(track, rtc.RemoteAudioTrack)), None)
        if sound is None:
            return None
        received = [stat.inbound_rtp.received.packets_received for stat in await sound.get_stats()]
        return sum(received)
