"""The location of the cache, with a home directory and without."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cache import cache_dir

if TYPE_CHECKING:
    import pytest


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cache is where the XDG Base Directory Specification wants it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    by_home = cache_dir()
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/cache")

    assert by_home == tmp_path / ".cache" / "liveavatar-agent"
    assert cache_dir() == Path("/var/cache/liveavatar-agent")


def test_without_a_home_directory_the_cache_is_a_temporary_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A user id that the system does not know has none."""

    def unknown() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "home", unknown)

    assert cache_dir().is_relative_to(tmp_path)
