"""A room that the service hosts: the session is started first, and everybody joins with a token that came with it."""

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import jwt

from avatar.api import SANDBOX_SECONDS, LiveAvatarAPI, StartedSession, VideoQuality
from avatar.errors import AvatarError, ServiceError

# Identity of the avatar's participant in such a room (seen in the official web SDK).
AVATAR_IDENTITY = "heygen"

logger = logging.getLogger("avatar")

# Seconds to wait for a start that is on its way when it is given up, and for the stop.
_START_IN_FLIGHT_S = 3.0
_STOP_TIMEOUT_S = 8.0

_CALL = "POST /v1/sessions/start"
_CREATED = 201


@dataclass(frozen=True, slots=True)
class HostedRoom:
    """A session that runs, and the LiveKit room that the service has opened for it: the room ends with the session.

    Attributes:
        session_id: The service's id of the session.
        ws_url: WebSocket URL that speech is sent to. It is a credential: its holder can speak through the avatar.
        url: URL of the room's LiveKit server.
        name: The room's name.
        client_token: The caller's token for the room.
        caller: The caller's identity in that token.
        agent_token: The agent's token for the room.
        agent: The agent's identity in that token.
        started_at: Unix time in seconds.
        max_duration: Seconds after which the service ends the session; None if that is not known.
    """

    session_id: str
    ws_url: str = field(repr=False)
    url: str
    name: str
    client_token: str = field(repr=False)
    caller: str
    agent_token: str = field(repr=False)
    agent: str
    started_at: float
    max_duration: float | None

    def to_json(self) -> str:
        """Return all fields, including credentials, for the process that has the call."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "HostedRoom":
        """Restore the result of `to_json`."""
        return cls(**json.loads(text))


async def open_hosted_room(
    api: LiveAvatarAPI,
    *,
    avatar_id: str,
    is_sandbox: bool = False,
    video_quality: VideoQuality | None = None,
    max_session_duration: int | None = None,
    clock: Callable[[], float] = time.time,
) -> HostedRoom:
    """Create and start a session that brings its own room. If this raises, no session is left running.

    Args:
        api: The service.
        avatar_id: Id of the avatar at the service.
        is_sandbox: Free of charge, for about a minute, and only with the sandbox avatar.
        video_quality: The service's default is `high`.
        max_session_duration: Seconds; the service's default is the account's limit.
        clock: Returns Unix time in seconds.

    Raises:
        ServiceError: Among other reasons, if the reply names no room or its tokens can't be read.
        AvatarError: As `LiveAvatarAPI.create_token`.
    """
    token = await api.create_token(
        avatar_id=avatar_id,
        is_sandbox=is_sandbox,
        video_quality=video_quality,
        max_session_duration=max_session_duration,
    )
    started_at = clock()
    starting = asyncio.ensure_future(api.start(token))
    try:
        started = await asyncio.shield(starting)
        duration = SANDBOX_SECONDS if is_sandbox else started.max_duration
        return _room(started, started_at, duration)
    except BaseException:
        await asyncio.shield(_stop(api, token.session_id, starting))
        raise


async def _stop(api: LiveAvatarAPI, session_id: str, starting: "asyncio.Future[StartedSession]") -> None:
    """Stop a session that is not wanted; the stop must not overtake the start."""
    await asyncio.wait([starting], timeout=_START_IN_FLIGHT_S)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)
    extra = {"session_id": session_id}
    try:
        async with asyncio.timeout(_STOP_TIMEOUT_S):
            await api.stop(session_id)
    except (AvatarError, TimeoutError):
        logger.exception("avatar session not stopped: it is billed until it is", extra=extra)


def _room(started: StartedSession, started_at: float, max_duration: float | None) -> HostedRoom:
    url = _given("livekit_url", started.livekit_url)
    client_token = _given("livekit_client_token", started.client_token)
    agent_token = _given("livekit_agent_token", started.agent_token)
    caller, _ = _identity_and_room("livekit_client_token", client_token)
    agent, name = _identity_and_room("livekit_agent_token", agent_token)
    return HostedRoom(
        session_id=started.session_id,
        ws_url=started.ws_url,
        url=url,
        name=name,
        client_token=client_token,
        caller=caller,
        agent_token=agent_token,
        agent=agent,
        started_at=started_at,
        max_duration=max_duration,
    )


def _given(name: str, value: str | None) -> str:
    if value is None:
        reason = f"the reply has no {name}, so there is no room to join"
        raise ServiceError(_CALL, status_code=_CREATED, body=reason)
    return value


def _identity_and_room(name: str, token: str) -> tuple[str, str]:
    """Read the identity and the room from a token. The room's server checks whether the token is genuine."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        identity, room = claims["sub"], claims["video"]["room"]
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, RecursionError):
        identity = room = None
    if not isinstance(identity, str) or not isinstance(room, str):
        raise ServiceError(_CALL, status_code=_CREATED, body=f"the reply's {name} names no identity and room")
    return identity, room
