"""Builds the index of a persona's knowledge, and keeps unchanged documents."""

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.knowledge.fetch import LONGEST_DOCUMENT, Fetcher, FetchError
from agent.knowledge.index import Document, read_index, read_vectors, write_index
from agent.knowledge.passages import passages
from agent.knowledge.reader import DocumentReader, ReadError
from agent.knowledge.sources import Knowledge, Source, documents

logger = logging.getLogger("agent")

# Documents that are read or fetched at the same time.
_AT_A_TIME = 4

# Most characters of all documents; those beyond it are left out.
_LONGEST_KNOWLEDGE = 20_000_000

_SECONDS_PER_HOUR = 3_600.0


@dataclass(frozen=True, slots=True)
class Built:
    """The result of a build.

    Attributes:
        documents: The documents in the index.
        failures: By location, why a document is missing or is an older copy.
    """

    documents: tuple[Document, ...]
    failures: dict[str, str]

    @property
    def passages(self) -> int:
        """Number of passages."""
        return sum(len(document.passages) for document in self.documents)


class Builder:
    """Builds one index.

    Args:
        knowledge: The persona's sources.
        folder: The folder that relative paths start from.
        index: The index file.
        fetcher: Fetches links.
        reader: Reads documents.
        on_progress: Called with the number of finished documents and the number of all.
        now: Returns Unix time.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        folder: Path | None,
        index: Path,
        *,
        fetcher: Fetcher,
        reader: DocumentReader,
        on_progress: Callable[[int, int], None] = lambda *_: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._knowledge = knowledge
        self._folder = folder
        self._index = index
        self._fetcher = fetcher
        self._reader = reader
        self._on_progress = on_progress
        self._now = now
        self._slots = asyncio.Semaphore(_AT_A_TIME)
        self._failures: dict[str, str] = {}
        self._done = 0

    async def build(self) -> Built:
        """Read new, changed and outdated documents, and write the index if any document changed.

        A document that can't be read is logged, and is left out or stays as it was.

        Raises:
            OSError: The index can't be written.
            sqlite3.Error: It can't be written as a database.
        """
        found = await asyncio.to_thread(documents, self._knowledge, self._folder)
        old = await asyncio.to_thread(read_index, self._index)
        read = await asyncio.gather(*(self._document(source, old, len(found)) for source in found))
        kept = self._bounded([document for document in read if document is not None])
        if kept != tuple(old.values()) or not self._index.exists():
            vectors = await asyncio.to_thread(read_vectors, self._index)
            await asyncio.to_thread(write_index, self._index, kept, *vectors)
        return Built(kept, self._failures)

    async def _document(self, source: Source, old: dict[str, Document], count: int) -> Document | None:
        known = old.get(source.location)
        async with self._slots:
            try:
                document: Document | None = await (
                    self._link(source, known) if source.is_link else self._file(source, known)
                )
            except (FetchError, ReadError, OSError) as error:
                document = known
                self._fail(source.location, str(error), is_known=known is not None)
        self._done += 1
        self._on_progress(self._done, count)
        return document

    async def _link(self, source: Source, known: Document | None) -> Document:
        if known is not None and self._now() - known.read_at < self._knowledge.refresh_hours * _SECONDS_PER_HOUR:
            return known
        fetched = await self._fetcher.fetch(source.location)
        with tempfile.NamedTemporaryFile(prefix="knowledge-") as file:
            await asyncio.to_thread(_write, Path(file.name), fetched.body)
            return await self._read(replace(source, kind=fetched.kind), Path(file.name), "")

    async def _file(self, source: Source, known: Document | None) -> Document:
        path = Path(source.location)
        status = await asyncio.to_thread(path.stat)
        stamp = f"{status.st_mtime_ns}-{status.st_size}"
        if known is not None and known.stamp == stamp:
            return known
        if status.st_size > LONGEST_DOCUMENT:
            message = f"it has more than {LONGEST_DOCUMENT:,} bytes"
            raise ReadError(message)
        return await self._read(source, path, stamp)

    async def _read(self, source: Source, path: Path, stamp: str) -> Document:
        title, sections = await self._reader.read(source.kind or "text", path)
        shown = title or source.title
        return Document(source.location, shown, stamp, self._now(), tuple(passages(sections)))

    def _bounded(self, read: Sequence[Document]) -> tuple[Document, ...]:
        left, kept = _LONGEST_KNOWLEDGE, list[Document]()
        for document in read:
            length = sum(len(passage.text) for passage in document.passages)
            if length > left:
                self._fail(document.location, f"all documents have more than {_LONGEST_KNOWLEDGE:,} characters")
                continue
            left -= length
            kept.append(document)
        return tuple(kept)

    def _fail(self, location: str, reason: str, *, is_known: bool = False) -> None:
        self._failures[location] = reason
        used = "an older copy is used" if is_known else "it is left out"
        # Without its query, which may hold a key.
        extra = {"document": location.partition("?")[0], "reason": reason, "so": used}
        logger.warning("a document can't be read", extra=extra)


def _write(path: Path, body: bytes) -> None:
    path.write_bytes(body)
