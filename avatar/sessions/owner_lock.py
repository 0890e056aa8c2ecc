"""The owner of sessions: a process that holds a file's lock, which the system frees however the process ends.

No process id is kept: ids are reused, and are meaningless in another container.
"""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from avatar.sessions.file_lock import is_locked, lock

_SUFFIX = ".lock"

# Windows does not remove open files.
_KEEPS_OPEN_FILES = os.name == "nt"


class OwnerLock:
    """An exclusive lock on `<directory>/<name>.lock`, which child programs and forks do not inherit."""

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        _held.add(self)

    @property
    def name(self) -> str:
        """The owner's name."""
        return self._path.stem

    @property
    def is_held(self) -> bool:
        """True until this process releases it; False in a fork."""
        return self in _held

    @classmethod
    def make(cls, directory: Path) -> "OwnerLock":
        """Become an owner with a new name."""
        path = directory / f"{uuid4()}{_SUFFIX}"
        # Until the file is locked, another process may take it for a dead owner's, and remove it.
        while (made := cls._take(path, wait=True)) is None:
            pass
        return made

    @classmethod
    def take_over(cls, directory: Path, name: str) -> "OwnerLock | None":
        """Take a dead owner's place; None if it lives, or if another process was faster."""
        return cls._take(directory / f"{name}{_SUFFIX}", wait=False)

    def release(self, *, remove: bool = False) -> None:
        """Release the lock; with `remove`, the owner's file too."""
        if not self.is_held:
            return
        _held.discard(self)
        if remove and not _KEEPS_OPEN_FILES:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)
        if remove and _KEEPS_OPEN_FILES:
            # If another process has the file open, it is removed with that process's lock.
            with suppress(PermissionError):
                self._path.unlink(missing_ok=True)

    @classmethod
    def _take(cls, path: Path, *, wait: bool) -> "OwnerLock | None":
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if lock(fd, wait=wait) and _is_at(fd, path):
            return cls(path, fd)
        os.close(fd)
        return None


def is_alive(directory: Path, name: str) -> bool:
    """Return whether a process holds the lock of an owner."""
    try:
        fd = os.open(directory / f"{name}{_SUFFIX}", os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return is_locked(fd)
    finally:
        os.close(fd)


def owners_in(directory: Path) -> set[str]:
    """Return the names of all owners with a file, living or dead."""
    return {path.stem for path in directory.glob(f"*{_SUFFIX}")}


def _is_at(fd: int, path: Path) -> bool:
    """Return whether an open file is still the one at its path: a process may remove a file once it holds its lock."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


_held: set[OwnerLock] = set()


def _let_go_after_fork() -> None:
    # A fork shares the lock, so its parent would count as alive as long as the fork lives. Closing the fork's
    # descriptor leaves the parent's lock held.
    for each in _held:
        os.close(each._fd)  # noqa: SLF001 - its own module
    _held.clear()


# Windows has no fork.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)
