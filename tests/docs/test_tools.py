"""The examples of tools and knowledge can be loaded as persona files, and their module works."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from livekit.agents import ToolError

from agent.persona import load_persona
from agent.tools.cards import LinkCard
from agent.tools.functions import tools_named
from agent.tools.persona_tools import tools_of

if TYPE_CHECKING:
    from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
_CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def examples(page: str, language: str) -> list[str]:
    """Return the examples of a page in a language."""
    return [text for each, text in _CODE.findall((DOCS / page).read_text("utf-8")) if each == language]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a persona's folder with the module of the example, and the secrets of the examples."""
    for name in ("SHOP_TOKEN", "CRM_TOKEN", "FILES_TOKEN"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setattr("sys.path", [*sys.path])
    [module] = examples("tools.md", "python")
    (tmp_path / "shop_tools.py").write_text(module)
    return tmp_path


@pytest.mark.parametrize("text", [*examples("tools.md", "toml"), *examples("knowledge.md", "toml")])
def test_an_example_is_a_persona_file(folder: Path, text: str) -> None:
    """The example is used as it stands in the page."""
    path = folder / "ada.toml"
    path.write_text(text, "utf-8")
    persona = load_persona(path)

    assert tools_of(persona, folder) or persona.mcp


async def test_the_example_of_a_function_shows_a_card(folder: Path) -> None:
    """For an unknown item it raises an error."""
    found: list[Any] = [*tools_named(["shop_tools:find_article"], folder)]
    text, card = await found[0](name="lamp")
    with pytest.raises(ToolError, match="There is no chair"):
        await found[0](name="chair")

    assert text == "The lamp costs twenty euros."
    assert card == LinkCard(title="Lamp", url="https://example.com/lamp")
