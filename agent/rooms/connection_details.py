"""What lets a caller into a call, whoever the room belongs to."""

from dataclasses import dataclass, field
from typing import Protocol


class NoRoomError(Exception):
    """There is no room for the caller; the message is a sentence for them."""


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """Lets one person into one room.

    Attributes:
        url: Of the room's server.
        token: To connect with.
        room: Its name.
        identity: The caller's in it.
        expires_in: Seconds in which the token has to be used.
    """

    url: str
    token: str = field(repr=False)
    room: str
    identity: str
    expires_in: float


class Rooms(Protocol):
    """Where calls take place."""

    async def create(self, name: str) -> ConnectionDetails:
        """Let a caller into a room in which an agent is, or to which one comes.

        Args:
            name: The caller's, shown in the room; may be empty.

        Raises:
            NoRoomError: There is none.
        """

    async def refresh(self, token: str) -> ConnectionDetails:
        """Let a caller into the room again that they were in, for example on a page that was reloaded.

        Args:
            token: Of an earlier ticket; it may have expired.

        Raises:
            NoRoomError: It is none of ours, or it is too old.
        """
