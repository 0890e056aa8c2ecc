"""A room that the service opens itself, for a session without a room of the client's."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid1

import aiohttp
from livekit import api

from simulators.liveavatar.model.sessions import HOSTED_IDENTITY

if TYPE_CHECKING:
    from simulators.liveavatar.model import Habits
    from simulators.liveavatar.options import LiveKitServer

logger = logging.getLogger(__name__)

# Lifetime of the client's token (fact 82).
TOKEN_LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class HostedRoom:
    """A room on the stand-in's LiveKit server, and the tokens to join it."""

    name: str
    server: LiveKitServer
    avatar_token: str = field(repr=False)
    client_token: str = field(repr=False)
    agent_token: str = field(repr=False)

    @classmethod
    def open(cls, server: LiveKitServer, habits: Habits) -> HostedRoom:
        """Name the room (fact 81) and mint its tokens; the server creates the room when the first participant joins."""
        name = str(uuid1())
        return cls(
            name,
            server,
            avatar_token=_mint(server, name, HOSTED_IDENTITY),
            client_token=_mint(server, name, "client"),
            # An agent publishes its state as attributes; whether the service's token allows that is unknown (fact 83).
            agent_token=_mint(server, name, "agent", can_update_own_metadata=habits.hosted_agent_updates_metadata),
        )

    @property
    def url(self) -> str:
        """URL of the LiveKit server."""
        return self.server.url

    async def aclose(self) -> None:
        """Delete the room, which disconnects all participants."""
        try:
            async with api.LiveKitAPI(self.server.url, self.server.api_key, self.server.api_secret) as livekit:
                await livekit.room.delete_room(api.DeleteRoomRequest(room=self.name))
        except (api.TwirpError, aiohttp.ClientError) as error:
            logger.warning("the hosted room could not be deleted", extra={"room": self.name, "error": str(error)})


def _mint(server: LiveKitServer, room: str, identity: str, *, can_update_own_metadata: bool = False) -> str:
    grants = api.VideoGrants(room_join=True, room=room, can_update_own_metadata=can_update_own_metadata)
    token = api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_name(identity)
    return token.with_ttl(TOKEN_LIFETIME).with_grants(grants).to_jwt()
