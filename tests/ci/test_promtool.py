"""Installing promtool for the tests of the alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ci.programs import clean_path, put, run

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE = '[ "$1" = update ] || : > prometheus_1_amd64.deb'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the system tools that the script needs."""
    return clean_path(tmp_path, "bash", "sh", "mktemp", "rm", "mkdir", "chmod")


async def test_nothing_is_downloaded_when_there_is_a_promtool(path: Path) -> None:
    """The network is not used."""
    put(path, "apt-get", "exit 1")
    put(path, "promtool", "")

    assert await run("promtool", path) == (0, f"{path / 'promtool'}\n")


async def test_root_extracts_it_from_the_package(path: Path) -> None:
    """The package is not installed, since that would start a server."""
    put(path, "id", "echo 0")
    put(path, "apt-get", PACKAGE)
    put(path, "dpkg-deb", ": # into the directory that it is told")
    put(path, "install", f"echo '#!/bin/sh' > {path}/promtool; chmod +x {path}/promtool")

    status, _ = await run("promtool", path)

    assert status == 0
    ran = [line.split()[:2] for line in (path / "ran").read_text().splitlines()]
    assert [each for each in ran if each[0] == "apt-get"] == [["apt-get", "update"], ["apt-get", "download"]]


@pytest.mark.parametrize(
    ("user", "apt_get"),
    [("1000", PACKAGE), ("0", "exit 100")],
    ids=["not root", "no network"],
)
async def test_it_says_what_is_missing_when_it_can_not_install(path: Path, user: str, apt_get: str) -> None:
    """Without promtool the script fails with one line, so that no test of the alerts is silently skipped."""
    put(path, "id", f"echo {user}")
    put(path, "apt-get", apt_get)

    status, said = await run("promtool", path)

    assert status == 1
    assert "need promtool" in said
