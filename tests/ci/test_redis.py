"""Installing a redis-server for the tests of the fleet's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ci.programs import clean_path, put, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the system tools that the script needs."""
    return clean_path(tmp_path, "bash", "sh", "chmod")


async def test_nothing_is_installed_when_there_is_a_redis_server(path: Path) -> None:
    """The network is not used."""
    put(path, "apt-get", "exit 1")
    put(path, "redis-server", "")

    assert await run("redis", path) == (0, f"{path / 'redis-server'}\n")


async def test_root_installs_it_without_a_service(path: Path) -> None:
    """The tools' package has the same program; the server's own package would start it."""
    put(path, "id", "echo 0")
    put(path, "apt-get", "")
    put(path, "ln", f"echo '#!/bin/sh' > {path}/redis-server; chmod +x {path}/redis-server")

    status, _ = await run("redis", path)

    assert status == 0
    ran = [line.split() for line in (path / "ran").read_text().splitlines()]
    assert [each[1] for each in ran if each[0] == "apt-get"] == ["update", "install"]
    assert [each[-1] for each in ran if each[:2] == ["apt-get", "install"]] == ["redis-tools"]


@pytest.mark.parametrize(("user", "apt_get"), [("1000", ""), ("0", "exit 100")], ids=["not root", "no network"])
async def test_it_says_what_is_missing_when_it_can_not_install(path: Path, user: str, apt_get: str) -> None:
    """Without a redis-server the script fails with one line, so that no test is silently skipped."""
    put(path, "id", f"echo {user}")
    put(path, "apt-get", apt_get)

    status, said = await run("redis", path)

    assert status == 1
    assert "need redis-server" in said
