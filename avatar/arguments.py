"""The arguments that an avatar session requires: its settings, and the agent's identity in the room."""

import contextlib
import os

from livekit import rtc
from livekit.agents import NotGivenOr, get_job_context

from avatar.errors import ConfigurationError
from avatar.link.room import RoomServer
from avatar.link.sources import RoomAccess


def require(**values: str) -> None:
    """Check that no value is empty.

    Args:
        values: The values, by the names of their environment variables.

    Raises:
        ConfigurationError: A value is empty; the message names all that are.
    """
    missing = [name for name, value in values.items() if not value]
    if missing:
        message = f"the avatar needs {', '.join(missing)}: set it in the environment or pass it"
        raise ConfigurationError(message)


def local_identity(room: rtc.Room) -> str:
    """Find the identity of the agent in the room, on whose behalf the avatar publishes.

    Raises:
        ConfigurationError: The agent has none yet: outside a job, the room has to be connected first.
    """
    with contextlib.suppress(RuntimeError):
        identity = get_job_context().token_claims().identity
        return str(identity)
    if not room.isconnected():
        message = "outside a job, connect the room before the avatar is started"
        raise ConfigurationError(message)
    return room.local_participant.identity


def room_access(
    room: rtc.Room, url: NotGivenOr[str], key: NotGivenOr[str], secret: NotGivenOr[str], **others: str
) -> tuple[RoomAccess, RoomServer]:
    """Find how the service reaches a room, and how we reach its server.

    Args:
        room: Where the avatar appears.
        url: The server's address as the service reaches it; default LIVEKIT_URL, which is ours as well.
        key: Default LIVEKIT_API_KEY.
        secret: Default LIVEKIT_API_SECRET.
        others: Other required values, by the names of their environment variables.

    Raises:
        ConfigurationError: A value is missing; the message names all that are.
    """
    url = url or os.environ.get("LIVEKIT_URL", "")
    key = key or os.environ.get("LIVEKIT_API_KEY", "")
    secret = secret or os.environ.get("LIVEKIT_API_SECRET", "")
    require(**others, LIVEKIT_URL=url, LIVEKIT_API_KEY=key, LIVEKIT_API_SECRET=secret)
    server = RoomServer(os.environ.get("LIVEKIT_URL") or url, key, secret)
    return RoomAccess(url, room.name, local_identity(room), key, secret), server
