"""Changes of personas and documents are noticed within seconds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agent.knowledge import watch
from agent.knowledge.watch import stamp_of, until_changed
from agent.persona import load_persona
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ADA = 'name = "Ada"\ninstructions = "x"\nknowledge = ["a.md", "book", "https://example.com"]\n'

CHANGES: dict[str, Callable[[Path], object]] = {
    "a persona is new": lambda folder: (folder / "eve.toml").write_text(ADA),
    "a persona has changed": lambda folder: (folder / "ada.toml").write_text(f"{ADA}\n"),
    "a document has changed": lambda folder: (folder / "a.md").write_text("New."),
    "a document is gone": lambda folder: (folder / "a.md").unlink(),
    "a document is put into a folder": lambda folder: (folder / "book" / "b.md").write_text("New."),
}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Make settings with a folder of personas, one of which has documents."""
    monkeypatch.setattr(watch, "_INTERVAL", 0.02)
    (tmp_path / "book").mkdir()
    (tmp_path / "a.md").write_text("Old.")
    (tmp_path / "ada.toml").write_text(ADA)
    return Settings(personas_dir=tmp_path)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_ends_the_wait(settings: Settings, tmp_path: Path, change: str) -> None:
    """It ends before the set time, an hour here."""
    personas = [load_persona(tmp_path / "ada.toml")]
    since = stamp_of(settings, personas)
    waiting = asyncio.create_task(until_changed(settings, personas, since, 3_600.0))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    CHANGES[change](tmp_path)
    async with asyncio.timeout(10):
        await waiting


async def test_without_a_change_the_wait_has_an_end(settings: Settings) -> None:
    """Links have to be fetched again, and failures retried."""
    since = stamp_of(settings, [])
    async with asyncio.timeout(10):
        await until_changed(settings, [], since, 0.04)

    assert stamp_of(settings, []) == since
