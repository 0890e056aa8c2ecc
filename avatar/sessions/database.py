"""Transactions on the SQLite files that hold state beyond the life of a process."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

# Seconds for which another process may hold the file.
_BUSY_TIMEOUT = 2.0


@contextmanager
def transaction(path: Path, schema: Sequence[str], *, write: bool) -> Iterator[sqlite3.Connection]:
    """Open a connection for one transaction, since a connection can't be used across a fork.

    Args:
        path: The file's path, in an existing directory.
        schema: Statements that create missing tables.
        write: True to write, so that no other process writes meanwhile.

    Raises:
        sqlite3.Error: The file can't be used.
    """
    with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT, isolation_level=None)) as database:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        for statement in schema:
            database.execute(statement)
        database.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        yield database
        database.execute("COMMIT")
