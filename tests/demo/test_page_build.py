"""Building the page, with scripts in place of Node.js and npm."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.page_build import PageBuildError, build_page, is_built, main, ready_node, tool_command

if TYPE_CHECKING:
    from pathlib import Path

NODE = """\
if [ "$1" = --version ]; then echo v22.12.0; exit; fi
echo "vite $2" >> {log}
mkdir -p "$4/assets"
cat src/main.ts > "$4/index.html"
"""

NPM = """\
echo "npm $@ $npm_config_audit" >> {log}
rm -rf node_modules
mkdir -p node_modules/.bin
"""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The page's folder, and the tools that build it."""

    web: Path
    directory: Path

    def tool(self, name: str, script: str) -> None:
        """Put a script on PATH; `{log}` in it is the file that `ran` reads."""
        path = self.directory / "bin" / name
        path.write_text("#!/bin/sh\n" + script.format(log=self.directory / "log"))
        path.chmod(0o755)

    @property
    def ran(self) -> list[str]:
        """The records of the tools' calls."""
        log = self.directory / "log"
        return log.read_text().splitlines() if log.exists() else []

    @property
    def page(self) -> str:
        """The files that were built."""
        return (self.web / "dist" / "index.html").read_text()

    def has_leftovers(self) -> bool:
        """True if remains of a build are there."""
        return bool(list(self.web.glob("node_modules/.page-*")))


@pytest.fixture
def console() -> Console:
    """Make a console that is not a terminal, and keeps its output."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """Return a page of one source that was never built, and tools that work."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    (web / "src" / "main.ts").write_text("one")
    engines = {"engines": {"node": ">=20.19"}}
    lock = {"packages": {"": engines, "node_modules/vite": engines}}
    (web / "package-lock.json").write_text(json.dumps(lock))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    workplace = Workplace(web, tmp_path)
    workplace.tool("node", NODE)
    workplace.tool("npm", NPM)
    return workplace


async def test_the_page_is_built_when_there_is_none(workplace: Workplace, console: Console) -> None:
    """The packages of the lock file are installed first; their scripts and npm's questions are off."""
    await build_page(workplace.web, console)

    assert is_built(workplace.web)
    assert workplace.page == "one"
    assert workplace.ran == ["npm ci --ignore-scripts --include=dev false", "vite build"]
    assert not workplace.has_leftovers()


async def test_a_built_page_has_compressed_copies(workplace: Workplace, console: Console) -> None:
    """Text files have compressed copies, for browsers that accept them."""
    await build_page(workplace.web, console)
    dist = workplace.web / "dist"

    assert [path.name for path in sorted(dist.rglob("*.gz"))] == ["index.html.gz"]
    assert gzip.decompress((dist / "index.html.gz").read_bytes()) == b"one"


async def test_progress_is_printed_when_the_console_is_not_a_terminal(workplace: Workplace, console: Console) -> None:
    """A log gets plain lines, and none if nothing is to be done."""
    await build_page(workplace.web, console)
    await build_page(workplace.web, console)

    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().endswith("bundling: done\n")
    assert console.file.getvalue().count("done") == 1


