"""Rooms of our own LiveKit project: a caller joins with a token, and LiveKit dispatches the agent."""

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import jwt
from livekit import api

from agent.rooms.connection_details import CAPTIONS, CallOverError, ConnectionDetails
from agent.settings import Settings
from avatar.http import client_session

logger = logging.getLogger("agent")

# The names of rooms and callers that are made here. LiveKit's telephony names a caller's room by a prefix (`call-` in
# its documentation as well), the telephone number and a random suffix; see docs.livekit.io/sip/dispatch-rule.
_ROOM = re.compile(r"call-[0-9a-f]{16}")
_CALLER = "caller-"

# Seconds in which the token has to be used; it lets nobody in afterwards, and puts nobody out.
_EXPIRES_IN = 600.0

# Seconds after that in which a token is exchanged for a fresh one. Its call is over long before, or goes on.
_COMES_BACK_WITHIN = 6 * 3600.0

# Seconds for which agent and avatar, which are paid for, wait for a caller. LiveKit looks every half minute, so it may
# be 30 more. For a caller who comes later they are dispatched again.
_CALLER_JOIN_TIMEOUT = 15

# Seconds for a request to LiveKit's server, for which a caller waits, and what it fails with.
_REQUEST_TIMEOUT = 2.0
_FAILURES = (aiohttp.ClientError, api.TwirpError, TimeoutError)


def is_web_room(name: str) -> bool:
    """Return whether a room was named here, so that its caller comes from a web page."""
    return _ROOM.fullmatch(name) is not None


def caller_token(
    settings: Settings,
    room: str,
    identity: str,
    *,
    name: str = "",
    expires_in: float | None = None,
    has_captions: bool = False,
) -> str:
    """Make a token that lets one caller into one room, and dispatches the agent there.

    Args:
        settings: With a complete set of LiveKit's own.
        room: Created when the first participant joins.
        identity: The caller's.
        name: Of the caller, shown in the room.
        expires_in: Seconds in which it has to be used; None for LiveKit's own six hours.
        has_captions: Whether the caller's client shows captions, and needs no transcript in the chat.
    """
    token = api.AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True)
    token.with_identity(identity).with_name(name).with_grants(grants)
    if has_captions:
        token.with_attributes({CAPTIONS: "true"})
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
        """Let a caller into a room of their own; see `Rooms.create`. The agent is dispatched before they join."""
        room, identity = f"call-{secrets.token_hex(8)}", f"{_CALLER}{secrets.token_hex(8)}"
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
            message = "This call can't be joined again. Please start a new one."
            raise CallOverError(message)
        if await self._is_over(claims.video.room):
            message = "The call has ended."
            raise CallOverError(message)
        return self._details(claims.video.room, claims.identity, claims.name)

    def _details(self, room: str, identity: str, name: str) -> ConnectionDetails:
        token = caller_token(self._settings, room, identity, name=name, expires_in=_EXPIRES_IN, has_captions=True)
        return ConnectionDetails(self._settings.callers_url, token, room, identity, _EXPIRES_IN)

    async def _open(self, room: str) -> None:
        """Dispatch the agent while the caller's browser asks for a microphone and connects.

        Failures here are not fatal: LiveKit dispatches the agent when the caller joins.
        """
        settings = self._settings
        name = settings.livekit_agent_name
        request = api.CreateRoomRequest(
            name=room,
            empty_timeout=_CALLER_JOIN_TIMEOUT,
            agents=[api.RoomAgentDispatch(agent_name=name)] if name else [],
        )
        try:
            async with self._livekit() as livekit:
                await livekit.room.create_room(request)
        except _FAILURES as error:
            logger.warning("the agent is dispatched only when the caller joins", extra={"error": type(error).__name__})

    async def _is_over(self, room: str) -> bool:
        """Return whether the room of a call is gone. Joining it would open it again, and start a new call.

        When LiveKit does not answer, the caller's join fails as well, and says so.
        """
        try:
            async with self._livekit() as livekit:
                return not (await livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms
        except _FAILURES as error:
            logger.warning("whether a call goes on is not known", extra={"error": type(error).__name__})
            return False

    @asynccontextmanager
    async def _livekit(self) -> AsyncIterator[api.LiveKitAPI]:
        settings = self._settings
        secret = settings.livekit_api_secret.get_secret_value()
        async with (
            asyncio.timeout(_REQUEST_TIMEOUT),
            client_session() as http,
            api.LiveKitAPI(settings.livekit_url, settings.livekit_api_key, secret, session=http) as livekit,
        ):
            yield livekit


def _is_ours(grants: api.VideoGrants, identity: str) -> bool:
    """Return whether a token was made here: the project's keys may make others, for other rights or rooms."""
    return bool(grants.room_join) and is_web_room(grants.room) and identity.startswith(_CALLER)
