"""Events and reports that are to be delivered, on disk, so that they outlive a killed process."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from avatar.sessions.database import Database
from avatar.sessions.owner_lock import OwnerLock, is_alive, owners_in

Kind = Literal["event", "file"]

# Most bytes of all bodies. Beyond that the oldest items are dropped, of either kind: the newest are worth most.
MOST_BYTES = 256 * 1024 * 1024

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS items (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    made_at REAL NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
)
""",
    "CREATE INDEX IF NOT EXISTS items_by_lane ON items (lane, seq)",
    """
CREATE TABLE IF NOT EXISTS calls (
    job TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    webhook TEXT NOT NULL,
    store TEXT NOT NULL,
    draft TEXT NOT NULL
)
""",
)

# Due items that are the first of their lane: the others wait for it.
_DUE = """
SELECT * FROM items
WHERE due_at <= :now AND seq IN (SELECT MIN(seq) FROM items GROUP BY lane)
ORDER BY due_at LIMIT :most
"""

# All items older than the newest ones that fit together.
_OVER = """
SELECT seq FROM (SELECT seq, SUM(LENGTH(body)) OVER (ORDER BY seq DESC) AS bytes FROM items) WHERE bytes > ?
"""


class OutboxError(Exception):
    """The outbox can't be read or written; the message names its directory."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be delivered.

    Attributes:
        id: Stable; an item whose id is already in the outbox is ignored.
        lane: Items of one lane are delivered one after the other, in the order in which they were put.
        kind: `event` for a webhook, `file` for a file of a report.
        target: The webhook's URL, or the store of reports.
        name: The event's name, or the file's path in the store.
        body: The content.
        made_at: Unix time in seconds.
    """

    id: str
    lane: str
    kind: Kind
    target: str
    name: str
    body: bytes
    made_at: float


