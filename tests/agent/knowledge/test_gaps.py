"""What a call's report says about missing knowledge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.knowledge.gaps import gaps
from agent.knowledge.index import Document, write_index
from agent.knowledge.passages import Section
from agent.knowledge.sources import Knowledge

if TYPE_CHECKING:
    from pathlib import Path

FAQ, NEWS, SHOP = "https://example.com/faq", "https://example.com/news", "https://example.com/shop?key=secret"
BOOK = Knowledge(sources=("a.md", FAQ, NEWS, SHOP), refresh_hours=1)


def test_links_that_are_missing_or_old_are_named(tmp_path: Path) -> None:
    """Queries of URLs are left out; a link that is due to be fetched again is not old yet."""
    index = tmp_path / "index.sqlite"
    read = {FAQ: 100_000.0, NEWS: 104_000.0}
    write_index(index, [Document(link, "", "", at, (Section("", "x"),)) for link, at in read.items()])

    assert gaps(index, BOOK, now=108_000.0) == [
        "a link of the knowledge could not be read: https://example.com/shop",
        "a link of the knowledge is as it was on 1970-01-02: https://example.com/faq",
    ]


def test_a_missing_index_is_a_gap(tmp_path: Path) -> None:
    """The report says that no document could be read."""
    assert gaps(tmp_path / "none.sqlite", BOOK, now=0.0) == ["the knowledge has no document that could be read"]
