"""Rooms of our own LiveKit project: a caller joins with a token, and LiveKit dispatches the agent."""

import logging
import re
import secrets
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import jwt
from livekit import api

from agent.call_config import CallConfig
from agent.call_config.given import as_metadata
from agent.rooms.connection_details import CAPTIONS, RETURNING, CallOverError, ConnectionDetails, NoRoomError
from agent.rooms.dispatch import LIVEKIT_FAILURES, bring_agent, livekit_api
from agent.settings import Settings

logger = logging.getLogger("agent")

# The names of rooms and callers that are made here. LiveKit's telephony names a caller's room with a prefix (also
# `call-` in its documentation), the telephone number and a random suffix; see docs.livekit.io/sip/dispatch-rule.
_ROOM = re.compile(r"call-[0-9a-f]{16}")
_CALLER = "caller-"

# Seconds within which a token must be used. Its expiry does not disconnect a caller.
_EXPIRES_IN = 600.0

# Seconds within which a refreshed token must be used: the caller is on the way back.
_REJOINS_IN = 60.0

# Seconds after its expiry within which a token can be refreshed, so that a caller can also rejoin a long call.
_COMES_BACK_WITHIN = 6 * 3600.0

# Seconds for which agent and avatar, which are billed, wait for a caller. LiveKit checks every half minute, so it may
# be 30 more. For a caller who joins later the agent is dispatched again.
_CALLER_JOIN_TIMEOUT = 15
_LIVEKIT_LOOKS_EVERY = 30.0

# Seconds for which LiveKit keeps a room after its caller left: within them the agent decides whether to wait for the
# caller. LiveKit's default of 20 s may be too short for a caller who reloads the page.
_DEPARTURE_TIMEOUT = 60

# The rights in tokens that are made here. A token with other rights was made elsewhere.
_RIGHTS = {"roomJoin", "room", "canPublish", "canSubscribe", "canPublishData", "canPublishSources"}

_NOT_AGAIN = "This call can't be joined again. Please start a new one."
_ENDED = "The call has ended."
_AWAY = "The call can't be reached at the moment. Please try again."


def is_web_room(name: str) -> bool:
    """Return whether a room was named here, so that its caller comes from a web page."""
    return _ROOM.fullmatch(name) is not None


def caller_token(
    settings: Settings,
    room: str,
    identity: str,
    *,
    name: str = "",
    metadata: str = "",
    attributes: Mapping[str, str] | None = None,
    expires_in: float | None = None,
    config: CallConfig | None = None,
) -> str:
    """Make a token that lets one caller into one room, and dispatches the agent there.

    Args:
        settings: With all of LiveKit's settings.
        room: Name of the room; LiveKit creates it when the first participant joins.
        identity: The caller's identity.
        name: The caller's name, shown in the room.
        metadata: The participant's metadata.
        attributes: The participant's attributes.
        expires_in: Seconds within which the token must be used; None for LiveKit's default of six hours.
        config: The call's configuration. The caller can read it in the token, and can't change it.
    """
    token = api.AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True)
    token.with_identity(identity).with_name(name).with_metadata(metadata).with_grants(grants)
    token.with_attributes(dict(attributes or {}))
    if expires_in is not None:
        token.with_ttl(timedelta(seconds=expires_in))
    agents, metadata_of_room = _dispatch(settings, config)
    if agents or metadata_of_room:
        token.with_room_config(api.RoomConfiguration(agents=agents, metadata=metadata_of_room))
    return token.to_jwt()


