"""The user's cache, outside the repository, for tools that are built or fetched once."""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rich.console import Console


def cache_dir() -> Path:
    """Return the directory of this user's cache, which may not exist; a temporary one for a user without a home."""
    base = os.environ.get("XDG_CACHE_HOME")
    if not base:
        try:
            base = str(Path.home() / ".cache")
        except RuntimeError:
            base = str(Path(tempfile.gettempdir(), f"cache-{os.getuid()}"))
    return Path(base) / "liveavatar-agent"


@asynccontextmanager
async def only_builder(name: str, what: str, console: Console) -> AsyncIterator[None]:
    """Hold the lock under which one process at a time builds; the system frees it however its holder ends.

    Args:
        name: Name of the lock's file in the cache.
        what: The thing that is built, for a message about the wait.
        console: Where that message is printed.

    Raises:
        OSError: The cache can't be created or written.
    """
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / name).open("w") as lock:
        if not _locked(lock.fileno()):
            console.print(f"another process is building {what}: waiting for it")
            while not _locked(lock.fileno()):  # noqa: ASYNC110 - a file lock of another process has no event
                await asyncio.sleep(0.5)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
