"""The sessions that were made and not yet seen to be stopped, on disk: what outlives a process that is killed."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from avatar.errors import AvatarError
from avatar.sessions.owner_lock import OwnerLock, is_alive, owners_in

State = Literal["made", "started", "stopping"]

_BUSY_TIMEOUT = 2.0

# Seconds that an ended session is remembered, for what was used in a month.
_KEPT = 40 * 86_400.0

# Seconds after which a `/start` whose answer never came will not take effect any more: starts that took 30 s were seen
# (field observation 3). A stop may overtake the start, so until then a session counts as open, however its stop was
# answered.
_IN_FLIGHT = 45.0

# Seconds without a command after which the service ends a session ("LITE events").
_UNUSED = 300.0

# Seconds after which any process may repeat a stop that a living owner has tried: an owner gives up sooner.
_GIVEN_UP = 15.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sessions (
    session_id TEXT PRIMARY KEY,
    api_url TEXT NOT NULL,
    owner TEXT NOT NULL,
    room TEXT NOT NULL,
    state TEXT NOT NULL,
    made_at REAL NOT NULL,
    started_at REAL,
    ends_by REAL NOT NULL,
    stopping_at REAL,
    stops INTEGER NOT NULL DEFAULT 0,
    ended_at REAL
)
"""

# After a stop that was not confirmed the next one waits 2 s, then twice as long each time, 32 s at most.
_DUE = """
SELECT * FROM sessions
WHERE ended_at IS NULL AND api_url = :api_url
  AND (stopping_at IS NULL OR stopping_at <= :now - (1 << MIN(stops, 5)))
"""

_USED = """
SELECT SUM(MAX(0.0, MIN(COALESCE(ended_at, :now), ends_by) - MAX(COALESCE(started_at, made_at), :since)))
FROM sessions WHERE api_url = COALESCE(:api_url, api_url) AND room = COALESCE(:room, room)
"""


class JournalError(AvatarError):
    """The journal can't be read or written; the message names its directory."""


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
class Claim:
    """Sessions that only the holder of this claim stops, as long as it holds the locks of their owners."""

    entries: list[JournalEntry]
    locks: list[OwnerLock]


