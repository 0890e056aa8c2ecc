"""What a journal of sessions has to be able to do, wherever it is kept."""

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
        session_id: The service's.
        api_url: Of the service.
        owner: The process that made it.
        room: Name of the LiveKit room.
        state: `made` before `/start` was answered, `stopping` once a stop was asked for.
        made_at: Unix time.
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
        dispatch: LiveKit's dispatch that had brought it; empty if it is not known.
    """

    room: str
    agent: str = ""
    dispatch: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """What dead owners have left, for the holder of this claim alone until it releases it.

    Attributes:
        entries: Sessions to stop.
        rooms: Rooms whose agents have died; None if the journal knows rooms by their sessions alone.
    """

    entries: Sequence[JournalEntry]
    rooms: Sequence[LeftRoom] | None = None


class Journal(Protocol):
    """The sessions that were made and not yet seen to be stopped, and the slots of the account that they take.

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
            Whether it is this process's now. If not, it is being stopped, or is over.
        """

    def take_back(self, session_id: str) -> bool:
        """Note that a session is about to be stopped that was started for another process, which has not adopted it.

        Returns:
            Whether it is to be stopped. If not, it is another's now, or is over.
        """

    def mark_started(self, session_id: str, max_duration: float | None = None) -> None:
        """Note that the service has started it, and after how many seconds it will end it."""

    def mark_stopping(self, session_id: str) -> None:
        """Note that it is about to be stopped."""

    def mark_stopped(self, session_id: str) -> None:
        """Note that the service has confirmed a stop, or knows of no such session.

        One whose start was never answered, and may still happen, stays; the next sweep stops it once more.
        """

    def entries(self) -> list[JournalEntry]:
        """List the sessions that are not known to be stopped, the oldest first."""

    def is_owned(self, entry: JournalEntry) -> bool:
        """Return whether the process that made a session lives."""

    def seconds_used(self, since: float, *, api_url: str | None = None, room: str | None = None) -> float:
        """Return the seconds of sessions, running and ended, since a Unix time at most 40 days ago.

        Those of one service or of all, and of one room or of all. A session counts from its start to its confirmed
        stop, but no longer than the service lets it run.
        """

    def slots_used(self, api_url: str, *, beside: str = "") -> int:
        """Count the rooms that use a slot of the account, or hold one, without the room `beside`."""

    def take_slot(self, api_url: str, room: str, slots: int) -> bool:
        """Hold a slot for a room that is about to start a session, if fewer than `slots` are used by other rooms.

        The slot is held for a minute, and used for as long as the room has a session.
        """

    def claim(self, api_url: str, *, with_rooms: bool = False) -> Claim:
        """Take what is left by owners that are dead, and the sessions that living ones have failed to stop.

        Args:
            api_url: Of the service whose sessions can be stopped.
            with_rooms: Whether the holder of the claim brings rooms another agent.
        """

    def release(self, claim: Claim) -> None:
        """Give up a claim."""

    def disown(self) -> None:
        """Own nothing any more: what this process has left running is for the next sweep, and it starts no other."""
