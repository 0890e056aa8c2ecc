"""Keeps the knowledge of all personas indexed while the worker runs."""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from livekit.agents.utils import aio

from agent.call_config.persona_files import usable_personas
from agent.knowledge.build import Builder, Built
from agent.knowledge.embed import embed_index
from agent.knowledge.embeddings import Embeddings, embeddings_of
from agent.knowledge.fetch import Fetcher, networks_of
from agent.knowledge.index import index_path
from agent.knowledge.reader import DocumentReader
from agent.knowledge.sources import problems_of
from agent.knowledge.watch import Stamp, stamp_of, until_changed
from agent.persona import Persona
from agent.settings import Settings

logger = logging.getLogger("agent")

# Seconds for which the worker's start waits for the index. After that calls begin, and indexing goes on.
_START_TIMEOUT = 45.0

# Seconds between two checks for changes; a change that `watch` notices is read at once. Only changed and outdated
# documents are read again.
_LOOK_INTERVAL = 600.0

_PROGRESS_INTERVAL = 2.0

# Seconds after which an index that no worker has kept is deleted.
_FORGOTTEN_AFTER = 30 * 24 * 3_600.0


@asynccontextmanager
async def keeping_knowledge(settings: Settings) -> AsyncIterator[None]:
    """Index the personas' knowledge, and look for changes while the body runs."""
    keeping = asyncio.create_task(_keep(settings, ready := asyncio.Event()), name="knowledge")
    try:
        async with asyncio.timeout(_START_TIMEOUT):
            await ready.wait()
    except TimeoutError:
        extra = {"seconds": _START_TIMEOUT}
        logger.warning("the knowledge was not read in time: calls begin, and reading goes on", extra=extra)
    try:
        yield
    finally:
        await aio.cancel_and_wait(keeping)


async def index_knowledge(
    persona: Persona, settings: Settings, on_progress: Callable[[int, int], None] | None = None
) -> Built | None:
    """Index one persona's knowledge for full-text search.

    Returns:
        Its index; None if it has no knowledge, or its index can't be written.
    """
    knowledge = persona.knowledge
    if knowledge is None:
        return None
    index = index_path(settings.state_dir, knowledge, persona.folder)
    for problem in await asyncio.to_thread(problems_of, knowledge, persona.folder):
        logger.warning("a source of knowledge can't be used", extra={"persona": persona.name, "problem": problem})
    tell = on_progress or _Progress(persona.name, "the knowledge is being read").tell
    fetcher = Fetcher(networks_of(settings.knowledge_networks))
    try:
        async with DocumentReader() as reader:
            builder = Builder(knowledge, persona.folder, index, fetcher=fetcher, reader=reader, on_progress=tell)
            built = await builder.build()
        os.utime(index)
    except (OSError, sqlite3.Error) as error:
        _log_unwritten(persona, index, error)
        return None
    counts = {"documents": len(built.documents), "passages": built.passages, "failed": len(built.failures)}
    logger.info("the knowledge is indexed", extra={"persona": persona.name, **counts})
    return built


async def embed_knowledge(
    persona: Persona,
    settings: Settings,
    embeddings: Embeddings | None,
    on_progress: Callable[[int, int], None] | None = None,
) -> None:
    """Add vectors to the index of one persona's knowledge, if there is an endpoint that makes them."""
    knowledge = persona.knowledge
    if embeddings is None or knowledge is None or not knowledge.embeddings:
        return
    index = index_path(settings.state_dir, knowledge, persona.folder)
    tell = on_progress or _Progress(persona.name, "the knowledge is being embedded").tell
    try:
        await embed_index(index, embeddings, tell)
    except (OSError, sqlite3.Error) as error:
        _log_unwritten(persona, index, error)


async def _keep(settings: Settings, ready: asyncio.Event) -> None:
    embeddings = embeddings_of(settings)
    personas, stamp = list[Persona](), Stamp()
    while True:
        try:
            personas = await asyncio.to_thread(_personas, settings)
            stamp = await asyncio.to_thread(stamp_of, settings, personas)
            for persona in personas:
                await index_knowledge(persona, settings)
            await asyncio.to_thread(_forget, settings.state_dir / "knowledge", time.time())
            # Calls can begin: they search the words until there are vectors too.
            ready.set()
            for persona in personas:
                await embed_knowledge(persona, settings, embeddings)
        except Exception:
            logger.exception("the knowledge could not be indexed; indexing will be retried")
        ready.set()
        await until_changed(settings, personas, stamp, _LOOK_INTERVAL)


def _personas(settings: Settings) -> list[Persona]:
    """Read the current personas that have knowledge; the log says why a persona can't be used."""
    return [persona for persona in usable_personas(settings).values() if persona.knowledge is not None]


def _forget(directory: Path, now: float) -> None:
    """Delete the indexes of sources that no persona has had for a month."""
    for path in directory.glob("*.sqlite") if directory.exists() else ():
        if now - path.stat().st_mtime > _FORGOTTEN_AFTER:
            path.unlink(missing_ok=True)


def _log_unwritten(persona: Persona, index: Path, error: Exception) -> None:
    extra = {"persona": persona.name, "index": str(index), "error": str(error)}
    logger.error("the index of knowledge can't be written: is STATE_DIR writable?", extra=extra)


class _Progress:
    """Logs progress at intervals."""

    def __init__(self, persona: str, sentence: str) -> None:
        self._persona = persona
        self._sentence = sentence
        self._told_at = time.monotonic()

    def tell(self, done: int, of: int) -> None:
        if time.monotonic() - self._told_at >= _PROGRESS_INTERVAL:
            self._told_at = time.monotonic()
            logger.info(self._sentence, extra={"persona": self._persona, "done": done, "of": of})
