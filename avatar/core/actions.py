"""The actions that an executor carries out for the machine. The executor answers each with a fact.

The machine waits for that fact as long as `Timings` says; then it continues as if the action had failed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StartSession:
    """Ask the service for a session. Answered by `session_started` or `session_refused`."""

    session: int
    # The avatar's identity in the room.
    identity: str
    # The avatar's id at the service.
    avatar_id: str


@dataclass(frozen=True, slots=True)
class CancelStart:
    """Give up a session, if the service has not been asked to start it. Answered as `StartSession`."""

    session: int


@dataclass(frozen=True, slots=True)
class StopSession:
    """Ask the service to stop a session. Answered by `session_stopped` or `stop_failed`."""

    session: int


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """Open a WebSocket to a session. Answered by `socket_opened` or `socket_lost`."""

    session: int


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the WebSocket of a session, or give up opening it. There is no answer."""

    session: int


@dataclass(frozen=True, slots=True)
class PublishFallback:
    """Publish the fallback track. Answered by `fallback_published` or `fallback_lost`."""


@dataclass(frozen=True, slots=True)
class UnpublishFallback:
    """Unpublish the fallback track. There is no answer."""


@dataclass(frozen=True, slots=True)
class MuteAvatar:
    """Mute an avatar for the others in the room, or unmute it. Answered by `avatar_muted`."""

    identity: str
    muted: bool


Action = (
    StartSession
    | CancelStart
    | StopSession
    | OpenSocket
    | CloseSocket
    | PublishFallback
    | UnpublishFallback
    | MuteAvatar
)
