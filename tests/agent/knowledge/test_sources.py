"""The sources of knowledge: what is found in a folder, and what is refused when a worker starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from agent.knowledge.sources import Knowledge, documents, kind_of_answer, problems_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_searched_recursively(tmp_path: Path) -> None:
    """Readable kinds of files are found once each; hidden files are left out."""
    for name in ("b/c.PDF", "a.md", "d.html", "e.txt", "f.docx", ".hidden.md", ".git/g.md"):
        (tmp_path / "book" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "book" / name).write_text("x")
    found = documents(Knowledge(sources=("book", "book/a.md", "https://example.com/h")), tmp_path)

    assert [(each.title, each.kind) for each in found] == [
        ("a.md", "markdown"),
        ("d.html", "html"),
        ("e.txt", "text"),
        ("b/c.PDF", "pdf"),
        ("https://example.com/h", None),
    ]


def test_a_symbolic_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    """It may lead to a file or a folder; a link within the folder is followed."""
    inside, outside = tmp_path / "book", tmp_path / "private"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.md").write_text("x")
    (inside / "a.md").write_text("x")
    (inside / "secret.md").symlink_to(outside / "secret.md")
    (inside / "folder").symlink_to(outside)
    (inside / "alias.md").symlink_to(inside / "a.md")

    assert [each.title for each in documents(Knowledge(sources=("book",)), tmp_path)] == ["a.md", "alias.md"]


def test_a_list_is_read_as_the_sources() -> None:
    """The other options have their defaults."""
    assert Knowledge.model_validate(["a.md"]) == Knowledge(sources=("a.md",))
    with pytest.raises(ValidationError):
        Knowledge.model_validate([])


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("none.md", "there is no such file"),
        ("table.xlsx", "a file of this kind can't be read"),
        ("empty", "there is no file of a kind that can be read"),
        ("folder.md/none.md", "there is no such file"),
        ("https://", "has no host"),
        ("https://a:b", "is not a URL"),
        ("https://me:secret@example.com/", "would be shown on the page"),
    ],
)
def test_a_source_that_can_not_be_used_is_named(tmp_path: Path, source: str, problem: str) -> None:
    """The problem begins with the source as it is written."""
    (tmp_path / "table.xlsx").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.md").write_text("x")
    (tmp_path / "good.md").write_text("x")
    [found] = problems_of(Knowledge(sources=("good.md", source, "https://example.com")), tmp_path)

    assert found.startswith(f"{source}: ")
    assert problem in found


@pytest.mark.parametrize(
    ("content_type", "path", "kind"),
    [
        ("text/html; charset=utf-8", "/", "html"),
        ("application/pdf", "/x", "pdf"),
        ("application/octet-stream", "/x.pdf", "pdf"),
        ("text/plain", "/README.md", "markdown"),
        ("text/plain", "/x", "text"),
        ("text/csv", "/x", "text"),
        ("image/png", "/x.md", None),
        ("", "/x", None),
    ],
)
def test_the_kind_of_an_answer_is_what_the_server_says(content_type: str, path: str, kind: str | None) -> None:
    """If it is unspecific, the path's extension counts."""
    assert kind_of_answer(content_type, path) == kind
