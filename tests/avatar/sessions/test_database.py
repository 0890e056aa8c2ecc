"""Transactions that several processes share."""

import sqlite3
from pathlib import Path

import pytest

from avatar.sessions.database import transaction

SCHEMA = ("CREATE TABLE IF NOT EXISTS notes (text TEXT NOT NULL)",)


def notes(path: Path) -> list[str]:
    """Return the notes in the file."""
    with transaction(path, SCHEMA, write=False) as database:
        return [row["text"] for row in database.execute("SELECT text FROM notes")]


def note(path: Path, *texts: str | None) -> None:
    """Write these notes in one transaction."""
    with transaction(path, SCHEMA, write=True) as database:
        for text in texts:
            database.execute("INSERT INTO notes VALUES (?)", (text,))


def test_a_failed_transaction_writes_nothing(tmp_path: Path) -> None:
    """A transaction is written whole or not at all, and the file stays usable."""
    path = tmp_path / "notes.sqlite3"
    note(path, "kept")
    with pytest.raises(sqlite3.IntegrityError):
        note(path, "lost", None)

    assert notes(path) == ["kept"]


def test_a_file_can_be_read_during_a_write(tmp_path: Path) -> None:
    """A reader does not wait for a writer, and sees nothing of its transaction."""
    path = tmp_path / "notes.sqlite3"
    assert notes(path) == []
    with transaction(path, SCHEMA, write=True) as database:
        database.execute("INSERT INTO notes VALUES ('new')")
        assert notes(path) == []

    assert notes(path) == ["new"]
