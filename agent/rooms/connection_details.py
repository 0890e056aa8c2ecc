"""The connection details with which a caller joins a call, in a room of ours or of LiveAvatar's."""

from dataclasses import dataclass, field
from typing import Protocol

from agent.call_config import CallConfig

# Attribute of participants whose client shows LiveKit's captions; its value is `true`.
CAPTIONS = "captions"

# Topic of the data packet with which the page's server informs the agent that a caller is on the way back; its data is
# the caller's identity.
RETURNING = "caller_returning"


class NoRoomError(Exception):
    """There is no room for the caller; the message is a sentence for them."""


class CallOverError(NoRoomError):
    """The call that a caller wants to rejoin is over; the message is a sentence for them."""


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """LiveKit's connection details, for one person and one room.

    Attributes:
        url: WebSocket URL of the room's server.
        token: The caller's access token.
        room: Name of the room.
        identity: The caller's identity in it.
        expires_in: Seconds within which the token must be used.
    """

    url: str
    token: str = field(repr=False)
    room: str
    identity: str
    expires_in: float


class Rooms(Protocol):
    """The rooms in which calls take place."""

    @property
    def waits(self) -> float:
        """Seconds for which an agent or an avatar waits for a caller with a token; 0.0 if none waits."""

    async def create(self, name: str, config: CallConfig | None = None) -> ConnectionDetails:
        """Make connection details for a room that has or will get an agent.

        Args:
            name: The caller's name, shown in the room; may be empty.
            config: The call's configuration; None for the worker's own.

        Raises:
            NoRoomError: There is no room.
        """

    async def refresh(self, token: str) -> ConnectionDetails:
        """Make connection details for the room that a caller was in, for example on a page that was reloaded.

        Args:
            token: The token of earlier connection details; it may have expired.

        Raises:
            CallOverError: The call is over, or the token was not made here or is too old.
            NoRoomError: It is unknown whether the call goes on.
        """

    async def is_awaited(self, details: ConnectionDetails) -> bool:
        """Return whether the room exists and its caller has not joined; True if that is unknown."""
