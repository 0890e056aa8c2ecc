"""What happens in the room: which avatars are there and heard, and who hears them."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from livekit import api, rtc

from avatar.core import MuteAvatar
from avatar.core.sound_monitor import SoundMonitor
from avatar.link.driver import Driver
from avatar.link.tasks import Tasks

logger = logging.getLogger("avatar")

_LISTEN_EVERY_S = 0.5
_STATS_TIMEOUT_S = 2.0
_SERVER_TIMEOUT_S = 3.0


class RoomWatch:
    """Reports to the machine which participants are in the room, and whether the avatar's sound arrives.

    For that it subscribes to the avatars' sound, whatever the room subscribes to by itself, and never to their picture:
    decoding 25 pictures a second would be the largest cost of a call.

    Args:
        driver: Of the machine.
        room: Connected, or about to be.
    """

    def __init__(self, driver: Driver, room: rtc.Room) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._room = room
        self._known: set[str] = set()
        self._tasks = Tasks()

    def start(self) -> None:
        """Begin to watch."""
        self._room.on("connection_state_changed", self._look)
        self._room.on("reconnected", self._look)
        self._room.on("participant_connected", self._look)
        self._room.on("participant_disconnected", self._look)
        self._room.on("track_published", self._choose)
        self._tasks.start(self._listen(), "avatar_sound", lambda _: None)
        self._look()

    async def aclose(self, limit: float) -> None:
        """Watch no more; takes `limit` seconds at most."""
        self._room.off("connection_state_changed", self._look)
        self._room.off("reconnected", self._look)
        self._room.off("participant_connected", self._look)
        self._room.off("participant_disconnected", self._look)
        self._room.off("track_published", self._choose)
        await self._tasks.aclose(limit)

    def _look(self, *_: object) -> None:
        """Report what has changed. No event reports participants who came or left while the agent was away."""
        is_there = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
        present = set(self._room.remote_participants) if is_there else self._known
        with self._driver.step() as now:
            for identity in present - self._known:
                self._machine.avatar_joined(identity, now)
            self._machine.room_changed(now, is_there=is_there)
            for identity in self._known - present:
                self._machine.avatar_left(identity, now)
        self._known = present
        for participant in self._room.remote_participants.values():
            for publication in participant.track_publications.values():
                self._choose(publication, participant)

    def _choose(self, publication: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant) -> None:
        """Subscribe to a track of an avatar if it is sound."""
        if any(session.identity == participant.identity for session in self._machine.sessions):
            publication.set_subscribed(publication.kind == rtc.TrackKind.KIND_AUDIO)

    async def _listen(self) -> None:
        """Follow the sound of the avatar while it should be heard."""
        monitor = SoundMonitor()
        while True:
            await asyncio.sleep(_LISTEN_EVERY_S)
            current = self._machine.current
            if current is None or not self._machine.avatar_sounds(self._driver.now):
                monitor.reset()
                continue
            track, energy = await self._energy(current.identity)
            since = monitor.note(track, energy, self._driver.now)
            if since is not None:
                with self._driver.step() as now:
                    self._machine.avatar_unheard(since, now)

    async def _energy(self, identity: str) -> tuple[str | None, float]:
        """Get the energy of all sound that has arrived on an avatar's track, and the track's sid.

        Returns:
            None for the track if it is not subscribed to, or if its statistics can't be read.
        """
        avatar = self._room.remote_participants.get(identity)
        tracks = [publication.track for publication in avatar.track_publications.values()] if avatar else []
        track = next((track for track in tracks if isinstance(track, rtc.RemoteAudioTrack)), None)
        if track is None:
            return None, 0.0
        try:
            async with asyncio.timeout(_STATS_TIMEOUT_S):
                stats: list[Any] = await track.get_stats()
        except Exception:  # noqa: BLE001 - the SDK raises nothing more specific; the next look may succeed
            return None, 0.0
        return track.sid, sum(stat.inbound_rtp.inbound.total_audio_energy for stat in stats)


@dataclass(frozen=True, slots=True)
class RoomServer:
    """A LiveKit server, as the agent reaches it.

    Attributes:
        url: Of the server.
        api_key: Of the server.
        api_secret: Of the server.
    """

    url: str
    api_key: str
    api_secret: str = field(repr=False)


class AvatarSubscriptions:
    """Takes an avatar's sound from the others in the room, or gives it back, through the room's server.

    An avatar whose WebSocket is lost may play on what it was given, and can't be interrupted.

    Args:
        driver: Of the machine that asks for it.
        room: Where the avatar is heard.
        server: The room's server, as the agent reaches it.
        http: Calls it.
    """

    def __init__(self, driver: Driver, room: rtc.Room, server: RoomServer, http: aiohttp.ClientSession) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._room = room
        self._server = server
        self._http = http
        self._tasks = Tasks()

    def apply(self, action: MuteAvatar) -> None:
        """Carry out a `MuteAvatar`."""
        self._tasks.start(self._apply(action), "avatar_mute", lambda _: self._report(action, done=False))

    async def aclose(self, limit: float) -> None:
        """Give up what is still on its way; takes `limit` seconds at most."""
        await self._tasks.aclose(limit)

    async def _apply(self, action: MuteAvatar) -> None:
        self._report(action, done=await self._subscribe(action.identity, subscribe=not action.muted))

    def _report(self, action: MuteAvatar, *, done: bool) -> None:
        with self._driver.step() as now:
            self._machine.avatar_muted(action.identity, now, done=done)

    async def _subscribe(self, identity: str, *, subscribe: bool) -> bool:
        """Change the subscriptions of all others; False if that is not so for all of them."""
        avatar = self._room.remote_participants.get(identity)
        if avatar is None:
            return True
        sounds = [sid for sid, track in avatar.track_publications.items() if track.kind == rtc.TrackKind.KIND_AUDIO]
        others = [other for other in self._room.remote_participants if other != identity]
        keys = self._server
        async with api.LiveKitAPI(keys.url, keys.api_key, keys.api_secret, session=self._http) as server:
            changes = [self._change(server, other, sounds, subscribe=subscribe) for other in others]
            return all(await asyncio.gather(*changes))

    async def _change(self, server: api.LiveKitAPI, other: str, sounds: list[str], *, subscribe: bool) -> bool:
        request = api.UpdateSubscriptionsRequest(
            room=self._room.name, identity=other, track_sids=sounds, subscribe=subscribe
        )
        try:
            async with asyncio.timeout(_SERVER_TIMEOUT_S):
                await server.room.update_subscriptions(request)
        except (aiohttp.ClientError, api.TwirpError, OSError, TimeoutError) as error:
            if other not in self._room.remote_participants:
                return True  # has left meanwhile
            extra = {"audible": subscribe, "error": type(error).__name__}
            logger.warning("the avatar's sound could not be changed for a participant", extra=extra)
            return False
        return True
