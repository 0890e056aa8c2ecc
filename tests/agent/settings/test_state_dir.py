"""The default directory for running avatar sessions, also where little can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from agent.settings.state_dir import default_state_dir, temporary_state_dir


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set the system's temporary directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_directory_follows_the_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is XDG_STATE_HOME if that is an absolute path, else below the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_state_dir({"XDG_STATE_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg" / "liveavatar-agent"
    assert default_state_dir({"XDG_STATE_HOME": "relative"}) == tmp_path / ".local/state/liveavatar-agent"
    assert default_state_dir({}) == tmp_path / ".local/state/liveavatar-agent"


def test_a_read_only_home_is_not_used(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory is then a temporary one of this user."""
    monkeypatch.setenv("HOME", "/dev/null")

    assert default_state_dir({}) == temporary / f"liveavatar-agent-{os.getuid()}" == temporary_state_dir()


def test_a_missing_home_is_not_an_error(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id that the system does not know has none."""

    def unknown() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", unknown)

    assert default_state_dir({}) == temporary_state_dir()
