"""Notices that personas or their documents have changed, by the times of their files."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

from agent.knowledge.sources import path_of
from agent.persona import Persona, personas_beside
from agent.settings import Settings

# Seconds from one look at the times to the next. Each takes a system call for each file, and reads none.
_INTERVAL = 3.0

Stamp = frozenset[tuple[Path, int]]


async def until_changed(settings: Settings, personas: Iterable[Persona], since: Stamp, seconds: float) -> None:
    """Wait until a persona file, or a file or folder that one of the personas names, is new, changed or gone.

    A folder shows what is put into it and taken out of it, but not what changes in its files or in folders below it.

    Args:
        settings: Say where the personas are.
        personas: Those that have been read.
        since: The stamp of before they were indexed.
        seconds: After which the wait is over in any case.
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
