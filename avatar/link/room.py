"""The executors for the room: which avatars are there and heard, and which participants hear them."""

import asyncio
import logging
from dataclasses import dataclass, field

import aiohttp
from livekit import api, rtc

from avatar.core import MuteAvatar
from avatar.core.sound_monitor import SoundMonitor
from avatar.link.driver import Driver
from avatar.link.sound import AvatarSound
from avatar.link.tasks import Tasks

logger = logging.getLogger("avatar")

_LISTEN_EVERY_S = 0.5
_SERVER_TIMEOUT_S = 3.0


class RoomWatch:
    """A watcher that reports the room's participants to the machine, and whether the avatar's sound arrives.

    LiveKit's server reports which participants speak. Only if it reports nothing although the avatar should be heard,
    the avatar's sound is received and measured.

    Args:
        driver: The machine's driver.
        room: Connected, or about to be.
        sound: The sound of the avatars in this room.
    """

    def __init__(self, driver: Driver, room: rtc.Room, sound: AvatarSound) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._room = room
        self._sound = sound
        self._known: set[str] = set()
        self._speaking: set[str] = set()
        self._tasks = Tasks()

    def start(self) -> None:
        """Begin to watch."""
        self._room.on("connection_state_changed", self._look)
        self._room.on("reconnected", self._look)
        self._room.on("participant_connected", self._look)
        self._room.on("participant_disconnected", self._look)
        self._room.on("active_speakers_changed", self._on_speakers)
        self._sound.start()
        self._tasks.start(self._listen(), "avatar_sound", lambda _: None)
        self._look()

    async def aclose(self, limit: float) -> None:
        """Stop watching; takes `limit` seconds at most."""
        self._room.off("connection_state_changed", self._look)
        self._room.off("reconnected", self._look)
        self._room.off("participant_connected", self._look)
        self._room.off("participant_disconnected", self._look)
        self._room.off("active_speakers_changed", self._on_speakers)
        self._sound.close()
        await self._tasks.aclose(limit)

    def _look(self, *_: object) -> None:
        """Report changes. No event reports participants who joined or left while the agent was disconnected."""
        is_there = self._room.connection_state == rtc.ConnectionState.CONN_CONNECTED
        present = set(self._room.remote_participants) if is_there else self._known
        with self._driver.step() as now:
            for identity in present - self._known:
                self._machine.avatar_joined(identity, now)
            self._machine.room_changed(now, is_there=is_there)
            for identity in self._known - present:
                self._machine.avatar_left(identity, now)
        self._known = present
        self._sound.look()

    def _on_speakers(self, speakers: list[rtc.Participant]) -> None:
        self._speaking = {speaker.identity for speaker in speakers}

    async def _listen(self) -> None:
        """Follow whether the avatar is heard while it should be."""
        monitor = SoundMonitor()
        while True:
            await asyncio.sleep(_LISTEN_EVERY_S)
            identity = self._sounding()
            if identity is None:
                monitor.reset()
                continue
            monitor.note_report(identity, self._driver.now, speaks=identity in self._speaking)
            if monitor.is_doubtful(self._driver.now):
                await self._listen_closely(monitor, identity)

    async def _listen_closely(self, monitor: SoundMonitor, identity: str) -> None:
        """Receive the avatar's sound until it is known whether there is any."""
        with self._sound.received():
            while monitor.is_doubtful(self._driver.now) and self._sounding() == identity:
                since = monitor.note_energy(await self._sound.energy(identity), self._driver.now)
                if since is not None:
                    with self._driver.step() as now:
                        self._machine.avatar_unheard(since, now)
                await asyncio.sleep(_LISTEN_EVERY_S)

    def _sounding(self) -> str | None:
        """Return the identity of the avatar that should be heard now."""
        current = self._machine.current
        return current.identity if current is not None and self._machine.avatar_sounds(self._driver.now) else None


@dataclass(frozen=True, slots=True)
class RoomServer:
    """A LiveKit server, as the agent reaches it.

    Attributes:
        url: The server's URL.
        api_key: The server's API key.
        api_secret: The server's API secret.
    """

    url: str
    api_key: str
    api_secret: str = field(repr=False)


class AvatarSubscriptions:
    """The executor of `MuteAvatar`, which changes the others' subscriptions through the room's server.

    An avatar whose WebSocket is lost may continue to play the speech that it has, and can't be interrupted.

    Args:
        driver: Driver of the machine that asks for it.
        room: Where the avatar is heard.
        server: The room's server, as the agent reaches it.
        http: HTTP session for calls to the server.
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
        """Cancel the calls that are still on their way; takes `limit` seconds at most."""
        await self._tasks.aclose(limit)

    async def _apply(self, action: MuteAvatar) -> None:
        self._report(action, done=await self._subscribe(action.identity, subscribe=not action.muted))

    def _report(self, action: MuteAvatar, *, done: bool) -> None:
        with self._driver.step() as now:
            self._machine.avatar_muted(action.identity, now, done=done)

    async def _subscribe(self, identity: str, *, subscribe: bool) -> bool:
        """Change the subscriptions of all others; return False if that failed for any of them."""
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
                # The participant has left meanwhile.
                return True
            extra = {"audible": subscribe, "error": type(error).__name__}
            logger.warning("the avatar's sound could not be changed for a participant", extra=extra)
            return False
        return True
