"""Whether the avatar is heard while it should be speaking: its track may be there, and carry nothing."""

import asyncio
from collections.abc import Callable

from livekit import rtc

_LOOK_EVERY = 0.5
_MISSED_AFTER = 3.0
# Seconds of silence while the avatar should be speaking; voices pause for one or two, and networks stall as long.

_SOUND = 1e-4
# Energy by which a look tells sound from coded silence, as WebRTC's statistics add it up: speech adds some 0.05 each.


class TrackWatch:
    """Follows the energy of the avatar's audio track, where the room is subscribed to it.

    A track that has frozen goes on to send packets: silence is what is left to see. One of which nothing was ever heard
    is left alone: it may be that the statistics do not tell.

    Args:
        room: Where the avatar is heard.
        is_speaking: Whether it should be, now.
    """

    def __init__(self, room: rtc.Room, is_speaking: Callable[[], bool]) -> None:
        self._room = room
        self._is_speaking = is_speaking

    async def watch(self, identity: str, on_missed: Callable[[float], None]) -> None:
        """Tell since when this participant is silent and should not be, the event loop's time; then return."""
        now = asyncio.get_running_loop().time
        known, since = 0.0, now()
        while now() - since < _MISSED_AFTER:
            energy = await self._energy(identity) if self._is_speaking() else None
            if not energy or energy > known + _SOUND:
                known, since = energy or 0.0, now()
            await asyncio.sleep(_LOOK_EVERY)
        on_missed(since)

    async def _energy(self, identity: str) -> float | None:
        """Of all its sound that has arrived; None if it is not subscribed to."""
        avatar = self._room.remote_participants.get(identity)
        tracks = [publication.track for publication in avatar.track_publications.values()] if avatar else []
        sound = next((track for track in tracks if isinstance(track, rtc.RemoteAudioTrack)), None)
        if sound is None:
            return None
        return sum(stat.inbound_rtp.inbound.total_audio_energy for stat in await sound.get_stats())