async def test_nothing_is_run_when_the_page_is_built(
    workplace: Workplace, console: Console, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second build is silent."""
    await build_page(workplace.web, console)
    before = workplace.ran

    main(workplace.web, [])

    assert workplace.ran == before
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["src/main.ts", "src/new.ts", "index.html", "public/icon.svg", "vite.config.ts"])
async def test_the_page_is_built_again_when_a_source_changed(workplace: Workplace, console: Console, path: str) -> None:
    """The source is changed or added; the packages stay."""
    await build_page(workplace.web, console)
    (workplace.web / path).parent.mkdir(exist_ok=True)
    (workplace.web / path).write_text("two")

    await build_page(workplace.web, console)

    assert is_built(workplace.web)
    assert workplace.ran[2:] == ["vite build"]


async def test_packages_are_installed_again_when_the_lock_file_changed(workplace: Workplace, console: Console) -> None:
    """A changed lock file may have other versions."""
    await build_page(workplace.web, console)
    with (workplace.web / "package-lock.json").open("a") as lock:
        lock.write("\n")

    await build_page(workplace.web, console)

    assert len([line for line in workplace.ran if line.startswith("npm ci")]) == 2


async def test_the_page_is_built_once_for_two_simultaneous_requests(workplace: Workplace, console: Console) -> None:
    """The second waits for the first, and finds it built."""
    await asyncio.gather(build_page(workplace.web, console), build_page(workplace.web, console))

    assert workplace.ran.count("vite build") == 1


async def test_an_interrupted_install_of_packages_is_repeated(workplace: Workplace, console: Console) -> None:
    """An install that npm did not finish is repeated; npm's message and the registry are in the error."""
    workplace.tool("npm", "mkdir -p node_modules/vite; echo npm error code ENOTFOUND; exit 1\n")
    with pytest.raises(PageBuildError, match=r"(?s)code ENOTFOUND.*registry\.npmjs\.org"):
        await build_page(workplace.web, console)
    workplace.tool("npm", NPM)

    await build_page(workplace.web, console)

    assert is_built(workplace.web)


async def test_the_last_page_stays_when_the_sources_have_an_error(workplace: Workplace, console: Console) -> None:
    """The error has the bundler's message; nothing half-built stays."""
    await build_page(workplace.web, console)
    (workplace.web / "src" / "main.ts").write_text("two")
    workplace.tool("node", 'if [ "$1" = --version ]; then echo v22.12.0; exit; fi; mkdir -p "$4"; echo bad; exit 1\n')

    with pytest.raises(PageBuildError, match=r"(?s)bad.*web/src"):
        await build_page(workplace.web, console)

    assert workplace.page == "one"
    assert not is_built(workplace.web)
    assert not workplace.has_leftovers()


async def test_the_last_page_stays_when_a_build_is_interrupted(workplace: Workplace, console: Console) -> None:
    """A Ctrl-C during the bundler leaves the last page, and nothing else."""
    await build_page(workplace.web, console)
    (workplace.web / "src" / "main.ts").write_text("two")
    workplace.tool("node", NODE + "exec sleep 60\n")
    build = asyncio.create_task(build_page(workplace.web, console))
    while workplace.ran.count("vite build") < 2:  # noqa: ASYNC110 - what another process writes has no event
        await asyncio.sleep(0.01)

    build.cancel()
    with pytest.raises(asyncio.CancelledError):
        await build

    assert workplace.page == "one"
    assert not workplace.has_leftovers()


async def test_the_error_says_how_to_get_node_when_pypi_gives_none(
    workplace: Workplace, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the required versions."""
    workplace.tool("node", "echo v18.0.0\n")
    workplace.tool("uv", "echo no such host; exit 1\n")
    monkeypatch.setenv("UV", str(workplace.directory / "bin" / "uv"))

    with pytest.raises(PageBuildError, match=r"(?s)no such host.*>=20\.19.*nodejs\.org"):
        await build_page(workplace.web, console)


async def test_the_error_names_a_cache_that_can_not_be_made(workplace: Workplace, console: Console) -> None:
    """A file in place of the cache is reported in one line."""
    (workplace.directory / "cache").write_text("not a directory")

    with pytest.raises(PageBuildError, match="Not a directory"):
        await build_page(workplace.web, console)


async def test_a_tool_runs_with_only_the_packages(workplace: Workplace, console: Console) -> None:
    """A tool gets the packages when they are missing, and no page is built for it."""
    node = await ready_node(workplace.web, console)
    again = await ready_node(workplace.web, console)

    assert workplace.ran == ["npm ci --ignore-scripts --include=dev false"]
    assert tool_command(workplace.web, again, "tsc", "--noEmit") == [
        str(node.binary),
        str(workplace.web / "node_modules" / ".bin" / "tsc"),
        "--noEmit",
    ]
    assert tool_command(workplace.web, again, "npm", "audit") == [*node.npm, "audit"]
