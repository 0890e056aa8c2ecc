"""`python agent.py knowledge`, as the author of a persona runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from agent.knowledge.command import knowledge
from agent.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

HEAD = 'name = "Ada"\ninstructions = "x"\n'


def run(tmp_path: Path, text: str, *arguments: str) -> Result:
    """Run the command for a persona file."""
    app = typer.Typer()
    app.command()(knowledge)
    path = tmp_path / "ada.toml"
    path.write_text(HEAD + text)
    return CliRunner().invoke(app, [str(path), *arguments])


@pytest.fixture(autouse=True)
def _state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))


def test_documents_are_indexed_and_searched(tmp_path: Path) -> None:
    """Documents that could not be read are named with the reason."""
    (tmp_path / "a.md").write_text("# Warranty\nTwo years.\n# Hours\nFrom nine.")
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.4 x")
    result = run(tmp_path, 'knowledge = ["a.md", "broken.pdf"]\n', "--search", "warranty")

    assert result.exit_code == 0
    assert "read 2 of 2" in result.output
    assert "2 passages  a.md" in result.output
    assert "not read: " in result.output
    assert "broken.pdf: PdfStreamError" in result.output
    assert result.output.rstrip().endswith("a.md  Warranty\nTwo years.")


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "Ada has no knowledge"), ('knowledge = ["none.md"]\n', "none.md: there is no such file")],
)
def test_a_persona_without_documents_is_an_error(tmp_path: Path, text: str, problem: str) -> None:
    """The error is one sentence."""
    result = run(tmp_path, text)

    assert isinstance(result.exception, SettingsError)
    assert problem in str(result.exception)


def test_an_endpoint_without_vectors_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output names its model and the reason; the search uses full text."""
    # Nothing listens on port 9.
    monkeypatch.setenv("EMBEDDINGS_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("EMBEDDINGS_MODEL", "small")
    (tmp_path / "a.md").write_text("# Warranty\nTwo years.")
    result = run(tmp_path, 'knowledge = ["a.md"]\n', "--search", "warranty")

    assert "searched by full text only: small: it can't be reached: ClientConnectorError" in result.output
    assert "127.0.0.1" not in result.output
    assert result.output.rstrip().endswith("Two years.")