class SessionJournal:
    """A SQLite file, and a lock for each process that owns sessions in it.

    All methods block for a moment: call them in a thread. They may be called by any thread, before or after a fork.
    The directory has to be on a local disk; several processes and containers may share it.

    Args:
        directory: Is made, for this user alone, when it is needed first.
        clock: Gives Unix time.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._clock = clock
        self._owners = directory / "owners"
        self._lock: OwnerLock | None = None
        self._is_disowned = False
        self._taking = threading.Lock()

    def prepare(self) -> None:
        """Make sure that sessions can be noted.

        Raises:
            JournalError: They can't; so does every other method.
        """
        with self._transaction(write=True):
            pass

    def add(self, session_id: str, *, api_url: str, room: str = "") -> None:
        """Note a session that is about to be started; this process becomes its owner."""
        now = self._clock()
        with self._transaction(write=True) as database:
            database.execute("DELETE FROM sessions WHERE made_at < ?", (now - _KEPT,))
            database.execute(
                "INSERT OR REPLACE INTO sessions (session_id, api_url, owner, room, state, made_at, ends_by)"
                " VALUES (?, ?, ?, ?, 'made', ?, ?)",
                (session_id, api_url, self._own(), room, now, now + _UNUSED),
            )

    def adopt(self, session_id: str, *, room: str) -> bool:
        """Become the owner of a session that another process has started for this one.

        Returns:
            Whether it is this process's now. If not, it is being stopped, or is over.
        """
        with self._transaction(write=True) as database:
            adopted = database.execute(
                "UPDATE sessions SET owner = ?, room = ?"
                " WHERE session_id = ? AND ended_at IS NULL AND state != 'stopping'",
                (self._own(), room, session_id),
            )
        return adopted.rowcount > 0

    def take_back(self, session_id: str) -> bool:
        """Note that a session is about to be stopped that was started for another process, which has not adopted it.

        Returns:
            Whether it is to be stopped. If not, it is another's now, or is over.
        """
        with self._transaction(write=True) as database:
            taken = database.execute(
                "UPDATE sessions SET state = 'stopping', stopping_at = ?"
                " WHERE session_id = ? AND ended_at IS NULL AND owner = ?",
                (self._clock(), session_id, self._own()),
            )
        return taken.rowcount > 0

    def mark_started(self, session_id: str, max_duration: float | None = None) -> None:
        """Note that the service has started it, and after how many seconds it will end it."""
        now = self._clock()
        ends_by = now + (max_duration or _KEPT)
        self._update("state = 'started', started_at = ?, ends_by = ?", session_id, now, ends_by)

    def mark_stopping(self, session_id: str) -> None:
        """Note that it is about to be stopped."""
        self._update("state = 'stopping', stopping_at = ?, stops = stops + 1", session_id, self._clock())

    def mark_stopped(self, session_id: str) -> None:
        """Note that the service has confirmed a stop, or knows of no such session.

        One whose start was never answered, and may still happen, stays; the next sweep stops it once more.
        """
        with self._transaction(write=True) as database:
            database.execute(
                "UPDATE sessions SET ended_at = :now WHERE session_id = :session_id AND ended_at IS NULL"
                " AND (started_at IS NOT NULL OR made_at < :now - :in_flight)",
                {"now": self._clock(), "session_id": session_id, "in_flight": _IN_FLIGHT},
            )

    def entries(self) -> list[JournalEntry]:
        """All sessions that are not known to be stopped, the oldest first."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM sessions WHERE ended_at IS NULL ORDER BY made_at").fetchall()
        return [_entry(row) for row in rows]

    def is_owned(self, entry: JournalEntry) -> bool:
        """Whether the process that made a session lives."""
        return is_alive(self._owners, entry.owner)

    def seconds_used(self, since: float, *, api_url: str | None = None, room: str | None = None) -> float:
        """Seconds of sessions, running and ended, since a Unix time at most 40 days ago.

        Those of one service or of all, and of one room or of all.

        A session counts from its start to its confirmed stop, but no longer than the service lets it run.
        """
        with self._transaction() as database:
            values = {"now": self._clock(), "since": since, "api_url": api_url, "room": room}
            (seconds,) = database.execute(_USED, values).fetchone()
        return float(seconds or 0.0)

    def claim(self, api_url: str) -> Claim:
        """Take what is left running by owners that are dead, and what living ones have failed to stop.

        Until `release`, no other process is given the sessions of the dead owners.
        """
        now = self._clock()
        with self._transaction() as database:
            rows = database.execute(_DUE, {"now": now, "api_url": api_url}).fetchall()
        with _told(self.directory):
            locks = self._take_over({row["owner"] for row in rows})
        names = {lock.name for lock in locks}
        due = [row for row in rows if row["owner"] in names or now - (row["stopping_at"] or now) > _GIVEN_UP]
        return Claim([_entry(row) for row in due], locks)

    def release(self, claim: Claim) -> None:
        """Give up a claim; of owners that are dead and have no session nothing is left."""
        for lock in claim.locks:
            lock.release()
        owing = {entry.owner for entry in self.entries()}
        with _told(self.directory):
            for lock in self._take_over(owners_in(self._owners) - owing):
                lock.release(remove=True)

    def disown(self) -> None:
        """Own nothing any more: what this process has left running is for the next sweep, and it starts no other."""
        with self._taking:
            self._is_disowned = True
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def _take_over(self, names: set[str]) -> list[OwnerLock]:
        locks = (OwnerLock.take_over(self._owners, name) for name in names)
        return [lock for lock in locks if lock is not None]

    def _own(self) -> str:
        """The name of this process, which from now on is seen to live.

        Raises:
            JournalError: It owns nothing any more.
        """
        with self._taking:
            if self._is_disowned:
                message = "this process is about to end: it starts no session"
                raise JournalError(message)
            if self._lock is None or not self._lock.is_held:
                self._lock = OwnerLock.make(self._owners)
            return self._lock.name

    def _update(self, assignment: str, session_id: str, *values: float) -> None:
        with self._transaction(write=True) as database:
            database.execute(
                f"UPDATE sessions SET {assignment} WHERE session_id = ? AND ended_at IS NULL",  # noqa: S608 - our own words
                (*values, session_id),
            )

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection for one transaction: an open one could not be carried through a fork."""
        with _told(self.directory):
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._owners.mkdir(mode=0o700, exist_ok=True)
            path = self.directory / "sessions.sqlite3"
            with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None)) as database:
                database.row_factory = sqlite3.Row
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(_SCHEMA)
                database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                yield database
                database.execute("COMMIT")


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        message = f"the session journal in {directory} can't be used: {error}"
        raise JournalError(message) from error


def _entry(row: sqlite3.Row) -> JournalEntry:
    return JournalEntry(**{name: row[name] for name in JournalEntry.__slots__})
