"""The default directory for the journal of sessions, when STATE_DIR is not set, and the demo's directory."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_NAME = "liveavatar-agent"


def default_state_dir(environment: Mapping[str, str]) -> Path:
    """Return the first directory that this user can write: XDG_STATE_HOME, the home directory, else a temporary one.

    The home directory is missing or not writable for a user id that the system doesn't know, as on OpenShift.
    """
    return next((each for each in _lasting(environment) if _can_be_made(each)), None) or temporary_state_dir()


def temporary_state_dir() -> Path:
    """Return this user's directory below the system's temporary one; it may not survive a restart."""
    return _temporary(_NAME)


def demo_state_dir() -> Path:
    """Return the directory for sessions of the demo's stand-in, which cost nothing and need not survive a restart."""
    return _temporary(f"{_NAME}-demo")


def _temporary(name: str) -> Path:
    user = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # Windows has a temporary directory for each user
    return Path(_temporary_directory(), f"{name}{user}")


def _lasting(environment: Mapping[str, str]) -> list[Path]:
    """Follow the XDG Base Directory Specification, which requires a relative path to be ignored."""
    named = Path(environment.get("XDG_STATE_HOME", ""))
    bases = [named] if named.is_absolute() else []
    with suppress(RuntimeError):  # neither HOME nor an entry in the user database
        bases.append(Path.home() / ".local" / "state")
    return [base / _NAME for base in bases]


def _temporary_directory() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return os.sep  # not writable either: the journal's error names it


def _can_be_made(directory: Path) -> bool:
    # Not Path.exists, which raises for a parent that this user may not enter.
    there = next(each for each in (directory, *directory.parents) if os.path.exists(each))  # noqa: PTH110
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
