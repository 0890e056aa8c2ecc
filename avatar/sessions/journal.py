"""The journal on disk of sessions that were created and may still run; it outlives a process that is killed."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from avatar.sessions.database import Database
from avatar.sessions.owner_lock import OwnerLock, is_alive, owners_in
from avatar.sessions.port import Claim, Journal, JournalEntry, JournalError, State

__all__ = ["Claim", "Journal", "JournalEntry", "JournalError", "SessionJournal", "SessionRow", "State"]

# Seconds for which an ended session is kept, to count the usage of a month.
_KEPT = 40 * 86_400.0

# Seconds after which a `/start` that was never answered can no longer take effect: starts that took 30 s were seen
# (field observation 3). A stop may overtake the start, so until then a session counts as open, whatever the answer to
# its stop.
_IN_FLIGHT = 45.0

# Seconds without a command after which the service ends a session ("LITE events").
_UNUSED = 300.0

# Seconds after which any process may repeat a stop that a living owner has tried: an owner gives up sooner.
_GIVEN_UP = 15.0

# Seconds for which a slot is held for a room whose session is about to be started.
_SLOT_HELD = 60.0

_SCHEMA = (
    """
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
""",
    "CREATE TABLE IF NOT EXISTS slots (room TEXT PRIMARY KEY, api_url TEXT NOT NULL, until REAL NOT NULL)",
    # The number of changes to a session's row, and the last change that was shared with other machines.
    """
CREATE TABLE IF NOT EXISTS changes (
    session_id TEXT PRIMARY KEY, change INTEGER NOT NULL DEFAULT 1, shared INTEGER NOT NULL DEFAULT 0
)
""",
    """
CREATE TRIGGER IF NOT EXISTS count_insert AFTER INSERT ON sessions BEGIN
    INSERT INTO changes (session_id) VALUES (new.session_id) ON CONFLICT DO UPDATE SET change = change + 1;
END
""",
    """
CREATE TRIGGER IF NOT EXISTS count_update AFTER UPDATE ON sessions BEGIN
    INSERT INTO changes (session_id) VALUES (new.session_id) ON CONFLICT DO UPDATE SET change = change + 1;
END
""",
)

# The rooms that have a session, and those for which a slot is held.
_SLOTS = """
SELECT COUNT(*) FROM (
    SELECT COALESCE(NULLIF(room, ''), session_id) AS room FROM sessions WHERE ended_at IS NULL AND api_url = :api_url
    UNION SELECT room FROM slots WHERE until > :now AND api_url = :api_url
) WHERE room != :beside
"""

# Times are shared as ages in seconds, since the clocks of two machines differ.
_UNSHARED = """
SELECT session_id, api_url, owner, room, state, stops, change, :now - made_at AS made, :now - started_at AS started,
    ends_by - :now AS ends_in, :now - stopping_at AS stopping, :now - ended_at AS ended
FROM sessions JOIN changes USING (session_id) WHERE change > shared LIMIT 500
"""

# After an unconfirmed stop the next one waits 2 s, then twice as long each time, 32 s at most.
_DUE = """
SELECT * FROM sessions
WHERE ended_at IS NULL AND api_url = :api_url
  AND (stopping_at IS NULL OR stopping_at <= :now - (1 << MIN(stops, 5)))
