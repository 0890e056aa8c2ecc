"""The sources of a persona's knowledge: files, folders and links, and how they are found."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["pdf", "html", "markdown", "text"]

_KINDS: dict[str, Kind] = {
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
}
_MEDIA: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/markdown": "markdown",
    "application/pdf": "pdf",
}
_LINKS = ("http://", "https://")

# Most files of one folder; the rest is left out.
MOST_FILES = 1_000


class Knowledge(BaseModel):
    """A persona's knowledge, `[knowledge]` in its file; a list is short for `sources`. See docs/knowledge.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: tuple[Annotated[str, Field(min_length=1, max_length=2_000)], ...] = Field(min_length=1, max_length=200)
    refresh_hours: float = Field(default=24.0, gt=0)
    about: str = Field(default="", max_length=1_000)
    embeddings: bool = True

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, given: Any) -> Any:
        return {"sources": given} if isinstance(given, list | tuple) else given


@dataclass(frozen=True, slots=True)
class Source:
    """One document.

    Attributes:
        location: A URL, or the absolute path of a file.
        title: A title that callers may see.
        kind: The kind of a file; None for a link, whose response tells it.
    """

    location: str
    title: str
    kind: Kind | None

    @property
    def is_link(self) -> bool:
        """Whether the document is fetched from a URL."""
        return self.kind is None


def problems_of(knowledge: Knowledge, folder: Path | None) -> list[str]:
    """List the problems of sources that show without a connection."""
    found = ((source, _problem(source, folder)) for source in knowledge.sources)
    return [f"{source}: {problem}" for source, problem in found if problem]


def documents(knowledge: Knowledge, folder: Path | None) -> list[Source]:
    """Find the documents of all sources, each once; folders are searched recursively."""
    found = (document for source in knowledge.sources for document in _documents(source, folder))
    return list({document.location: document for document in found}.values())


def key_of(knowledge: Knowledge, folder: Path | None) -> str:
    """Return a name for the sources; equal sources have equal names."""
    each = [source if is_link(source) else str(_path(source, folder).absolute()) for source in knowledge.sources]
    return hashlib.sha256(json.dumps(each).encode()).hexdigest()[:32]


def is_link(source: str) -> bool:
    """Return whether a source is a link; all others are paths."""
    return source.lower().startswith(_LINKS)


def path_of(source: str, folder: Path | None) -> Path | None:
    """Return the path of a source; None for a link."""
    return None if is_link(source) else _path(source, folder)


def kind_of_answer(content_type: str, path: str) -> Kind | None:
    """Return the kind of document that a server gives; None for one that can't be read.

    Servers send Markdown as plain text, and files of unknown types as bytes: there the path's ending decides.
    """
    media = content_type.partition(";")[0].strip().lower()
    of_path = _KINDS.get(Path(path).suffix.lower())
    if media in {"", "application/octet-stream", "binary/octet-stream", "text/plain"}:
        return of_path or ("text" if media == "text/plain" else None)
    return _MEDIA.get(media, "text" if media.startswith("text/") else None)


def _problem(source: str, folder: Path | None) -> str:
    if is_link(source):
        return _problem_of_link(source)
    path = _path(source, folder)
    try:
        if path.is_dir():
            return "" if next(_files(path), None) else f"there is no file of a kind that can be read: {_readable()}"
        if path.suffix.lower() not in _KINDS:
            return f"a file of this kind can't be read: {_readable()}" if path.exists() else "there is no such file"
        if not path.is_file():
            return "there is no such file"
        with path.open("rb"):
            return ""
    except OSError as error:
        return f"can't be read: {error.strerror}"


def _problem_of_link(link: str) -> str:
    try:
        parts = urlsplit(link)
        parts.port  # noqa: B018 - raises for an invalid port
    except ValueError:
        return "is not a URL"
    if "@" in parts.netloc:
        return "a link with a password in it would be shown on the page"
    return "" if parts.hostname else "has no host"


def _readable() -> str:
    return f"use {', '.join(_KINDS)}"


def _documents(source: str, folder: Path | None) -> Iterator[Source]:
    if is_link(source):
        yield Source(source, source, None)
        return
    path = _path(source, folder)
    if path.is_dir():
        for count, file in enumerate(_files(path)):
            if count < MOST_FILES:
                yield Source(str(file), file.relative_to(path).as_posix(), _KINDS[file.suffix.lower()])
    elif path.suffix.lower() in _KINDS and path.is_file():
        yield Source(str(path), path.name, _KINDS[path.suffix.lower()])


def _files(folder: Path) -> Iterator[Path]:
    """Find the readable files below a folder; symbolic links that lead out of it are not followed."""
    real = folder.resolve()
    for root, directories, names in os.walk(folder):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        for name in sorted(names):
            file = Path(root, name)
            is_readable = not name.startswith(".") and file.suffix.lower() in _KINDS
            if is_readable and file.is_file() and file.resolve().is_relative_to(real):
                yield file


def _path(source: str, folder: Path | None) -> Path:
    path = Path(source).expanduser()
    return path if folder is None else folder / path
