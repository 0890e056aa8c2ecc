"""The interface of a journal of sessions, wherever it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from avatar.errors import AvatarError

State = Literal["made", "started", "stopping"]


class JournalError(AvatarError):
    """The journal can't be read or written; the message says where it is."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A session that may run.

    Attributes:
        session_id: The service's id of the session.
        api_url: The service's address.
        owner: Name of the process that owns it.
        room: Name of the LiveKit room.
        state: `made` before `/start` was answered, `stopping` once a stop was requested.
        made_at: When it was created, in Unix seconds.
    """

    session_id: str
    api_url: str
    owner: str
    room: str
    state: State
    made_at: float


@dataclass(frozen=True, slots=True)
class LeftRoom:
    """A room whose agent has died.

    Attributes:
        room: Its name.
        agent: Identity of the agent; empty if it is not known.
        dispatch: LiveKit's dispatch that had started the agent; empty if it is not known.
    """

    room: str
    agent: str = ""
    dispatch: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """The sessions and rooms of dead owners, for the claim's holder only, until its release.

    Attributes:
        entries: Sessions to stop.
        rooms: Rooms whose agents have died; None if the journal knows rooms only by their sessions.
    """

    entries: Sequence[JournalEntry]
    rooms: Sequence[LeftRoom] | None = None


class Journal(Protocol):
    """The sessions that were created and may still run, and the slots of the account that they take.

    All methods block for a moment: call them in a thread. Any thread may call them, before or after a fork. Each raises
    a `JournalError` if the journal can't be used.
    """

    def prepare(self) -> None:
        """Make sure that sessions can be noted."""

    def add(self, session_id: str, *, api_url: str, room: str = "") -> None:
        """Note a session that is about to be started; this process becomes its owner."""

    def adopt(self, session_id: str, *, room: str) -> bool:
        """Become the owner of a session that another process has started for this one.

        Returns:
            True if this process owns it now. If not, it is being stopped, or is over.
        """

    def take_back(self, session_id: str) -> bool:
        """Note that a session, started for another process that has not adopted it, is about to be stopped.

        Returns:
            True if it has to be stopped. If not, another process owns it now, or it is over.
        """

    def mark_started(self, session_id: str, max_duration: float | None = None) -> None:
        """Note that the service has started a session, and will end it after `max_duration` seconds."""

    def mark_stopping(self, session_id: str) -> None:
        """Note that a session is about to be stopped."""

    def mark_stopped(self, session_id: str) -> None:
        """Note that the service has confirmed a stop, or knows of no such session.

        A session whose start was never answered, and may still take effect, stays; the next sweep stops it once more.
        """

    def entries(self) -> list[JournalEntry]:
        """List the sessions that are not known to be stopped, the oldest first."""

    def is_owned(self, entry: JournalEntry) -> bool:
        """Return whether the process that owns a session is alive."""

    def seconds_used(self, since: float, *, api_url: str | None = None, room: str | None = None) -> float:
        """Return the seconds of sessions, running and ended, since a Unix time at most 40 days ago.

        Counts the sessions of one service or of all, and of one room or of all. A session counts from its start to its
        confirmed stop, but no longer than the service lets it run.
        """

    def slots_used(self, api_url: str, *, beside: str = "") -> int:
        """Count the rooms that use a slot of the account, or hold one, except for the room `beside`."""

    def take_slot(self, api_url: str, room: str, slots: int) -> bool:
        """Hold a slot for a room that is about to start a session, if fewer than `slots` are used by other rooms.

        The slot is held for a minute, and used for as long as the room has a session.
        """

    def claim(self, api_url: str, *, with_rooms: bool = False) -> Claim:
        """Claim the sessions and rooms of dead owners, and the sessions that living owners have failed to stop.

        Args:
            api_url: Address of the service whose sessions can be stopped.
            with_rooms: True if the claim's holder dispatches another agent to the rooms.
        """

    def release(self, claim: Claim) -> None:
        """Give up a claim."""

    def disown(self) -> None:
        """Give up ownership for good: the next sweep stops this process's sessions, and it starts no other."""
