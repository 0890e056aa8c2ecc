"""Forks of a process that uses a database. Prints the notes that each process sees at its end."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from avatar.sessions import database as module
from avatar.sessions.database import Database

SCHEMA = ("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)",)


def notes(database: Database) -> list[str]:
    """Return the notes in the file."""
    with database.transaction(write=False) as connection:
        return [row["text"] for row in connection.execute("SELECT text FROM notes")]


def note(database: Database, *texts: str | None) -> None:
    """Write these notes in one transaction."""
    with database.transaction(write=True) as connection:
        for text in texts:
            connection.execute("INSERT INTO notes VALUES (?)", (text,))


def fork(run: Callable[[], object]) -> Callable[[], None]:
    """Run a function in a fork; return a function that waits for the fork's end."""
    if (child := os.fork()) == 0:
        run()
        os._exit(0)

    def wait() -> None:
        if os.waitpid(child, 0)[1]:
            sys.exit("the fork has failed")

    return wait


def show(process: str, database: Database) -> None:
    """Print the notes that a process sees."""
    os.write(1, f"{' '.join([process, *notes(database)])}\n".encode())


def fork_while_open(database: Database) -> None:
    """Fork while the file is open. The fork writes when its parent has closed the file."""
    (opened, tell_parent), (closed, tell_fork) = os.pipe(), os.pipe()

    def child() -> None:
        notes(database)
        os.write(tell_parent, b"x")
        os.read(closed, 1)
        note(database, "fork")
        show("fork", database)

    note(database, "before")
    wait = fork(child)
    os.read(opened, 1)
    note(database, "after")
    database.close()
    os.write(tell_fork, b"x")
    wait()
    show("parent", database)


def fork_during_a_write(database: Database) -> None:
    """Fork while another thread writes."""
    began = threading.Event()

    def write() -> None:
        with database.transaction(write=True) as connection:
            began.set()
            time.sleep(0.2)
            connection.execute("INSERT INTO notes VALUES ('thread')")

    def child() -> None:
        note(database, "fork")
        show("fork", database)

    thread = threading.Thread(target=write)
    thread.start()
    began.wait()
    fork(child)()
    thread.join()
    show("parent", database)


def fork_in_a_transaction(database: Database) -> None:
    """Fork while a transaction does not end in time; the fork leaves it to its parent."""
    module._BUSY_TIMEOUT = 0.1
    with database.transaction(write=True) as connection:
        connection.execute("INSERT INTO notes VALUES ('parent')")
        fork(lambda: show("fork", database))()
    show("parent", database)


if __name__ == "__main__":
    for each in (fork_while_open, fork_during_a_write, fork_in_a_transaction):
        each(Database(Path(sys.argv[1]) / each.__name__, SCHEMA))
