"""The worker keeps the knowledge of its personas up to date, and starts whatever happens to it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from agent.knowledge import keeper
from agent.knowledge.index import index_path, read_vectors
from agent.knowledge.keeper import keeping_knowledge
from agent.knowledge.search import search
from agent.persona import load_persona
from agent.settings import Settings
from tests.agent.knowledge.embedder import KEY, embedder
from tests.agent.knowledge.servers import site

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

PERSONA = 'name = "Ada"\ninstructions = "x"\nknowledge = [{}]\n'


def settings_of(tmp_path: Path, *sources: str) -> Settings:
    """Make settings of a worker whose persona has these sources."""
    file = tmp_path / "ada.toml"
    file.write_text(PERSONA.format(", ".join(f'"{source}"' for source in sources)))
    return Settings(persona=file, state_dir=tmp_path / "state", knowledge_networks="127.0.0.1")


def index_of(settings: Settings) -> Path:
    """Return the path of the persona's index."""
    persona = load_persona(settings.persona)
    assert persona.knowledge is not None
    return index_path(settings.state_dir, persona.knowledge, persona.folder)


async def test_the_knowledge_is_there_when_the_worker_takes_calls(tmp_path: Path) -> None:
    """The index is built before the worker starts."""
    (tmp_path / "a.md").write_text("Open from nine.")
    settings = settings_of(tmp_path, "a.md")
    async with keeping_knowledge(settings):
        assert [found.text for found in search(index_of(settings), "open", 1)] == ["Open from nine."]


async def test_changes_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """New sources in the persona file need no restart."""
    monkeypatch.setattr(keeper, "_LOOK_INTERVAL", 0.05)
    (tmp_path / "a.md").write_text("Open from nine.")
    (tmp_path / "b.md").write_text("Open from ten.")
    settings = settings_of(tmp_path, "a.md")
    async with keeping_knowledge(settings), asyncio.timeout(20):
        settings_of(tmp_path, "b.md")
        while not index_of(settings).exists():  # noqa: ASYNC110 - another task writes it
            await asyncio.sleep(0.02)

    assert [found.text for found in search(index_of(settings), "open", 1)] == ["Open from ten."]


async def test_a_link_that_hangs_does_not_delay_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Calls begin without its document."""
    monkeypatch.setattr(keeper, "_START_TIMEOUT", 0.2)
    held = asyncio.Event()
    async with site() as made:
        made.hold = held
        made.pages["/"] = ("text/plain", b"x")
        settings = settings_of(tmp_path, f"{made.url}/")
        async with keeping_knowledge(settings):
            assert not index_of(settings).exists()
        held.set()

    assert "the knowledge was not read in time: calls begin, and reading goes on" in caplog.messages


async def test_a_missing_source_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The others are indexed."""
    (tmp_path / "a.md").write_text("Open from nine.")
    settings = settings_of(tmp_path, "a.md", "gone.md")
    async with keeping_knowledge(settings):
        assert len(search(index_of(settings), "open", 4)) == 1

    [record] = [each for each in caplog.records if each.message == "a source of knowledge can't be used"]
    assert record.__dict__["problem"] == "gone.md: there is no such file"


async def test_a_read_only_directory_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The worker still starts."""
    (tmp_path / "a.md").write_text("Open from nine.")
    settings = settings_of(tmp_path, "a.md")
    (tmp_path / "state").write_text("a file where the directory should be")
    async with keeping_knowledge(settings):
        pass

    assert "the index of knowledge can't be written: is STATE_DIR writable?" in caplog.messages


async def test_an_index_that_was_unused_for_a_month_is_deleted(tmp_path: Path) -> None:
    """Indexes of this worker's personas stay."""
    (tmp_path / "a.md").write_text("Open from nine.")
    settings = settings_of(tmp_path, "a.md")
    old, recent = tmp_path / "state" / "knowledge" / "old.sqlite", tmp_path / "state" / "knowledge" / "recent.sqlite"
    old.parent.mkdir(parents=True)
    for file in (old, recent):
        file.touch()
    os.utime(old, (0, 0))
    async with keeping_knowledge(settings):
        # The deletion runs after the worker may start.
        await asyncio.sleep(0)

    assert (old.exists(), recent.exists(), index_of(settings).exists()) == (False, True, True)


async def test_passages_get_vectors_while_the_worker_runs(tmp_path: Path) -> None:
    """EMBEDDINGS_MODEL has to be set, and the persona must not disable embeddings."""
    (tmp_path / "a.md").write_text("Open from nine.")
    async with embedder() as server:
        given = {"embeddings_model": "small", "embeddings_base_url": server.url, "embeddings_api_key": KEY}
        settings = Settings(**{**settings_of(tmp_path, "a.md").model_dump(), **given})
        public = settings.persona.read_text()
        private = public.replace("knowledge = [", "knowledge.embeddings = false\nknowledge.sources = [")
        settings.persona.write_text(private)
        async with keeping_knowledge(settings):
            await asyncio.sleep(0.2)
        assert server.asked == []
        settings.persona.write_text(public)
        async with keeping_knowledge(settings), asyncio.timeout(20):
            while not read_vectors(index_of(settings))[1]:  # noqa: ASYNC110 - another task makes them
                await asyncio.sleep(0.02)

    assert list(read_vectors(index_of(settings))[1]) == ["a.md\nOpen from nine."]


async def test_an_embeddings_endpoint_that_hangs_does_not_delay_the_worker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Full text can be searched at once."""
    (tmp_path / "a.md").write_text("Open from nine.")
    async with embedder() as server:
        server.hold = asyncio.Event()
        given = {"embeddings_model": "small", "embeddings_base_url": server.url}
        settings = Settings(**{**settings_of(tmp_path, "a.md").model_dump(), **given})
        async with keeping_knowledge(settings):
            assert [found.text for found in search(index_of(settings), "open", 1)] == ["Open from nine."]
            server.hold.set()

    assert "the knowledge was not read in time: calls begin, and reading goes on" not in caplog.messages
