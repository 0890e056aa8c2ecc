"""Build the page of a call from web/ into web/dist, or run a tool of its packages: `python -m demo.page_build [tool]`.

Without an argument the page is built, in silence when it is there already and made from the sources as they are.
With arguments the page's packages are seen to, and then `tsc --noEmit`, `vite` or any other of their tools runs.
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

# All else below web/ is a source of the page.
MADE: Final = frozenset({"node_modules", "dist"})

# A file in what was made, with a hash of what it was made from. Written last, so that it vouches for the rest.
STAMP: Final = ".made-from"

# Of the steps after Vite's; a page that was built with others is built again.
STEPS: Final = "gzip"

# What a browser is sent compressed: the server takes the file with `.gz` behind its name.
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

# The exit status of what Ctrl-C ended before it was done.
INTERRUPTED: Final = 130


class PageBuildError(DemoError):
    """The page could not be built; the text says why and what can be done."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"Cannot build the page: {reason}\n{advice}".rstrip())


def is_built(web: Path) -> bool:
    """True if the page is there, made from the sources as they are now."""
    return (web / "dist" / "index.html").exists() and _stamp(web / "dist") == fingerprint(web)


def fingerprint(web: Path) -> str:
    """Give a hash over the names and contents of the page's sources."""
    tops = [path for path in web.iterdir() if path.name not in MADE]
    files = [path for top in tops for path in (top, *top.rglob("*")) if path.is_file()]
    contents = {path.relative_to(web).as_posix(): _hash(path) for path in sorted(files)} | {"": STEPS}
    return hashlib.sha256(json.dumps(contents).encode()).hexdigest()


async def build_page(web: Path, console: Console) -> None:
    """Build the page if it is not built: half a minute when the packages must come first, else seconds.

    Args:
        web: The folder with the sources; the page goes to its `dist`, whole or not at all.
        console: Where the progress is shown.

    Raises:
        PageBuildError: There is no Node.js or no package to be had, or the sources have an error.
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
    """See that Node.js and the page's packages are there, in silence when they are.

    Raises:
        PageBuildError: They are not to be had.
    """
    async with _alone(console):
        node = await find_node(_node_ranges(web))
        if node and _has_packages(web):
            return node
        progress = BuildProgress("the page's packages")
        async with showing(progress, console):
            return await _prepare(web, progress)


def tool_command(web: Path, node: Node, tool: str, *arguments: str) -> list[str]:
    """Give the command of npm, or of a tool that the page's packages bring."""
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
    """One process at a time: two would install into the same folders."""
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
        # No package's own script is run, as none of these needs it. NODE_ENV=production would leave the bundler out.
        with _advising(NO_PACKAGES):
            await run_tool([*node.npm, "ci", "--ignore-scripts", "--include=dev"], os.environ | NPM_ENV, cwd=web)
        (web / "node_modules" / STAMP).write_text(_hash(web / "package-lock.json"))
    return node


def _node_ranges(web: Path) -> list[str]:
    """The versions of Node.js that the page and then its bundler ask for."""
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
    """Write a compressed copy beside every text file."""
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
    """Build the page, or become the tool."""
    if not tool and is_built(web):
        return
    from rich.console import Console  # noqa: PLC0415 - it takes longer than to see that there is nothing to do

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
