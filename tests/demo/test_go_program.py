"""Finding and building a program written in Go, with scripts in place of Go."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.go_program import BuildError, find_or_build
from demo.livekit_build import SERVER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUILDS = """\
if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; exit; fi
echo "go: downloading example.org/a v1.0.0"
echo built >> {log}
mkdir -p "$GOBIN"
printf '#!/bin/sh\\necho livekit-server version 1.13.5\\n' > "$GOBIN/server"
chmod +x "$GOBIN/server"
"""

FAILS = """\
if [ "$1" = version ]; then echo "go version go1.26.8 linux/amd64"; exit; fi
echo "dial tcp: lookup proxy.golang.org: no such host"
exit 1
"""


@pytest.fixture
def console() -> Console:
    """Make a console that is not a terminal, and keeps its output."""
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def go_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a script in place of Go, with only the system on PATH and an empty cache."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def write(script: str) -> None:
        go = tmp_path / "bin" / "go"
        go.write_text("#!/bin/sh\n" + script.format(log=tmp_path / "builds"))
        go.chmod(0o755)

    return write


async def test_server_is_built_and_cached_when_there_is_none(
    go_is: Callable[[str], None], console: Console, tmp_path: Path
) -> None:
    """The build ends up in the cache, and nothing else of it stays."""
    go_is(BUILDS)

    path = await find_or_build(SERVER, console)

    assert path == tmp_path / "cache" / "liveavatar-agent" / "livekit-server-v1.13.5"
    assert SERVER.find() == path
    assert {each.name for each in path.parent.iterdir()} == {path.name, "build.lock"}


async def test_progress_is_printed_when_the_console_is_not_a_terminal(
    go_is: Callable[[str], None], console: Console
) -> None:
    """A log gets plain lines, the last one with the counts."""
    go_is(BUILDS)

    await find_or_build(SERVER, console)

    assert isinstance(console.file, io.StringIO)
    assert "built once" in console.file.getvalue()
    assert "1 modules, 0 packages: done" in console.file.getvalue()


async def test_a_server_is_built_once_for_two_simultaneous_requests(
    go_is: Callable[[str], None], console: Console, tmp_path: Path
) -> None:
    """The second waits for the first and uses its build."""
    go_is(BUILDS)

    first, second = await asyncio.gather(find_or_build(SERVER, console), find_or_build(SERVER, console))

    assert first == second
    assert (tmp_path / "builds").read_text().splitlines() == ["built"]


async def test_a_failed_build_names_the_last_lines_and_the_alternatives(
    go_is: Callable[[str], None], console: Console
) -> None:
    """The error has Go's last lines and the alternatives; no partial build is left."""
    go_is(FAILS)

    with pytest.raises(BuildError) as caught:
        await find_or_build(SERVER, console)

    assert "no such host" in str(caught.value)
    assert "LIVEKIT_URL" in str(caught.value)
    assert not SERVER.cached().exists()
    assert not list(SERVER.cached().parent.glob("build-*/"))


async def test_error_names_the_disk_when_it_is_full(go_is: Callable[[str], None], console: Console) -> None:
    """A build that can't finish is not started."""
    go_is(BUILDS)

    with pytest.raises(BuildError, match="GB are free"):
        await find_or_build(replace(SERVER, needed_bytes=10**18), console)


async def test_the_error_names_a_cache_that_can_not_be_made(
    go_is: Callable[[str], None], console: Console, tmp_path: Path
) -> None:
    """A file in place of the cache is reported in one line."""
    go_is(BUILDS)
    (tmp_path / "cache").write_text("not a directory")

    with pytest.raises(BuildError, match="Not a directory"):
        await find_or_build(SERVER, console)


def test_a_server_on_path_is_preferred_to_the_cached_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A LiveKit server on PATH is used."""
    for path in (tmp_path / "livekit-server", tmp_path / "liveavatar-agent" / "livekit-server-v1.13.5"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    cached = SERVER.find()
    monkeypatch.setenv("PATH", str(tmp_path))

    assert cached == tmp_path / "liveavatar-agent" / "livekit-server-v1.13.5"
    assert SERVER.find() == tmp_path / "livekit-server"
