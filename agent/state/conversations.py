"""The conversations of running calls, kept for the next agent in case the process of the current one dies."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from agent.state.redis_state import RedisState, StateAwayError
from avatar.sessions.port import JournalError

# Seconds without speech after which a conversation is deleted.
KEPT = 3600.0

_BUSY_TIMEOUT = 2.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS conversations (
    room TEXT PRIMARY KEY, agent TEXT NOT NULL, text TEXT NOT NULL, until REAL NOT NULL
)
"""


class Conversations(Protocol):
    """The conversations of rooms. All methods block for a moment, and raise a `JournalError` if they fail."""

    def keep(self, room: str, agent: str, text: str) -> None:
        """Keep the conversation of a room for an hour, instead of an older version of it.

        Args:
            room: Name of the room.
            agent: Identity of the agent that leads it.
            text: The conversation.
        """

    def read(self, room: str) -> str | None:
        """Return the conversation of a room; None if none is kept."""

    def forget(self, room: str, agent: str) -> None:
        """Forget the conversation of a closed room, unless another agent continues it."""


class NoConversations:
    """A store that keeps no conversations."""

    def keep(self, room: str, agent: str, text: str) -> None:
        """Keep nothing."""

    def read(self, room: str) -> str | None:  # noqa: ARG002 - there is none
        """Return None."""
        return None

    def forget(self, room: str, agent: str) -> None:
        """Do nothing."""


class LocalConversations:
    """A SQLite file, readable only by this user. Deleted text is overwritten.

    Args:
        directory: Created at the first use.
        clock: Returns Unix time in seconds.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self._directory = directory
        self._clock = clock

    def keep(self, room: str, agent: str, text: str) -> None:
        """Keep the conversation of a room."""
        now = self._clock()
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO conversations VALUES (?, ?, ?, ?)", (room, agent, text, now + KEPT)
            )

    def read(self, room: str) -> str | None:
        """Return the conversation of a room; None if none is kept."""
        with self._open() as database:
            found = database.execute("SELECT text FROM conversations WHERE room = ?", (room,)).fetchone()
        return None if found is None else str(found[0])

    def forget(self, room: str, agent: str) -> None:
        """Forget the conversation of a room, unless another agent continues it."""
        with self._open() as database:
            database.execute("DELETE FROM conversations WHERE room = ? AND agent = ?", (room, agent))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._directory / "conversations.sqlite3"
            with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None)) as database:
                database.execute("PRAGMA secure_delete = ON")
                database.execute(_SCHEMA)
                database.execute("DELETE FROM conversations WHERE until <= ?", (self._clock(),))
                yield database
        except (OSError, sqlite3.Error) as error:
            message = f"the conversations in {self._directory} can't be used: {error}"
            raise JournalError(message) from error


class FleetConversations:
    """The conversations in a Redis; while it is away, in this machine's own store.

    Args:
        local: This machine's conversations.
        state: The Redis.
        owner: Returns the name under which this process has its lease: without a lease nothing is stored.
    """

    def __init__(self, local: LocalConversations, state: RedisState, owner: Callable[[], str]) -> None:
        self._local = local
        self._state = state
        self._owner = owner

    def keep(self, room: str, agent: str, text: str) -> None:
        """Keep the conversation of a room."""
        try:
            self._state.run("keep", room, self._owner(), agent, text, KEPT)
        except StateAwayError:
            self._local.keep(room, agent, text)

    def read(self, room: str) -> str | None:
        """Return the conversation of a room; None if none is kept."""
        try:
            found = self._state.conversation(room)
        except StateAwayError:
            found = None
        return found or self._local.read(room)

    def forget(self, room: str, agent: str) -> None:
        """Forget the conversation of a room, unless another agent continues it. One that stays expires."""
        self._local.forget(room, agent)
        self._state.run("forget", room, self._owner(), agent)