@dataclass(frozen=True, slots=True)
class Claimed:
    """An item that only its claimer delivers, until the lease is over.

    Attributes:
        seq: Its number in the outbox.
        item: The item to deliver.
        attempts: Number of earlier attempts.
    """

    seq: int
    item: Item
    attempts: int


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that is not closed yet.

    Attributes:
        job: LiveKit's id of its job.
        webhook: URL for its events; empty for none.
        store: Address for its report; empty for none.
        draft: Its report so far, as JSON.
    """

    job: str
    webhook: str
    store: str
    draft: str


class ReportOutbox:
    """A SQLite file, and a lock for each process that has calls in it; built like the session journal.

    All methods block for a moment: call them in a thread. Several processes may share the directory, which must be on a
    local disk.

    Args:
        directory: Created at the first use, readable for this user only.
        most_bytes: Most bytes of all bodies.
    """

    def __init__(self, directory: Path, most_bytes: int = MOST_BYTES) -> None:
        self.directory = directory
        self._most_bytes = most_bytes
        self._database = Database(directory / "outbox.sqlite3", _SCHEMA)
        self._owners = directory / "owners"
        self._lock: OwnerLock | None = None
        self._taking = threading.Lock()

    def prepare(self) -> None:
        """Make sure that items can be kept.

        Raises:
            OutboxError: They can't; every other method raises it too.
        """
        with self._transaction(write=True):
            pass

    def put(self, items: Sequence[Item]) -> int:
        """Keep items until they are delivered; return how many old ones were dropped to make room."""
        with self._transaction(write=True) as database:
            return self._put(database, items)

    def open_call(self, call: OpenCall, items: Sequence[Item]) -> int:
        """Note that this process has a call, and keep its first items."""
        with self._transaction(write=True) as database:
            database.execute(
                "INSERT OR REPLACE INTO calls (job, owner, webhook, store, draft) VALUES (?, ?, ?, ?, ?)",
                (call.job, self._own(), call.webhook, call.store, call.draft),
            )
            return self._put(database, items)

    def write_draft(self, job: str, draft: str) -> None:
        """Replace the draft of a call's report, which is delivered if this process is killed."""
        with self._transaction(write=True) as database:
            database.execute("UPDATE calls SET draft = ? WHERE job = ?", (draft, job))

    def close_call(self, job: str, items: Sequence[Item]) -> int:
        """Keep the last items of a call and delete its draft, both or neither."""
        with self._transaction(write=True) as database:
            database.execute("DELETE FROM calls WHERE job = ?", (job,))
            return self._put(database, items)

    def abandoned(self) -> list[OpenCall]:
        """List the calls whose process has ended without closing them."""
        with self._transaction() as database:
            rows = database.execute("SELECT * FROM calls").fetchall()
        with _told(self.directory):
            dead = {owner for owner in {row["owner"] for row in rows} if not is_alive(self._owners, owner)}
            self._forget_owners({row["owner"] for row in rows})
        return [OpenCall(*(row[name] for name in OpenCall.__slots__)) for row in rows if row["owner"] in dead]

    def claim(self, now: float, *, lease: float, most: int) -> list[Claimed]:
        """Take the first item of each lane if it is due; no other process gets it within the lease.

        Args:
            now: Unix time.
            lease: Seconds, more than an attempt may take. After a kill the item is due again when they are over.
            most: Largest number of items.
        """
        # Nearly always nothing is due, and a read does not wait for a writer of another process.
        with self._transaction() as database:
            is_due = database.execute(_DUE, {"now": now, "most": 1}).fetchone() is not None
        if not is_due:
            return []
        with self._transaction(write=True) as database:
            rows = database.execute(_DUE, {"now": now, "most": most}).fetchall()
            database.executemany(
                "UPDATE items SET due_at = ? WHERE seq = ?", [(now + lease, row["seq"]) for row in rows]
            )
        return [Claimed(row["seq"], _item(row), row["attempts"]) for row in rows]

    def done(self, seq: int) -> None:
        """Forget an item: it was delivered, or is given up."""
        with self._transaction(write=True) as database:
            database.execute("DELETE FROM items WHERE seq = ?", (seq,))

    def retry(self, seq: int, due_at: float) -> None:
        """Note a failed attempt, and the Unix time when the next one is due."""
        with self._transaction(write=True) as database:
            database.execute("UPDATE items SET due_at = ?, attempts = attempts + 1 WHERE seq = ?", (due_at, seq))

    def drop(self, target: str) -> int:
        """Forget all items of a target; return how many."""
        with self._transaction(write=True) as database:
            return database.execute("DELETE FROM items WHERE target = ?", (target,)).rowcount

    def items(self) -> list[Item]:
        """List everything that is not delivered, the oldest first."""
        with self._transaction() as database:
            return [_item(row) for row in database.execute("SELECT * FROM items ORDER BY seq").fetchall()]

    def _put(self, database: sqlite3.Connection, items: Sequence[Item]) -> int:
        database.executemany(
            "INSERT OR IGNORE INTO items (id, lane, kind, target, name, body, made_at, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(each.id, each.lane, each.kind, each.target, each.name, each.body, each.made_at, 0.0) for each in items],
        )
        over = database.execute(_OVER, (self._most_bytes,)).fetchall()
        database.executemany("DELETE FROM items WHERE seq = ?", [(row["seq"],) for row in over])
        return len(over)

    def _own(self) -> str:
        """Return the owner name of this process; its lock shows that the process lives."""
        with self._taking:
            if self._lock is None or not self._lock.is_held:
                self._lock = OwnerLock.make(self._owners)
            return self._lock.name

    def _forget_owners(self, owing: set[str]) -> None:
        """Remove the files of dead owners that have no call."""
        for name in owners_in(self._owners) - owing:
            if (lock := OwnerLock.take_over(self._owners, name)) is not None:
                lock.release(remove=True)

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
        message = f"the outbox in {directory} can't be used: {error}"
        raise OutboxError(message) from error


def _item(row: sqlite3.Row) -> Item:
    return Item(**{name: row[name] for name in Item.__slots__})