"""

_USED = """
SELECT SUM(MAX(0.0, MIN(COALESCE(ended_at, :now), ends_by) - MAX(COALESCE(started_at, made_at), :since)))
FROM sessions WHERE api_url = COALESCE(:api_url, api_url) AND room = COALESCE(:room, room)
"""


@dataclass(frozen=True, slots=True)
class _LockedClaim(Claim):
    """A claim that lasts as long as it holds the dead owners' locks."""

    locks: list[OwnerLock] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session's row, for a journal of several machines.

    Attributes:
        session_id: The service's id of the session.
        change: Grows with each change of the row.
        values: Texts, and ages in seconds; without values that are not known.
    """

    session_id: str
    change: int
    values: dict[str, str | float]


class SessionJournal:
    """A journal in a SQLite file, with a lock for each process that owns sessions in it.

    All methods block for a moment: call them in a thread. They may be called by any thread, before or after a fork.
    The directory has to be on a local disk; several processes and containers may share it.

    Args:
        directory: Created when it is first needed, with access for this user only.
        clock: Returns Unix time in seconds.
    """

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self.directory = directory
        self._clock = clock
        self._database = Database(directory / "sessions.sqlite3", _SCHEMA)
        self._owners = directory / "owners"
        self._lock: OwnerLock | None = None
        self._is_disowned = False
        self._taking = threading.Lock()

    def prepare(self) -> None:
        """Make sure that sessions can be noted.

        Raises:
            JournalError: They can't. Every other method raises the same.
        """
        with self._transaction(write=True):
            pass

    def add(self, session_id: str, *, api_url: str, room: str = "") -> None:
        """Note a session that is about to be started; this process becomes its owner."""
        now = self._clock()
        with self._transaction(write=True) as database:
            database.execute("DELETE FROM sessions WHERE made_at < ?", (now - _KEPT,))
            database.execute("DELETE FROM changes WHERE session_id NOT IN (SELECT session_id FROM sessions)")
            database.execute(
                "INSERT OR REPLACE INTO sessions (session_id, api_url, owner, room, state, made_at, ends_by)"
                " VALUES (?, ?, ?, ?, 'made', ?, ?)",
                (session_id, api_url, self.own(), room, now, now + _UNUSED),
            )

    def adopt(self, session_id: str, *, room: str) -> bool:
        """Become the owner of a session that another process has started for this one.

        Returns:
            True if this process owns it now. If not, it is being stopped, or is over.
        """
        with self._transaction(write=True) as database:
            adopted = database.execute(
                "UPDATE sessions SET owner = ?, room = ?"
                " WHERE session_id = ? AND ended_at IS NULL AND state != 'stopping'",
                (self.own(), room, session_id),
            )
        return adopted.rowcount > 0

    def take_back(self, session_id: str) -> bool:
        """Note that a session, started for another process that has not adopted it, is about to be stopped.

        Returns:
            True if it has to be stopped. If not, another process owns it now, or it is over.
        """
        with self._transaction(write=True) as database:
            taken = database.execute(
                "UPDATE sessions SET state = 'stopping', stopping_at = ?"
                " WHERE session_id = ? AND ended_at IS NULL AND owner = ?",
                (self._clock(), session_id, self.own()),
            )
        return taken.rowcount > 0

    def mark_started(self, session_id: str, max_duration: float | None = None) -> None:
        """Note that the service has started a session, and will end it after `max_duration` seconds."""
        now = self._clock()
        ends_by = now + (max_duration or _KEPT)
        self._update("state = 'started', started_at = ?, ends_by = ?", session_id, now, ends_by)

    def mark_stopping(self, session_id: str) -> None:
        """Note that a session is about to be stopped."""
        self._update("state = 'stopping', stopping_at = ?, stops = stops + 1", session_id, self._clock())

    def mark_stopped(self, session_id: str) -> None:
        """Note that the service has confirmed a stop, or knows of no such session.

        A session whose start was never answered, and may still take effect, stays; the next sweep stops it once more.
        """
        with self._transaction(write=True) as database:
            database.execute(
                "UPDATE sessions SET ended_at = :now WHERE session_id = :session_id AND ended_at IS NULL"
                " AND (started_at IS NOT NULL OR made_at < :now - :in_flight)",
                {"now": self._clock(), "session_id": session_id, "in_flight": _IN_FLIGHT},
            )

    def entries(self) -> list[JournalEntry]:
        """List the sessions that are not known to be stopped, the oldest first."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM sessions WHERE ended_at IS NULL ORDER BY made_at").fetchall()
        return [_entry(row) for row in rows]

    def is_owned(self, entry: JournalEntry) -> bool:
        """Return whether the process that owns a session is alive."""
        return is_alive(self._owners, entry.owner)

    def seconds_used(self, since: float, *, api_url: str | None = None, room: str | None = None) -> float:
        """Return the seconds of sessions, running and ended, since a Unix time at most 40 days ago.

        Counts the sessions of one service or of all, and of one room or of all. A session counts from its start to its
        confirmed stop, but no longer than the service lets it run.
        """
        with self._transaction() as database:
            values = {"now": self._clock(), "since": since, "api_url": api_url, "room": room}
            (seconds,) = database.execute(_USED, values).fetchone()
        return float(seconds or 0.0)

    def slots_used(self, api_url: str, *, beside: str = "") -> int:
        """Count the rooms that use a slot of the account, or hold one, except for the room `beside`."""
        with self._transaction() as database:
            return self._count_slots(database, api_url, beside)

    def take_slot(self, api_url: str, room: str, slots: int) -> bool:
        """Hold a slot for a minute, for a room that is about to start a session, if other rooms leave one free."""
        with self._transaction(write=True) as database:
            is_free = self._count_slots(database, api_url, room) < slots
            if is_free:
                now = self._clock()
                database.execute("DELETE FROM slots WHERE until <= ?", (now,))
                database.execute("INSERT OR REPLACE INTO slots VALUES (?, ?, ?)", (room, api_url, now + _SLOT_HELD))
        return is_free

    def unshared(self) -> list[SessionRow]:
        """List the rows with changes that are not marked as shared; at most 500."""
        with self._transaction() as database:
            rows = [dict(row) for row in database.execute(_UNSHARED, {"now": self._clock()})]
        known = [{name: value for name, value in row.items() if value is not None} for row in rows]
        return [SessionRow(str(row["session_id"]), int(row["change"]), row) for row in known]

    def mark_shared(self, rows: Sequence[SessionRow]) -> None:
        """Note that these rows were shared with other machines; changes since they were listed stay unshared."""
        with self._transaction(write=True) as database:
            database.executemany(
                "UPDATE changes SET shared = ? WHERE session_id = ?", [(row.change, row.session_id) for row in rows]
            )

    def knows(self, session_id: str) -> bool:
        """Return whether a session was noted on this machine."""
        with self._transaction() as database:
            found = database.execute("SELECT 1 FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
        return found is not None

    def unanswered(self) -> list[str]:
        """List the sessions of this process whose start was not answered."""
        with self._transaction() as database:
            rows = database.execute(
                "SELECT session_id FROM sessions WHERE owner = ? AND started_at IS NULL", (self.owner,)
            ).fetchall()
        return [str(row["session_id"]) for row in rows]

    def share_again(self, age: float) -> None:
        """Mark the sessions that run, and those created at most `age` seconds ago, as not shared."""
        with self._transaction(write=True) as database:
            database.execute(
                "UPDATE changes SET shared = 0 WHERE session_id IN"
                " (SELECT session_id FROM sessions WHERE ended_at IS NULL OR made_at > ?)",
                (self._clock() - age,),
            )

    def claim(self, api_url: str, *, with_rooms: bool = False) -> Claim:  # noqa: ARG002 - no rooms are noted
        """Claim the sessions that dead owners left running, and those that living owners have failed to stop.

        Until `release`, no other process can claim the dead owners' sessions.
        """
        now = self._clock()
        with self._transaction() as database:
            rows = database.execute(_DUE, {"now": now, "api_url": api_url}).fetchall()
        with _told(self.directory):
            locks = self._take_over({row["owner"] for row in rows})
        names = {lock.name for lock in locks}
        due = [row for row in rows if row["owner"] in names or now - (row["stopping_at"] or now) > _GIVEN_UP]
        return _LockedClaim([_entry(row) for row in due], locks=locks)

    def release(self, claim: Claim) -> None:
        """Give up a claim, and remove the lock files of dead owners that have no session left."""
        for lock in claim.locks if isinstance(claim, _LockedClaim) else ():
            lock.release()
        owing = {entry.owner for entry in self.entries()}
        with _told(self.directory):
            for lock in self._take_over(owners_in(self._owners) - owing):
                lock.release(remove=True)

    def own(self) -> str:
        """Return the name of this process as an owner; from now on it counts as alive.

        Raises:
            JournalError: The process was disowned.
        """
        with self._taking:
            if self._is_disowned:
                message = "this process is about to end: it starts no session"
                raise JournalError(message)
            if self._lock is None or not self._lock.is_held:
                self._lock = OwnerLock.make(self._owners)
            return self._lock.name

    @property
    def owner(self) -> str:
        """The name of this process as an owner; empty as long as it owns no session."""
        lock = self._lock
        return lock.name if lock is not None and lock.is_held else ""

    def let_go(self) -> None:
        """Give up the sessions that this process owns; later ones are owned under another name."""
        with self._taking:
            if self._lock is not None:
                self._lock.release()
                self._lock = None

    def disown(self) -> None:
        """Give up ownership for good: the next sweep stops this process's sessions, and it starts no other."""
        self._is_disowned = True
        self.let_go()

    def _take_over(self, names: set[str]) -> list[OwnerLock]:
        locks = (OwnerLock.take_over(self._owners, name) for name in names)
        return [lock for lock in locks if lock is not None]

    def _count_slots(self, database: sqlite3.Connection, api_url: str, beside: str) -> int:
        (count,) = database.execute(_SLOTS, {"api_url": api_url, "now": self._clock(), "beside": beside}).fetchone()
        return int(count)

    def _update(self, assignment: str, session_id: str, *values: float) -> None:
        with self._transaction(write=True) as database:
            database.execute(
                f"UPDATE sessions SET {assignment} WHERE session_id = ? AND ended_at IS NULL",  # noqa: S608 - our own words
                (*values, session_id),
            )

    @contextmanager
    def _transaction(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """Run the body in one transaction, in directories that exist."""
        with _told(self.directory):
            if not self._owners.is_dir():
                self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._owners.mkdir(mode=0o700, exist_ok=True)
            with self._database.transaction(write=write) as database:
                yield database


@contextmanager
def _told(directory: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        message = f"the session journal in {directory} can't be used: {error}"
        raise JournalError(message) from error


def _entry(row: sqlite3.Row) -> JournalEntry:
    return JournalEntry(**{name: row[name] for name in JournalEntry.__slots__})
