"""Notices changes of personas and their documents by the times of their files."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from agent.knowledge.sources import path_of
from agent.persona import Persona, personas_beside
from agent.settings import Settings

# Seconds between two checks of the times. A check makes one system call for each file, and reads no file.
_INTERVAL = 3.0

Stamp = frozenset[tuple[Path, int]]


async def until_changed(settings: Settings, personas: Iterable[Persona], since: Stamp, seconds: float) -> None:
    """Wait until a persona file, or a file or folder that one of the personas names, is new, changed or gone.

    A folder's time shows files that are added or removed, but not changes in its files or in folders below it.

    Args:
        settings: Say where the personas are.
        personas: The personas that have been read.
        since: The stamp from before they were indexed.
        seconds: Longest wait.
    """
    for _ in range(max(1, round(seconds / _INTERVAL))):
        await asyncio.sleep(min(seconds, _INTERVAL))
        if await asyncio.to_thread(stamp_of, settings, personas) != since:
            return


def stamp_of(settings: Settings, personas: Iterable[Persona]) -> Stamp:
    """Return the times of the personas' files, and of the files and folders that they name."""
    files = [*personas_beside(settings.persona, settings.personas_dir).values()]
    for persona in personas:
        sources = persona.knowledge.sources if persona.knowledge else ()
        files += [path for source in sources if (path := path_of(source, persona.folder)) is not None]
    return frozenset((file, _changed_at(file)) for file in files)


def _changed_at(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0
