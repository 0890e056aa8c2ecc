"""A room of the service's own: the session is made first, and everybody joins with a token that came with it."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import jwt

from avatar.api import LiveAvatarAPI, StartedSession, VideoQuality
from avatar.errors import ServiceError, SessionOver
from avatar.service_session import SANDBOX_SECONDS, ServiceSession, stop_session

AVATAR_IDENTITY = "heygen"
"""Of the avatar's participant in such a room (seen in the official web SDK)."""

_CALL = "POST /v1/sessions/start"
_CREATED = 201


@dataclass(frozen=True, slots=True)
class HostedRoom:
    """A session that runs, and the LiveKit room that the service has opened for it: it ends with the session.

    Attributes:
        session_id: The service's.
        ws_url: To speak through the avatar with; whoever has it can, so it is a credential.
        url: Of the room's LiveKit server.
        name: Of the room.
        client_token: The caller joins with it.
        caller: The identity that this gives them.
        agent_token: The agent joins with it.
        agent: The identity that this gives it.
        started_at: Unix time.
        max_duration: Seconds after which the service ends the session, if it has told.
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
        """All of it, credentials included, for the process that has the call."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "HostedRoom":
        """What `to_json` has given."""
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
    """Make and start a session that brings its own room. If it raises, none is left running.

    Args:
        api: The service.
        avatar_id: Which avatar.
        is_sandbox: Free of charge, for about a minute, and only with the sandbox avatar.
        video_quality: The service's default is `high`.
        max_session_duration: Seconds; the service's default is the account's limit.
        clock: Gives Unix time.

    Raises:
        ServiceError: Among others, if the reply tells no room or its tokens can't be read.
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
        await asyncio.shield(stop_session(api, token.session_id, after=starting))
        raise


class HostedSessions:
    """The one session of a hosted room. It runs until the call is over, avatar or not: the room would end with it.

    Args:
        api: The service.
        room: Whose session it is.
        now: Monotonic seconds.
        clock: Gives Unix time.
    """

    def __init__(
        self, api: LiveAvatarAPI, room: HostedRoom, now: Callable[[], float], clock: Callable[[], float] = time.time
    ) -> None:
        self._api = api
        self._room = room
        self._now = now
        self._clock = clock
        self._was_given = False
        self._stopping: asyncio.Task[None] | None = None
        self._stopped_at: float | None = None

    @property
    def seconds_used(self) -> float:
        """Seconds for which the session has run."""
        until = self._clock() if self._stopped_at is None else self._stopped_at
        return max(0.0, until - self._room.started_at)

    @property
    def count(self) -> int:
        """Sessions that were made."""
        return 1

    async def start(self) -> ServiceSession:
        """The session, the first time.

        Raises:
            SessionOver: It was given: another one would be in another room.
        """
        if self._was_given:
            message = "the avatar is gone, and another one would come in another room"
            raise SessionOver(message)
        self._was_given = True
        # Nothing takes its place, so its end is nothing to prepare for.
        return ServiceSession(self._room.session_id, self._room.ws_url, AVATAR_IDENTITY, self._now(), ends_at=None)

    async def stop(self, session_id: str) -> None:
        """Leave it be: it has the room."""

    async def stop_all(self) -> None:
        """Leave it be: it has the room."""

    async def aclose(self) -> None:
        """Stop it, and end the room; once however often it is asked for, and to the end whoever is cancelled."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(), name="avatar_stop")
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        await stop_session(self._api, self._room.session_id)
        self._stopped_at = self._clock()


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
    """Read whose token it is and for which room. Whether it is genuine is for the room's server to judge."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        identity, room = claims["sub"], claims["video"]["room"]
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, RecursionError):
        identity = room = None
    if not isinstance(identity, str) or not isinstance(room, str):
        raise ServiceError(_CALL, status_code=_CREATED, body=f"the reply's {name} names no identity and room")
    return identity, room