class OwnRooms:
    """A new room for each caller.

    Args:
        settings: With all of LiveKit's settings.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @property
    def waits(self) -> float:
        """Seconds for which agent and avatar wait for a caller; 0.0 if they start when the caller has joined."""
        return _CALLER_JOIN_TIMEOUT + _LIVEKIT_LOOKS_EVERY if self._settings.starts_before_join else 0.0

    async def create(self, name: str, config: CallConfig | None = None) -> ConnectionDetails:
        """Let a caller into a new room; see `Rooms.create`. The agent is dispatched before they join."""
        # The page shows captions, and needs no transcript in the chat.
        details = self.invite(name, attributes={CAPTIONS: "true"}, config=config)
        if self.waits:
            await self._open(details.room, config)
        return details

    def invite(
        self,
        name: str,
        *,
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
        config: CallConfig | None = None,
    ) -> ConnectionDetails:
        """Make connection details for a new room, into which LiveKit dispatches the agent when the caller joins.

        Args:
            name: The caller's name, shown in the room; may be empty.
            metadata: The caller's metadata.
            attributes: The caller's attributes.
            config: The call's configuration.
        """
        room, identity = f"call-{secrets.token_hex(8)}", f"{_CALLER}{secrets.token_hex(8)}"
        token = caller_token(
            self._settings,
            room,
            identity,
            name=name,
            metadata=metadata,
            attributes=attributes,
            expires_in=_EXPIRES_IN,
            config=config,
        )
        return ConnectionDetails(self._settings.callers_url, token, room, identity, _EXPIRES_IN)

    async def refresh(self, token: str) -> ConnectionDetails:
        """Let a caller rejoin their room, which gets an agent if it has none; see `Rooms.refresh`.

        The agent waits for them meanwhile. The new token has the claims of the first one.
        """
        claims = self._claims(token)
        room, identity = claims["video"]["room"], claims["sub"]
        try:
            async with livekit_api(self._settings) as livekit:
                # Joining a closed room would open it again, and start a new call.
                if not (await livekit.room.list_rooms(api.ListRoomsRequest(names=[room]))).rooms:
                    raise CallOverError(_ENDED)
                await bring_agent(livekit, self._settings, room, is_expected=True)
                await _announce(livekit, room, identity)
        except LIVEKIT_FAILURES as error:
            logger.warning("it is unknown whether a call goes on", extra={"error": type(error).__name__})
            raise NoRoomError(_AWAY) from error
        now = int(time.time())
        secret = self._settings.livekit_api_secret.get_secret_value()
        fresh = jwt.encode(claims | {"nbf": now, "exp": now + int(_REJOINS_IN)}, secret, algorithm="HS256")
        return ConnectionDetails(self._settings.callers_url, fresh, room, identity, _REJOINS_IN)

    async def is_awaited(self, details: ConnectionDetails) -> bool:
        """Return whether a caller is awaited; see `Rooms.is_awaited`."""
        try:
            async with livekit_api(self._settings) as livekit:
                if not (await livekit.room.list_rooms(api.ListRoomsRequest(names=[details.room]))).rooms:
                    return False
                request = api.ListParticipantsRequest(room=details.room)
                there = (await livekit.room.list_participants(request)).participants
        except LIVEKIT_FAILURES:
            return True
        return not any(each.identity == details.identity for each in there)

    def _claims(self, token: str) -> dict[str, Any]:
        """Read a token that was made here.

        Raises:
            CallOverError: It was not, or is too old.
        """
        settings = self._settings
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                settings.livekit_api_secret.get_secret_value(),
                algorithms=["HS256"],
                issuer=settings.livekit_api_key,
                leeway=timedelta(seconds=_COMES_BACK_WITHIN),
                options={"require": ["exp", "sub"]},
            )
        except (jwt.PyJWTError, ValueError):
            claims = {}
        if not _is_ours(claims):
            raise CallOverError(_NOT_AGAIN)
        return claims

    async def _open(self, room: str, config: CallConfig | None) -> None:
        """Dispatch the agent while the caller's browser asks for a microphone and connects.

        Failures here are not fatal: LiveKit dispatches the agent when the caller joins.
        """
        agents, metadata = _dispatch(self._settings, config)
        request = api.CreateRoomRequest(
            name=room,
            empty_timeout=_CALLER_JOIN_TIMEOUT,
            departure_timeout=_DEPARTURE_TIMEOUT,
            agents=agents,
            metadata=metadata,
        )
        try:
            async with livekit_api(self._settings) as livekit:
                await livekit.room.create_room(request)
        except LIVEKIT_FAILURES as error:
            logger.warning("the agent is dispatched only when the caller joins", extra={"error": type(error).__name__})


def _dispatch(settings: Settings, config: CallConfig | None) -> tuple[list[api.RoomAgentDispatch], str]:
    """Return the agents for a room, and its metadata: one of the two carries the configuration.

    A worker with a name joins only when it is dispatched, and the dispatch has its own metadata, which callers don't
    see in the room. Without a name it joins every room, and finds the configuration in the room's metadata.
    """
    metadata = as_metadata(config)
    if not settings.livekit_agent_name:
        return [], metadata
    return [api.RoomAgentDispatch(agent_name=settings.livekit_agent_name, metadata=metadata)], ""


async def _announce(livekit: api.LiveKitAPI, room: str, identity: str) -> None:
    """Tell the agent in a room that a caller is on the way back."""
    request = api.SendDataRequest(room=room, data=identity.encode(), kind=api.DataPacket.Kind.RELIABLE, topic=RETURNING)
    await livekit.room.send_data(request)


def _is_ours(claims: dict[str, Any]) -> bool:
    """Return whether a token was made here: the project's keys may sign others, with other rights or rooms."""
    video = claims.get("video")
    if not isinstance(video, dict) or not video.get("roomJoin"):
        return False
    has_more = any(allowed for right, allowed in video.items() if right not in _RIGHTS)
    is_call = is_web_room(str(video.get("room"))) and str(claims.get("sub")).startswith(_CALLER)
    return is_call and not has_more
