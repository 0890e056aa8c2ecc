"""The tool with which the language model searches the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.agents import ToolError

from agent.knowledge.embed import embed_index
from agent.knowledge.index import Document, write_index
from agent.knowledge.passages import Section
from agent.knowledge.sources import Knowledge
from agent.knowledge.tool import knowledge_tool
from agent.tools.cards import ListCard, ListEntry
from tests.agent.knowledge.embedder import embedder

if TYPE_CHECKING:
    from pathlib import Path

BOOK = Knowledge(sources=("book",), about="the shop's handbook")


async def test_passages_are_given_with_their_sources(tmp_path: Path) -> None:
    """The language model gets text, the page a card."""
    index = tmp_path / "index.sqlite"
    faq = Document("https://example.com/faq", "FAQ", "", 0.0, (Section("Warranty", "It lasts two years."),))
    write_index(index, [faq, Document("/book/a.pdf", "a.pdf", "1", 0.0, (Section("page 3", "Warranty: see FAQ."),))])
    text, card = await knowledge_tool(BOOK, index)(raw_arguments={"query": "warranty"})

    assert text == "[1] FAQ, Warranty:\nIt lasts two years.\n\n[2] a.pdf, page 3:\nWarranty: see FAQ."
    assert card == ListCard(
        title="warranty",
        entries=(
            ListEntry(title="FAQ", text="Warranty: It lasts two years.", url="https://example.com/faq"),
            ListEntry(title="a.pdf", text="page 3: Warranty: see FAQ."),
        ),
    )


async def test_a_passage_is_found_by_its_meaning(tmp_path: Path) -> None:
    """Embeddings are used if there are any; a persona that disables them sends no question."""
    index = tmp_path / "index.sqlite"
    write_index(index, [Document("/a.md", "a.md", "1", 0.0, (Section("", "Umtausch in dreißig Tagen."),))])
    async with embedder() as server:
        embeddings = server.embeddings()
        await embed_index(index, embeddings, lambda *_: None)
        count = len(server.asked)
        private = BOOK.model_copy(update={"embeddings": False})
        by_words = await knowledge_tool(private, index, embeddings)(raw_arguments={"query": "bring it back"})
        assert (by_words, len(server.asked)) == (["The documents say nothing about that."], count)
        text, _ = await knowledge_tool(BOOK, index, embeddings)(raw_arguments={"query": "bring it back"})

    assert text == "[1] a.md:\nUmtausch in dreißig Tagen."


async def test_nothing_found_is_an_answer(tmp_path: Path) -> None:
    """There is no card."""
    index = tmp_path / "index.sqlite"
    write_index(index, [])

    assert await knowledge_tool(BOOK, index)(raw_arguments={"query": "x"}) == ["The documents say nothing about that."]


async def test_a_missing_index_is_an_error_for_the_model(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The log names the index, and the call goes on."""
    with pytest.raises(ToolError, match="can't be searched at the moment"):
        await knowledge_tool(BOOK, tmp_path / "none.sqlite")(raw_arguments={"query": "x"})

    assert [record.message for record in caplog.records] == ["the knowledge of a persona can't be searched"]


def test_the_model_learns_what_the_documents_are_about(tmp_path: Path) -> None:
    """The tool's description says it."""
    told = knowledge_tool(BOOK, tmp_path).info.raw_schema

    assert told["name"] == "search_knowledge"
    assert "Search your own documents: the shop's handbook." in told["description"]
