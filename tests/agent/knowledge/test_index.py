"""The index as a file: written as a whole while others read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.knowledge.index import Document, index_path, open_index, read_index, write_index
from agent.knowledge.passages import Section
from agent.knowledge.sources import Knowledge

if TYPE_CHECKING:
    from pathlib import Path

FAQ = Document("https://example.com/faq", "FAQ", "", 12.5, (Section("Hours", "From nine."), Section("", "To six.")))
NOTES = Document("/notes.txt", "notes.txt", "1-2", 13.5, (Section("", "A note."),))


def test_an_index_reads_back(tmp_path: Path) -> None:
    """Every document is there, and no other file is left."""
    path = tmp_path / "knowledge" / "index.sqlite"
    write_index(path, [FAQ, NOTES])

    assert read_index(path) == {FAQ.location: FAQ, NOTES.location: NOTES}
    assert [file.name for file in path.parent.iterdir()] == ["index.sqlite"]


def test_a_job_goes_on_reading_while_the_index_is_replaced(tmp_path: Path) -> None:
    """An opened index stays as it was."""
    path = tmp_path / "index.sqlite"
    write_index(path, [FAQ])
    opened = open_index(path)
    write_index(path, [NOTES])
    titles = [opened.execute("select title from documents").fetchall()]
    opened.close()

    assert titles == [[("FAQ",)]]
    assert list(read_index(path)) == [NOTES.location]


def test_a_broken_index_counts_as_none(tmp_path: Path) -> None:
    """The next build replaces it."""
    path = tmp_path / "index.sqlite"
    path.write_bytes(b"no database" * 1_000)

    assert read_index(path) == {}
    write_index(path, [NOTES])
    assert list(read_index(path)) == [NOTES.location]


def test_the_same_sources_have_the_same_index(tmp_path: Path) -> None:
    """Other options of the persona don't matter; paths are relative to its folder."""
    book = Knowledge(sources=("book", "https://example.com"))
    paths = {
        index_path(tmp_path, each, folder)
        for each, folder in (
            (book, tmp_path),
            (book.model_copy(update={"refresh_hours": 1.0, "about": "x"}), tmp_path),
            (Knowledge(sources=(str(tmp_path / "book"), "https://example.com")), tmp_path / "elsewhere"),
        )
    }

    assert len(paths) == 1
    assert index_path(tmp_path, book, tmp_path / "elsewhere") not in paths
