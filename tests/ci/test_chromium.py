"""Installing a Chromium for the tests of the page, with scripts in place of the system's commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ci.programs import clean_path, put, run

if TYPE_CHECKING:
    from pathlib import Path

INSTALLS = '[ "$1" = update ] || { echo \'#!/bin/sh\' > "${0%/*}/chromium"; chmod +x "${0%/*}/chromium"; }'


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    """Return a PATH that has only the script's shell and the commands that make a file executable."""
    return clean_path(tmp_path, "bash", "chmod", "sh")


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
async def test_nothing_is_installed_when_there_is_a_chromium(bin_dir: Path, name: str) -> None:
    """Chromium is found under any of the names that the tests look for."""
    put(bin_dir, "apt-get", "exit 1")
    put(bin_dir, name, "")

    assert await run("chromium", bin_dir) == (0, f"{bin_dir / name}\n")


async def test_root_installs_chromium(bin_dir: Path) -> None:
    """The install has fonts, and no recommended packages."""
    put(bin_dir, "id", "echo 0")
    put(bin_dir, "apt-get", INSTALLS)

    assert await run("chromium", bin_dir) == (0, f"{bin_dir / 'chromium'}\n")
    assert (bin_dir / "ran").read_text().splitlines()[-1].endswith("--no-install-recommends chromium fonts-liberation")


@pytest.mark.parametrize(
    ("user", "apt_get"),
    [("1000", INSTALLS), ("0", "exit 100"), ("0", "")],
    ids=["not root", "no network", "an empty package"],
)
async def test_it_says_what_to_install_when_it_can_not_install(bin_dir: Path, user: str, apt_get: str) -> None:
    """Without a Chromium the script fails with one line, so that no browser test is silently skipped."""
    put(bin_dir, "id", f"echo {user}")
    put(bin_dir, "apt-get", apt_get)

    status, said = await run("chromium", bin_dir)

    assert status == 1
    assert "apt-get install chromium" in said
