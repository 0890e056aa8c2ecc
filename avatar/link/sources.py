"""Sources of a call's sessions: created for a room of ours, or the one that came with a hosted room."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from avatar.api import SANDBOX_SECONDS, LiveAvatarAPI, Room, SessionToken, VideoQuality
from avatar.errors import SessionOver
from avatar.link.sessions import RunningSession
from avatar.room_token import mint_room_token
from avatar.sessions.hosted import HostedRoom


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """The room in which the avatar is to appear, and the keys of its server.

    Attributes:
        url: The server's URL, as the service reaches it.
        name: The room's name.
        agent_identity: Identity of the agent on whose behalf the avatar publishes.
        api_key: The server's API key.
        api_secret: The server's API secret.
    """

    url: str
    name: str
    agent_identity: str
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Appearance:
    """Which avatar is to appear, and how.

    Attributes:
        avatar_id: The first avatar's id at the service.
        identity: Its participant's identity; later sessions of the same call append a number to it.
        name: Its name in the room.
        is_sandbox: Free of charge, one minute long.
        video_quality: None for the service's default.
        max_session_duration: Seconds; None for the account's limit.
    """

    avatar_id: str
    identity: str
    name: str
    is_sandbox: bool = False
    video_quality: VideoQuality | None = None
    max_session_duration: int | None = None


class OwnRoomSource:
    """A source of sessions for a room of ours, any number one after the other.

    Args:
        api: The service.
        access: Where the avatar appears.
        appearance: Which avatar appears, and how.
    """

    def __init__(self, api: LiveAvatarAPI, access: RoomAccess, appearance: Appearance) -> None:
        self._api = api
        self._access = access
        self._appearance = appearance
        # Names in the room, by avatar id, of the avatars whose name differs from the first avatar's.
        self.names: dict[str, str] = {}
        self._tokens: dict[str, SessionToken] = {}

    async def prepare(self, identity: str, avatar_id: str) -> str:
        """Create a session; see `SessionSource.prepare`."""
        access, appearance = self._access, self._appearance
        room_token = mint_room_token(
            room=access.name,
            identity=identity,
            name=self.names.get(avatar_id, appearance.name),
            agent_identity=access.agent_identity,
            api_key=access.api_key,
            api_secret=access.api_secret,
        )
        token = await self._api.create_token(
            avatar_id=avatar_id,
            room=Room(access.url, access.name, room_token),
            is_sandbox=appearance.is_sandbox,
            video_quality=appearance.video_quality,
            max_session_duration=appearance.max_session_duration,
        )
        self._tokens[token.session_id] = token
        return token.session_id

    async def start(self, session_id: str) -> RunningSession:
        """Start a session; see `SessionSource.start`."""
        started = await self._api.start(self._tokens.pop(session_id))
        max_duration = SANDBOX_SECONDS if self._appearance.is_sandbox else started.max_duration
        return RunningSession(session_id, started.ws_url, max_duration)

    async def stop(self, session_id: str) -> None:
        """Stop a session; see `SessionSource.stop`."""
        await self._api.stop(session_id)


class HostedSource:
    """The source of the one session that came with a hosted room; it already runs, and its stop ends the room.

    Args:
        api: The service.
        room: The hosted room.
        clock: Returns Unix time in seconds.
    """

    def __init__(self, api: LiveAvatarAPI, room: HostedRoom, clock: Callable[[], float] = time.time) -> None:
        self._api = api
        self._room = room
        self._clock = clock
        self._was_given = False

    async def prepare(self, identity: str, avatar_id: str) -> str:  # noqa: ARG002 - the hosted avatar has its own
        """Return the session, once; see `SessionSource.prepare`.

        Raises:
            SessionOver: It was returned before: another one would be in another room.
        """
        if self._was_given:
            message = "the avatar is gone, and another one would be in another room"
            raise SessionOver(message)
        self._was_given = True
        return self._room.session_id

    async def start(self, session_id: str) -> RunningSession:
        """Return the session, which already runs; see `SessionSource.start`."""
        already_ran = max(0.0, self._clock() - self._room.started_at)
        return RunningSession(session_id, self._room.ws_url, self._room.max_duration, already_ran)

    async def stop(self, session_id: str) -> None:
        """Stop the session, and end the room; see `SessionSource.stop`."""
        await self._api.stop(session_id)
