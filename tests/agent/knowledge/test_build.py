"""Building an index: new documents are read, unchanged ones are kept, and failures are logged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent.knowledge import build
from agent.knowledge.build import Builder, Built
from agent.knowledge.fetch import Fetcher, networks_of
from agent.knowledge.index import index_path, read_index
from agent.knowledge.reader import DocumentReader
from agent.knowledge.search import search
from agent.knowledge.sources import Knowledge
from tests.agent.knowledge.pdf import pdf
from tests.agent.knowledge.servers import site

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from agent.knowledge.passages import Section
    from agent.knowledge.sources import Kind


class CountingReader(DocumentReader):
    """A reader that counts the documents it has read."""

    count = 0

    async def read(self, kind: Kind, path: Path) -> tuple[str, list[Section]]:
        self.count += 1
        return await super().read(kind, path)


class Shelf:
    """Sources in a folder, their index, and a clock.

    Attributes:
        index: The index file.
        now: Unix time, in seconds.
        reader: The document reader.
        progress: Reported progress, as documents done and their number.
    """

    def __init__(self, folder: Path, *sources: str) -> None:
        self._folder = folder
        self._knowledge = Knowledge(sources=sources, refresh_hours=1)
        self.index = index_path(folder / "state", self._knowledge, folder)
        self.now = 1_000.0
        self.reader = CountingReader()
        self.progress: list[tuple[int, int]] = []

    async def build(self) -> Built:
        """Build the index."""
        async with self.reader:
            builder = Builder(
                self._knowledge,
                self._folder,
                self.index,
                fetcher=Fetcher(networks_of("127.0.0.0/8")),
                reader=self.reader,
                on_progress=lambda done, of: self.progress.append((done, of)),
                now=lambda: self.now,
            )
            return await builder.build()

    def best(self, query: str) -> str:
        """Return title and text of the passage that matches best."""
        found = search(self.index, query, 1)
        return f"{found[0].title}: {found[0].text.strip()}" if found else ""


async def test_documents_of_all_kinds_are_found(tmp_path: Path) -> None:
    """Passages have titles, and progress is reported."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "returns.md").write_text("# Returns\nThirty days.")
    (tmp_path / "book" / "warranty.pdf").write_bytes(pdf("The warranty lasts two years."))
    async with site() as made:
        made.pages["/faq"] = (
            "text/html",
            b"<html><title>FAQ</title><body><p>The shop opens at nine.</p></body></html>",
        )
        shelf = Shelf(tmp_path, "book", f"{made.url}/faq")
        built = await shelf.build()

    assert (len(built.documents), built.passages, built.failures) == (3, 3, {})
    assert shelf.best("returns") == "returns.md: Thirty days."
    assert shelf.best("warranty") == "warranty.pdf: The warranty lasts two years."
    assert shelf.best("when does the shop open") == "FAQ: The shop opens at nine."
    assert shelf.progress == [(1, 3), (2, 3), (3, 3)]


async def test_an_unchanged_document_is_not_read_again(tmp_path: Path) -> None:
    """A changed file is read, and a deleted one is dropped."""
    for name in ("a.md", "b.md", "c.md"):
        (tmp_path / name).write_text(f"Old {name}.")
    shelf = Shelf(tmp_path, ".")
    await shelf.build()
    written = shelf.index.stat().st_mtime_ns
    await shelf.build()
    assert (shelf.reader.count, shelf.index.stat().st_mtime_ns) == (3, written)

    (tmp_path / "a.md").write_text("The lighthouse is new.")
    (tmp_path / "c.md").unlink()
    built = await shelf.build()

    assert shelf.reader.count == 4
    assert [document.title for document in built.documents] == ["a.md", "b.md"]
    assert shelf.best("lighthouse") == "a.md: The lighthouse is new."


async def test_a_broken_document_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The other documents are indexed."""
    (tmp_path / "broken.pdf").write_bytes(pdf("Thirty days.")[:80])
    (tmp_path / "scan.pdf").write_bytes(pdf(""))
    (tmp_path / "good.md").write_text("Two years.")
    built = await Shelf(tmp_path, ".").build()

    assert [document.title for document in built.documents] == ["good.md"]
    assert sorted(os.path.basename(location) for location in built.failures) == ["broken.pdf", "scan.pdf"]  # noqa: PTH119
    assert [record.message for record in caplog.records] == ["a document can't be read"] * 2
    assert {record.__dict__["so"] for record in caplog.records} == {"it is left out"}


async def test_a_link_that_is_down_keeps_its_old_copy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The copy is used until the link works again; a link that was never read is left out."""
    async with site() as made:
        made.pages["/faq"] = ("text/plain", b"The shop opens at nine.")
        shelf = Shelf(tmp_path, f"{made.url}/faq", f"{made.url}/never?key=secret")
        await shelf.build()
        shelf.now += 3_599.0
        await shelf.build()
        assert made.asked.count("/faq") == 1

        shelf.now += 1.0
        made.pages["/faq"] = 503
        built = await shelf.build()
        assert built.failures[f"{made.url}/faq"] == "the answer was 503"
        assert shelf.best("shop").endswith("The shop opens at nine.")

        made.pages["/faq"] = ("text/plain", b"The shop opens at ten.")
        await shelf.build()
        assert shelf.best("shop").endswith("The shop opens at ten.")

    assert "an older copy is used" in {record.__dict__["so"] for record in caplog.records}
    assert not any("secret" in str(record.__dict__) for record in caplog.records)


async def test_the_size_of_all_documents_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of each file is limited as well."""
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("x" * 60)
    (tmp_path / "c.md").write_text("x" * 200)
    monkeypatch.setattr(build, "_LONGEST_KNOWLEDGE", 100)
    monkeypatch.setattr(build, "LONGEST_DOCUMENT", 150)
    built = await Shelf(tmp_path, ".").build()

    assert [document.title for document in built.documents] == ["a.md"]
    assert len(built.failures) == 2


async def test_a_broken_index_is_rebuilt(tmp_path: Path) -> None:
    """The file may hold anything."""
    (tmp_path / "a.md").write_text("Two years.")
    shelf = Shelf(tmp_path, "a.md")
    await shelf.build()
    shelf.index.write_bytes(b"x" * 10_000)
    await shelf.build()

    assert len(read_index(shelf.index)) == 1
