"""Vectors in the index: made once, kept while their texts stay, and searched together with full text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.knowledge import embed
from agent.knowledge.embed import embed_index
from agent.knowledge.index import Document, VectorSpace, read_index, read_space, read_vectors, write_index
from agent.knowledge.passages import Section
from agent.knowledge.search import find_passages, search
from tests.agent.knowledge.embedder import embedder

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from agent.knowledge.embeddings import Embeddings

TEXTS = ("Umtausch innerhalb von dreißig Tagen.", "Garantie: zwei Jahre.", "Geöffnet ab neun Uhr.")


def written(tmp_path: Path, *texts: str) -> Path:
    """Write an index of texts."""
    path = tmp_path / "index.sqlite"
    write_index(path, [Document(f"/{text}", "Buch", "1", 0.0, (Section("", text),)) for text in texts])
    return path


async def embedded(index: Path, embeddings: Embeddings) -> list[tuple[int, int]]:
    """Embed an index, and return the progress."""
    told: list[tuple[int, int]] = []
    await embed_index(index, embeddings, lambda done, of: told.append((done, of)))
    return told


async def test_a_question_finds_a_passage_by_its_meaning(tmp_path: Path) -> None:
    """The question may be in another language than the documents, in which full text alone finds nothing."""
    index = written(tmp_path, *TEXTS)
    async with embedder() as server:
        asked = server.embeddings()
        await embedded(index, asked)
        by_both = await find_passages(index, "may I bring it back", 1, asked)
    by_words = search(index, "may I bring it back", 1)

    assert [each.text for each in by_both] == [TEXTS[0]]
    assert by_words == []


async def test_full_text_counts_as_much_as_meaning(tmp_path: Path) -> None:
    """A passage that is best in both rankings comes before those that are best in one."""
    index = written(tmp_path, "Return it.", "Return it in the shop Lumen.", "The shop Lumen is in Bonn.")
    async with embedder() as server:
        asked = server.embeddings()
        await embedded(index, asked)
        found = await find_passages(index, "back to the shop Lumen", 3, asked)

    assert found[0].text == "Return it in the shop Lumen."


async def test_only_new_passages_are_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are sent in groups, with progress; a short text is sent first each time to learn the dimension."""
    monkeypatch.setattr(embed, "_AT_A_TIME", 2)
    index = written(tmp_path, *TEXTS)
    async with embedder() as server:
        told = await embedded(index, server.embeddings())
        assert [len(texts) for texts in server.asked] == [1, 2, 1]
        assert told == [(2, 3), (3, 3)]

        documents = [*read_index(index).values(), Document("/new", "Buch", "1", 0.0, (Section("", "Neu."),))]
        write_index(index, documents[1:], *read_vectors(index))
        assert await embedded(index, server.embeddings()) == [(3, 3)]
        assert server.asked[3:] == [server.asked[0], ["Buch\nNeu."]]
        assert await embedded(index, server.embeddings()) == []

    assert len(read_vectors(index)[1]) == 3


async def test_vectors_from_before_a_failure_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next run goes on from there."""
    monkeypatch.setattr(embed, "_AT_A_TIME", 1)
    index = written(tmp_path, *TEXTS)
    async with embedder() as server:
        server.refuses_from = 3
        assert await embedded(index, server.embeddings()) == [(1, 3)]
        assert len(read_vectors(index)[1]) == 1
        server.refuses_from = None
        assert await embedded(index, server.embeddings()) == [(2, 3), (3, 3)]

    assert [each.text for each in search(index, "umtausch", 1)] == [TEXTS[0]]


async def test_vectors_of_another_model_or_dimension_are_made_again(tmp_path: Path) -> None:
    """Vectors of different models or dimensions can't be compared."""
    index = written(tmp_path, *TEXTS)
    async with embedder() as server:
        await embedded(index, server.embeddings())
        await embedded(index, server.embeddings(model="large"))
        assert read_space(index) == VectorSpace(server.embeddings(model="large").identity, 4)
        server.dimension = 6
        assert await embedded(index, server.embeddings(model="large")) == [(3, 3)]

    assert read_space(index) == VectorSpace(server.embeddings(model="large").identity, 6)
    assert {len(vector) for vector in read_vectors(index)[1].values()} == {6 * 4}


async def test_an_endpoint_that_is_down_or_slow_leaves_full_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is unchanged."""
    monkeypatch.setattr(embed, "_FIRST_TIMEOUT", 0.1)
    index = written(tmp_path, *TEXTS)
    async with embedder() as server:
        server.hold = asyncio.Event()
        slow = server.embeddings()
        assert await embedded(index, slow) == []
        server.hold.set()
    down = server.embeddings()
    assert await embedded(index, down) == []

    assert read_space(index) is None
    for asked in (slow, down):
        assert [each.text for each in await find_passages(index, "Garantie", 1, asked)] == [TEXTS[1]]
