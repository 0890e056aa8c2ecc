"""Scripts of .ci/ that install a program, with scripts in place of the system's commands."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

CI = Path(__file__).parents[2] / ".ci"


def clean_path(directory: Path, *names: str) -> Path:
    """Make a PATH of its own that has only these commands of the system."""
    for name in names:
        (directory / name).symlink_to(str(shutil.which(name)))
    return directory


def put(directory: Path, name: str, script: str) -> None:
    """Put a command on PATH that notes its arguments in the file `ran`."""
    path = directory / name
    path.write_text(f'#!/bin/sh\necho {name} "$@" >> "{directory}/ran"\n{script}\n')
    path.chmod(0o755)


async def run(name: str, directory: Path) -> tuple[int | None, str]:
    """Run a script of .ci/ with this PATH; return its exit status and its output."""
    pipe, joined = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    process = await asyncio.create_subprocess_exec(
        str(directory / "bash"), str(CI / name), env={"PATH": str(directory)}, stdout=pipe, stderr=joined
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()
