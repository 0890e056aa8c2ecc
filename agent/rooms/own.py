"""Rooms of our own LiveKit project: a caller is let in with a token, and the agent comes by itself."""

import asyncio
import logging
import secrets
from datetime import timedelta

import aiohttp
import jwt
from livekit import api

from agent.rooms.connection_details import ConnectionDetails, NoRoomError
from agent.settings import Settings
from avatar.http import client_session

logger = logging.getLogger("agent")

_ROOM = "call-"
_CALLER = "caller-"
# What the names of our rooms and callers begin with.

_EXPIRES_IN = 600.0
# Seconds in which the token has to be used; who is in the room then stays.

_COMES_BACK_WITHIN = 6 * 3600.0
# Seconds after that in which it is changed for a fresh one. Their call is over long before, or it goes on.

_CALLER_JOIN_TIMEOUT = 15
# Seconds for which agent and face, who are paid for, wait for a caller; LiveKit looks every half minute, so up to
# 30 more. For one who comes later others are called.

_OPENS_WITHIN = 2.0


def caller_token(
    settings: Settings, room: str, identity: str, *, name: str = "", expires_in: float | None = None
) -> str:
    """A token that lets one caller into one room, and brings the agent there.

    Args:
        settings: With a complete set of LiveKit's own.
        room: Made when the first one joins.
        identity: The caller's.
        name: Of the caller, shown in the room.
        expires_in: Seconds in which it has to be used; None for LiveKit's own six hours.
    """
    token = api.AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True)
    token.with_identity(identity).with_name(name).with_grants(grants)
    if expires_in is not None:
        token.with_ttl(timedelta(seconds=expires_in))
    if settings.livekit_agent_name:  # a worker with a name comes only when it is asked for
        dispatch = api.RoomAgentDispatch(agent_name=settings.livekit_agent_name)
        token.with_room_config(api.RoomConfiguration(agents=[dispatch]))
    return token.to_jwt()


class OwnRooms:
    """A new room for each caller.

    Args:
        settings: With a complete set of LiveKit's own.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def create(self, name: str) -> ConnectionDetails:
        """Let a caller into a room of their own; see `Rooms.create`. The agent is called at once, not by their join."""
        room, identity = f"{_ROOM}{secrets.token_hex(8)}", f"{_CALLER}{secrets.token_hex(8)}"
        await self._open(room)
        return self._details(room, identity, name)

    async def refresh(self, token: str) -> ConnectionDetails:
        """Let a caller into their room again; see `Rooms.refresh`."""
        verifier = api.TokenVerifier(
            self._settings.livekit_api_key,
            self._settings.livekit_api_secret.get_secret_value(),
            leeway=timedelta(seconds=_COMES_BACK_WITHIN),
        )
        try:
            claims = verifier.verify(token)
        except (jwt.PyJWTError, ValueError):
            claims = None
        if claims is None or claims.video is None or not _is_ours(claims.video, claims.identity):
            message = "this call can't be joined again: its token is not known, or too old"
            raise NoRoomError(message)
        return self._details(claims.video.room, claims.identity, claims.name)

    def _details(self, room: str, identity: str, name: str) -> ConnectionDetails:
        token = caller_token(self._settings, room, identity, name=name, expires_in=_EXPIRES_IN)
        return ConnectionDetails(self._settings.callers_url, token, room, identity, _EXPIRES_IN)

    async def _open(self, room: str) -> None:
        """Have the agent and the face on their way while the caller's browser asks for a microphone, and connects.

        Without it they are called by the join: what is in the way here is in nobody's way.
        """
        settings = self._settings
        name = settings.livekit_agent_name
        request = api.CreateRoomRequest(
            name=room,
            empty_timeout=_CALLER_JOIN_TIMEOUT,
            agents=[api.RoomAgentDispatch(agent_name=name)] if name else [],
        )
        try:
            async with (
                asyncio.timeout(_OPENS_WITHIN),
                client_session() as http,
                api.LiveKitAPI(
                    settings.livekit_url,
                    settings.livekit_api_key,
                    settings.livekit_api_secret.get_secret_value(),
                    session=http,
                ) as livekit,
            ):
                await livekit.room.create_room(request)
        except (aiohttp.ClientError, api.TwirpError, TimeoutError) as error:
            logger.warning("the agent is called only when the caller joins: %s", type(error).__name__)


def _is_ours(grants: api.VideoGrants, identity: str) -> bool:
    """Whether a token was made here: the project's keys may make others, which allow less, or somewhere else."""
    return bool(grants.room_join) and grants.room.startswith(_ROOM) and identity.startswith(_CALLER)
