"""Who hears the avatar: while the voice speaks, nobody."""

import logging
from typing import Protocol

import aiohttp
from livekit import api, rtc

logger = logging.getLogger("avatar")


class Audience(Protocol):
    """Who is in the room with the avatar."""

    async def let_hear(self, identity: str, *, audible: bool) -> None:
        """Let the others hear this participant, or not. It never raises: at the worst two are heard for a while."""


class FreeAudience:
    """Hears what it likes: nobody here has the keys of the room's server."""

    async def let_hear(self, identity: str, *, audible: bool) -> None:
        """Nothing can be done; see `Audience.let_hear`."""


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

    async def let_hear(self, identity: str, *, audible: bool) -> None:
        """Let the others hear this participant, or not; see `Audience.let_hear`."""
        avatar = self._room.remote_participants.get(identity)
        if avatar is None:
            return
        sounds = [sid for sid, track in avatar.track_publications.items() if track.kind == rtc.TrackKind.KIND_AUDIO]
        others = [other for other in self._room.remote_participants if other != identity]
        try:
            async with api.LiveKitAPI(self._url, self._api_key, self._api_secret) as server:
                for other in others:
                    request = api.UpdateSubscriptionsRequest(
                        room=self._room.name, identity=other, track_sids=sounds, subscribe=audible
                    )
                    await server.room.update_subscriptions(request)
        except (aiohttp.ClientError, api.TwirpError, TimeoutError) as error:
            logger.warning("the avatar could not be silenced for the others: %s", type(error).__name__)
