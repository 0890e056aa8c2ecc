"""What an avatar session can't do without: settings that are given, and the agent's identity in the room."""

import contextlib

from livekit import rtc
from livekit.agents import get_job_context

from avatar.errors import ConfigurationError


def require(**values: str) -> None:
    """Check that nothing is empty.

    Args:
        values: By the names of their environment variables.

    Raises:
        ConfigurationError: Something is; the message names all of it.
    """
    missing = [name for name, value in values.items() if not value]
    if missing:
        message = f"the avatar needs {', '.join(missing)}: set it in the environment or pass it"
        raise ConfigurationError(message)


def local_identity(room: rtc.Room) -> str:
    """Find the identity of the agent in the room, on whose behalf the avatar publishes.

    Raises:
        ConfigurationError: There is none yet: outside of a job the room has to be connected.
    """
    with contextlib.suppress(RuntimeError):
        identity = get_job_context().token_claims().identity
        return str(identity)
    if not room.isconnected():
        message = "outside a job, connect the room before the avatar is started"
        raise ConfigurationError(message)
    return room.local_participant.identity
