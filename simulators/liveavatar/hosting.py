"""A room that the service opens itself, for a session whose client brought none."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

if TYPE_CHECKING:
    from simulators.liveavatar.options import LiveKitServer

logger = logging.getLogger(__name__)

AVATAR_IDENTITY = "heygen"
"""The avatar's identity in a hosted room (seen in the official web SDK)."""


@dataclass(frozen=True, slots=True)
class HostedRoom:
    """A room on the stand-in's LiveKit server, and a token for each who joins it."""

    name: str
    server: LiveKitServer
    avatar_token: str = field(repr=False)
    client_token: str = field(repr=False)
    agent_token: str = field(repr=False)

    @classmethod
    def for_session(cls, session_id: str, server: LiveKitServer) -> HostedRoom:
        """Name the room and mint its tokens; the server makes the room when the first one joins."""
        name = f"liveavatar-{session_id}"
        return cls(
            name,
            server,
            avatar_token=_mint(server, name, AVATAR_IDENTITY),
            client_token=_mint(server, name, "client"),
            # Agents tell their state by attributes; whether the service's token allows that is not documented.
            agent_token=_mint(server, name, "agent", can_update_own_metadata=True),
        )

    @property
    def url(self) -> str:
        """Of the LiveKit server."""
        return self.server.url

    async def aclose(self) -> None:
        """Tear the room down: whoever is still in it is disconnected."""
        try:
            async with api.LiveKitAPI(self.server.url, self.server.api_key, self.server.api_secret) as livekit:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=self.name))
        except (api.TwirpError, aiohttp.ClientError) as error:
            logger.warning("the hosted room could not be torn down", extra={"room": self.name, "error": str(error)})


def _mint(server: LiveKitServer, room: str, identity: str, *, can_update_own_metadata: bool = False) -> str:
    grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=can_update_own_metadata)
    return api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_grants(grants).to_jwt()
