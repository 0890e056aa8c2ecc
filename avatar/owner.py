"""Who owns a session: a process that holds a lock, which the kernel lets go of however the process ends.

No process id is asked for or kept: ids are given out again, and mean nothing in another container.
"""

import fcntl
import os
from pathlib import Path
from uuid import uuid4

_SUFFIX = ".lock"


class OwnerLock:
    """An exclusive `flock` on `<directory>/<name>.lock`.

    It is not handed on: neither to programs that this process runs, nor to its forks.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self._path = path
        self._fd = fd
        _held.add(self)

    @property
    def name(self) -> str:
        """Of the owner."""
        return self._path.stem

    @property
    def is_held(self) -> bool:
        """Whether this process, and not the one it was forked from, holds it still."""
        return self in _held

    @classmethod
    def make(cls, directory: Path) -> "OwnerLock":
        """Become an owner of a new name."""
        path = directory / f"{uuid4()}{_SUFFIX}"
        # A file that nobody has locked yet may be swept away in between.
        while (lock := cls._take(path, fcntl.LOCK_EX)) is None:
            pass
        return lock

    @classmethod
    def take_over(cls, directory: Path, name: str) -> "OwnerLock | None":
        """Take a dead owner's place; None if it lives, or somebody else has taken it."""
        return cls._take(directory / f"{name}{_SUFFIX}", fcntl.LOCK_EX | fcntl.LOCK_NB)

    def release(self, *, remove: bool = False) -> None:
        """Let go of it; with `remove` nobody of that name is left."""
        if not self.is_held:
            return
        _held.discard(self)
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._fd)

    @classmethod
    def _take(cls, path: Path, operation: int) -> "OwnerLock | None":
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, operation)
            if _is_at(fd, path):
                return cls(path, fd)
        except BlockingIOError:
            pass
        os.close(fd)
        return None


def is_alive(directory: Path, name: str) -> bool:
    """Whether some process holds the lock of an owner."""
    try:
        fd = os.open(directory / f"{name}{_SUFFIX}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def owners_in(directory: Path) -> set[str]:
    """The names of all owners that have left a file, living or dead."""
    return {path.stem for path in directory.glob(f"*{_SUFFIX}")}


def _is_at(fd: int, path: Path) -> bool:
    """Whether an open file is still the one at its path: who removes one holds its lock."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


_held: set[OwnerLock] = set()


def _let_go_after_fork() -> None:
    # A fork shares the lock: it would keep its parent alive. Closing is not unlocking, the parent's hold stays.
    for lock in _held:
        os.close(lock._fd)  # noqa: SLF001 - its own module
    _held.clear()


os.register_at_fork(after_in_child=_let_go_after_fork)
