"""Exclusive locks on open files; the operating system frees a lock when its holder ends, however it ends.

On Windows, which has no `flock`, `msvcrt` locks the file's first byte. On a system with neither, every other owner
counts as alive, and their sessions are not taken over.
"""

import time
from importlib import import_module
from typing import Any

# Seconds between two attempts on Windows, whose own blocking lock gives up after ten seconds.
_RETRY_INTERVAL = 0.05


def _module(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


_fcntl, _msvcrt = _module("fcntl"), _module("msvcrt")


def lock(fd: int, *, wait: bool) -> bool:
    """Lock an open file for this process; closing the file unlocks it.

    Returns:
        False if another process has it locked; never with `wait`.
    """
    if _fcntl is not None:
        return _flock(fd, _fcntl.LOCK_EX if wait else _fcntl.LOCK_EX | _fcntl.LOCK_NB)
    if _msvcrt is None:
        return wait
    while not (is_ours := _lock_byte(fd)) and wait:
        time.sleep(_RETRY_INTERVAL)
    return is_ours


def is_locked(fd: int) -> bool:
    """Return whether another process has the file locked; close the descriptor afterwards."""
    if _fcntl is not None:
        return not _flock(fd, _fcntl.LOCK_SH | _fcntl.LOCK_NB)
    return _msvcrt is None or not _lock_byte(fd)


def _flock(fd: int, operation: int) -> bool:
    try:
        _fcntl.flock(fd, operation)
    except BlockingIOError:
        return False
    return True


def _lock_byte(fd: int) -> bool:
    try:
        _msvcrt.locking(fd, _msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True
