"""Build the page of a call from web/ into web/dist, or run a tool of its packages: `python -m demo.page_build [tool]`.

Without an argument the page is built; if it is up to date, nothing is printed. With arguments the page's packages are
installed if necessary, and then `tsc --noEmit`, `vite` or any other of their tools runs.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from demo.build_progress import BuildProgress, showing
from demo.cache import only_builder
from demo.errors import DemoError
from demo.node import Node, find_node, install_node
from demo.tools import ToolError, run_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rich.console import Console

# All other files below web/ are sources of the page.
MADE: Final = frozenset({"node_modules", "dist"})

# A file in a built folder, with a hash of its sources. It is written last, so that it vouches for the rest.
STAMP: Final = ".made-from"

# The steps after Vite's; a page that was built with other steps is built again.
STEPS: Final = "gzip"

# Suffixes of files that a browser gets compressed: the server sends the file with `.gz` appended to its name.
COMPRESSED: Final = {".css", ".html", ".js", ".json", ".mjs", ".svg", ".txt", ".wasm", ".webmanifest"}

NPM_ENV: Final = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    # npm would try for over a minute before it says that there is no network.
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_retry_maxtimeout": "5000",
}

NO_NODE: Final = "Let this machine reach PyPI, or put a Node.js ({wanted}) with its npm on PATH: https://nodejs.org"
NO_PACKAGES: Final = "The packages come from npm's registry, https://registry.npmjs.org unless npm is told another one."
NO_BUNDLE: Final = "The sources are in web/src."

# The exit status after Ctrl-C.
INTERRUPTED: Final = 130


class PageBuildError(DemoError):
    """The page could not be built; the text says why and what to do."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"Cannot build the page: {reason}\n{advice}".rstrip())


def is_built(web: Path) -> bool:
    """Return whether the page is there, built from the current sources."""
    return (web / "dist" / "index.html").exists() and _stamp(web / "dist") == fingerprint(web)


def fingerprint(web: Path) -> str:
    """Return a hash over the names and contents of the page's sources."""
    tops = [path for path in web.iterdir() if path.name not in MADE]
    files = [path for top in tops for path in (top, *top.rglob("*")) if path.is_file()]
    contents = {path.relative_to(web).as_posix(): _hash(path) for path in sorted(files)} | {"": STEPS}
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()


async def build_page(web: Path, console: Console) -> None:
    """Build the page if it is not built: half a minute if the packages must be installed first, else seconds.

    Args:
        web: The folder with the sources; the page goes to its `dist`, completely or not at all.
        console: Where the progress is shown.

    Raises:
        PageBuildError: Node.js or the packages can't be installed, or the sources have an error.
    """
    async with _alone(console):
        if is_built(web):
            return
        progress = BuildProgress("the page")
        async with showing(progress, console):
            node = await _prepare(web, progress)
            progress.stage = "bundling"
            await _bundle(web, node)


async def ready_node(web: Path, console: Console) -> Node:
    """Install Node.js and the page's packages if they are missing, and return Node.js.

    Raises:
        PageBuildError: They can't be installed.
    """
    async with _alone(console):
        node = await find_node(_node_ranges(web))
        if node and _has_packages(web):
            return node
        progress = BuildProgress("the page's packages")
        async with showing(progress, console):
            return await _prepare(web, progress)


def tool_command(web: Path, node: Node, tool: str, *arguments: str) -> list[str]:
    """Return the command of npm, or of a tool in the page's packages."""
    if tool == "npm":
        return [*node.npm, *arguments]
    return [str(node.binary), str((web / "node_modules" / ".bin" / tool).resolve()), *arguments]


@contextmanager
def _advising(advice: str) -> Iterator[None]:
    try:
        yield
    except ToolError as error:
        raise PageBuildError(str(error), advice) from error


@asynccontextmanager
async def _alone(console: Console) -> AsyncIterator[None]:
    """Let one process at a time in: two would install into the same folders."""
    try:
        async with only_builder("page.lock", "the page", console):
            yield
    except OSError as error:
        reason = f"{error.strerror or error} ({error.filename})"
        raise PageBuildError(reason) from error


async def _prepare(web: Path, progress: BuildProgress) -> Node:
    ranges = _node_ranges(web)
    node = await find_node(ranges)
    if not node:
        progress.stage = "getting Node.js from PyPI"
        with _advising(NO_NODE.format(wanted=ranges[-1])):
            node = await install_node()
    if not _has_packages(web):
        progress.stage = "getting its packages from npm"
        # None of these packages needs its own scripts to run. NODE_ENV=production would leave the bundler out.
        with _advising(NO_PACKAGES):
            await run_tool([*node.npm, "ci", "--ignore-scripts", "--include=dev"], os.environ | NPM_ENV, cwd=web)
        (web / "node_modules" / STAMP).write_text(_hash(web / "package-lock.json"))
    return node


def _node_ranges(web: Path) -> list[str]:
    """Return the versions of Node.js that the page and its bundler require, in this order."""
    packages = json.loads((web / "package-lock.json").read_text())["packages"]
    return [packages[name]["engines"]["node"] for name in ("", "node_modules/vite")]


def _has_packages(web: Path) -> bool:
    return _stamp(web / "node_modules") == _hash(web / "package-lock.json")


async def _bundle(web: Path, node: Node) -> None:
    made_from = fingerprint(web)
    with tempfile.TemporaryDirectory(prefix=".page-", dir=web / "node_modules") as workshop:
        built = Path(workshop, "dist")
        vite = tool_command(web, node, "vite", "build", "--outDir", str(built.relative_to(web)))
        with _advising(NO_BUNDLE):
            await run_tool(vite, os.environ, cwd=web)
        compress(built)
        (built / STAMP).write_text(made_from)
        _exchange(built, web / "dist", Path(workshop, "replaced"))


def compress(directory: Path) -> None:
    """Write a compressed copy next to every text file."""
    for path in directory.rglob("*"):
        if path.suffix in COMPRESSED:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def _exchange(new: Path, current: Path, old: Path) -> None:
    if current.exists():
        current.rename(old)
    new.rename(current)


def _stamp(directory: Path) -> str | None:
    stamp = directory / STAMP
    return stamp.read_text() if stamp.exists() else None


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(web: Path, tool: list[str]) -> None:
    """Build the page, or replace this process by the tool."""
    if not tool and is_built(web):
        return
    from rich.console import Console  # noqa: PLC0415 - importing it takes longer than the check above

    console = Console(stderr=True)
    try:
        if not tool:
            asyncio.run(build_page(web, console))
            return
        command = tool_command(web, asyncio.run(ready_node(web, console)), *tool)
    except PageBuildError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    os.chdir(web)
    os.execv(command[0], command)  # noqa: S606 - a tool of the page's own packages


if __name__ == "__main__":
    main(Path("web"), sys.argv[1:])
