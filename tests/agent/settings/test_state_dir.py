"""The directory for running avatar sessions, where nothing is set and where little can be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from agent.settings.state_dir import default_state_dir, temporary_state_dir


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary directory."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_it_is_where_the_specification_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_STATE_HOME, if it is an absolute path, else below the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))

    assert default_state_dir({"XDG_STATE_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg" / "liveavatar-agent"
    assert default_state_dir({"XDG_STATE_HOME": "relative"}) == tmp_path / ".local/state/liveavatar-agent"
    assert default_state_dir({}) == tmp_path / ".local/state/liveavatar-agent"


def test_a_home_that_can_not_be_written_is_left_out(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory is then a temporary one of this user's."""
    monkeypatch.setenv("HOME", "/dev/null")

    assert default_state_dir({}) == temporary / f"liveavatar-agent-{os.getuid()}" == temporary_state_dir()


def test_no_home_at_all_is_no_error(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user id that the system does not know."""

    def unknown() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", unknown)

    assert default_state_dir({}) == temporary_state_dir()
