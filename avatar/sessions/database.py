"""Transactions on the SQLite files that hold state beyond the life of a process."""

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

# Seconds for which another process, or another thread of this one, may hold the file.
_BUSY_TIMEOUT = 2.0

# Bytes of disk that the log of writes keeps between two writes; SQLite's automatic checkpoint comes at about as many.
_LOG_SIZE = 4 * 1024 * 1024


class Database:
    """A SQLite file, and this process's connection to it, which is opened when it is first needed and kept.

    Any thread may use it, before and after a fork, one transaction at a time. A transaction inside another one of the
    same object fails.

    Args:
        path: The file's path, in a directory that exists at the first transaction.
        schema: Statements that create missing tables.
    """

    def __init__(self, path: Path, schema: Sequence[str]) -> None:
        self._path = path
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result | None = None
        _databases[id(self)] = self

    def __del__(self) -> None:
        self._close()

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """Run the body in a transaction, which an exception undoes.

        Args:
            write: True to write, so that no other process writes meanwhile.

        Raises:
            OSError: The file was removed while it was opened.
            sqlite3.Error: The file can't be used.
        """
        if not self._lock.acquire(timeout=_BUSY_TIMEOUT):
            message = "another thread of this process uses the database"
            raise sqlite3.OperationalError(message)
        try:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            # Closing undoes the transaction, whatever state the connection is in.
            self._close()
            raise
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection between two transactions; the next transaction opens another one."""
        if self.hold():
            self.let_go()

    def hold(self) -> bool:
        """Close the connection, and let no transaction begin until `let_go`.

        Returns:
            False if a transaction has not ended in time.
        """
        is_held = self._lock.acquire(timeout=_BUSY_TIMEOUT)
        if is_held:
            self._close()
        return is_held

    def let_go(self) -> None:
        """End what `hold` has begun."""
        self._lock.release()

    def abandon(self) -> None:
        """Leave the connection to the parent of this fork, whose transaction did not end in time."""
        if self._connection is not None:
            _parents.append(self._connection)
            self._connection = None
        self._lock = threading.Lock()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None or not self._is_at_path():
            self._close()
            self._connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            self._file = self._path.stat()
            self._connection.row_factory = sqlite3.Row
            for statement in ("PRAGMA journal_mode = WAL", f"PRAGMA journal_size_limit = {_LOG_SIZE}", *self._schema):
                self._connection.execute(statement)
        return self._connection

    def _is_at_path(self) -> bool:
        """Return whether the open file is still the one at the path: someone may have removed the directory."""
        try:
            return self._file is not None and os.path.samestat(self._file, self._path.stat())
        except OSError:
            return False

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


# By identity; weak, so that a database that is no longer used is closed.
_databases: WeakValueDictionary[int, Database] = WeakValueDictionary()

# Connections of this fork's parent, which must not be closed here.
_parents: list[sqlite3.Connection] = []


class _Forking(threading.local):
    """The databases that the forking thread holds."""

    held: Sequence[Database] = ()


_forking = _Forking()


def _all() -> list[Database]:
    # The references are listed at once, since other threads add to them.
    return [each for each in (ref() for ref in _databases.valuerefs()) if each is not None]


def _before_fork() -> None:
    # A fork copies SQLite's list of the locks of this process, but not the locks. If a connection were open, even a new
    # connection of the fork would rely on locks that the fork does not have: writes were lost, or the file stayed
    # locked (https://www.sqlite.org/howtocorrupt.html, "Carrying an open database connection across a fork").
    _forking.held = [each for each in _all() if each.hold()]


def _after_fork() -> None:
    for each in _forking.held:
        each.let_go()
    _forking.held = ()


def _after_fork_in_child() -> None:
    for each in _all():
        if each not in _forking.held:
            each.abandon()
    _after_fork()


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
