"""Who hears the avatar: while the voice speaks, nobody."""

import asyncio
import logging
from typing import Protocol

import aiohttp
from livekit import api, rtc

logger = logging.getLogger("avatar")

_TIMEOUT = aiohttp.ClientTimeout(total=3.0)


class Audience(Protocol):
    """Who is in the room with the avatar."""

    async def let_hear(self, identity: str, *, audible: bool) -> bool:
        """Let the others hear this participant, or not.

        Returns:
            False if that is not so for all of them; it is to be tried again. It never raises.
        """


class FreeAudience:
    """Hears what it likes: nobody here has the keys of the room's server."""

    async def let_hear(self, identity: str, *, audible: bool) -> bool:  # noqa: ARG002 - the protocol's shape
        """Nothing can be done; see `Audience.let_hear`."""
        return True


class OwnAudience:
    """Takes the avatar's sound from everybody in the room, and gives it back, through the room's server.

    A service whose connection is lost may play on what it was given, and can't be told to stop.

    Args:
        room: Where the avatar is heard.
        url: The room's server.
        api_key: Of the server.
        api_secret: Of the server.
    """

    def __init__(self, room: rtc.Room, url: str, api_key: str, api_secret: str) -> None:
        self._room = room
        self._url = url
        self._api_key = api_key
        self._api_secret = api_secret

    async def let_hear(self, identity: str, *, audible: bool) -> bool:
        """Let the others hear this participant, or not; see `Audience.let_hear`."""
        avatar = self._room.remote_participants.get(identity)
        if avatar is None:
            return True
        sounds = [sid for sid, track in avatar.track_publications.items() if track.kind == rtc.TrackKind.KIND_AUDIO]
        others = [other for other in self._room.remote_participants if other != identity]
        async with api.LiveKitAPI(self._url, self._api_key, self._api_secret, timeout=_TIMEOUT) as server:
            changes = [self._change(server, other, sounds, audible=audible) for other in others]
            return all(await asyncio.gather(*changes))

    async def _change(self, server: api.LiveKitAPI, other: str, sounds: list[str], *, audible: bool) -> bool:
        request = api.UpdateSubscriptionsRequest(
            room=self._room.name, identity=other, track_sids=sounds, subscribe=audible
        )
        try:
            await server.room.update_subscriptions(request)
        except (aiohttp.ClientError, api.TwirpError, OSError, TimeoutError) as error:
            if other not in self._room.remote_participants:
                return True  # has left meanwhile
            fault = "given back" if audible else "silenced"
            logger.warning("the avatar could not be %s for a participant: %s", fault, type(error).__name__)
            return False
        return True
