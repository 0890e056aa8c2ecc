"""Transactions that several threads and processes share, on a connection that is kept."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from avatar.sessions import database as module
from avatar.sessions.database import Database
from tests.avatar.sessions.forks import SCHEMA, note, notes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path of a file that does not exist yet."""
    return tmp_path / "notes.sqlite3"


@pytest.fixture
def database(path: Path) -> Database:
    """Return an unopened database."""
    return Database(path, SCHEMA)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return the paths that are opened from now on."""
    paths: list[object] = []
    connect = sqlite3.connect

    def noting(path: Path, **options: object) -> object:
        paths.append(path)
        return connect(path, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(sqlite3, "connect", noting)
    return paths


def test_a_failed_transaction_writes_nothing(database: Database) -> None:
    """A transaction is written whole or not at all, and the file stays usable."""
    note(database, "kept")
    with pytest.raises(sqlite3.IntegrityError):
        note(database, "lost", None)

    assert notes(database) == ["kept"]
    note(database, "next")
    assert notes(database) == ["kept", "next"]


def test_a_file_can_be_read_during_a_write(database: Database, path: Path) -> None:
    """A reader does not wait for a writer with another connection, and sees nothing of its transaction."""
    reader = Database(path, SCHEMA)
    assert notes(reader) == []
    with database.transaction(write=True) as connection:
        connection.execute("INSERT INTO notes VALUES ('new')")
        assert notes(reader) == []

    assert notes(reader) == ["new"]


def test_the_file_is_opened_once(database: Database, path: Path, opened: list[object]) -> None:
    """The first transaction opens it, and later ones in any thread use the same connection."""
    assert opened == []
    note(database, "one")
    thread = threading.Thread(target=note, args=(database, "two"))
    thread.start()
    thread.join()

    assert notes(database) == ["one", "two"]
    assert opened == [path]


def test_writes_of_another_process_are_seen(database: Database, path: Path) -> None:
    """A kept connection holds no old state of the file."""
    note(database, "ours")
    script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit(); c.close()"
    insert = "INSERT INTO notes VALUES ('theirs')"
    subprocess.run([sys.executable, "-c", script, str(path), insert], check=True)  # noqa: S603 - our own script

    assert notes(database) == ["ours", "theirs"]


def test_threads_take_turns(database: Database) -> None:
    """Transactions of several threads at once are all written."""
    texts = [str(number) for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda text: note(database, text), texts))

    assert sorted(notes(database), key=int) == texts


def test_a_thread_does_not_wait_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of another thread that does not end is an error, as one of another process is."""
    monkeypatch.setattr(module, "_BUSY_TIMEOUT", 0.01)
    with (
        database.transaction(write=True),
        ThreadPoolExecutor(1) as threads,
        pytest.raises(sqlite3.OperationalError, match="another thread"),
    ):
        threads.submit(note, database, "late").result()

    assert notes(database) == []


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_was_removed_is_created_again(database: Database, path: Path, *, is_replaced: bool) -> None:
    """The kept connection to the removed file is not used, and another process's new file stays whole."""
    note(database, "lost")
    for each in path.parent.iterdir():
        each.unlink()
    other = Database(path, SCHEMA)
    if is_replaced:
        note(other, "theirs")
    note(database, "ours")

    assert notes(other) == (["theirs", "ours"] if is_replaced else ["ours"])


def test_a_closed_database_can_be_used_again(database: Database, path: Path) -> None:
    """Closing leaves one file, and the next transaction opens it."""
    note(database, "one")
    database.close()

    assert list(path.parent.iterdir()) == [path]
    assert notes(database) == ["one"]


def test_a_large_transaction_takes_no_disk_for_long(database: Database, path: Path) -> None:
    """The log of writes shrinks although its file stays open."""
    log = Path(f"{path}-wal")
    note(database, "x" * 8_000_000)
    size = log.stat().st_size
    note(database, "small")
    note(database, "small")

    assert size > 8_000_000
    assert log.stat().st_size <= 4_194_304


def test_an_unused_database_closes_its_file(path: Path) -> None:
    """An object that is no longer referenced leaves no open file, and no warning of one."""
    note(Database(path, SCHEMA), "one")

    assert list(path.parent.iterdir()) == [path]


def test_a_fork_has_its_own_connection(tmp_path: Path) -> None:
    """Writes of both processes are kept, and a fork is not locked out by a transaction of its parent."""
    command = [sys.executable, "-m", "tests.avatar.sessions.forks", str(tmp_path)]
    printed = subprocess.check_output(command, text=True, cwd=ROOT, timeout=50)  # noqa: S603 - our own script

    assert printed.splitlines() == [
        # The fork writes when its parent has closed the file.
        "fork before after fork",
        "parent before after fork",
        # The fork begins when a thread of its parent has written.
        "fork thread fork",
        "parent thread fork",
        # The transaction of its parent goes on.
        "fork",
        "parent parent",
    ]
