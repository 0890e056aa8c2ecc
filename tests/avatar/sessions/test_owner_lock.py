"""Owners: alive exactly as long as their process."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from avatar.sessions.owner_lock import OwnerLock, is_alive, owners_in

ROOT = Path(__file__).parents[3]


def test_an_owner_is_alive_until_its_release(tmp_path: Path) -> None:
    """A living owner's lock can't be taken; a dead one's can."""
    owner = OwnerLock.make(tmp_path)

    assert is_alive(tmp_path, owner.name)
    assert OwnerLock.take_over(tmp_path, owner.name) is None
    owner.release()
    assert not is_alive(tmp_path, owner.name)
    successor = OwnerLock.take_over(tmp_path, owner.name)
    assert successor is not None
    assert OwnerLock.take_over(tmp_path, owner.name) is None
    successor.release(remove=True)
    assert owners_in(tmp_path) == set()


def test_an_owner_without_a_file_is_dead(tmp_path: Path) -> None:
    """An emptied directory has no living owner, and its sessions can be taken over."""
    assert not is_alive(tmp_path, "long-gone")
    successor = OwnerLock.take_over(tmp_path, "long-gone")
    assert successor is not None
    successor.release(remove=True)


def test_a_second_release_has_no_effect(tmp_path: Path) -> None:
    """A second release does not close a descriptor that was reused."""
    owner = OwnerLock.make(tmp_path)
    owner.release()
    other = OwnerLock.make(tmp_path)
    owner.release()

    assert is_alive(tmp_path, other.name)
    other.release()


HANDS_NOTHING_ON = """
import os, subprocess, sys
from pathlib import Path
from avatar.sessions.owner_lock import OwnerLock
owner = OwnerLock.make(Path(sys.argv[1]))
subprocess.Popen(["cat"], close_fds=False)
if os.fork() == 0:
    assert not owner.is_held
    owner.release()
    sys.stdin.read()
    os._exit(0)
os.write(1, owner.name.encode())
os._exit(0)
"""


def test_neither_a_fork_nor_a_program_keeps_its_parents_lock(tmp_path: Path) -> None:
    """Children that outlive their parent do not hold its lock."""
    with subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", HANDS_NOTHING_ON, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.wait(50) == 0
        assert process.stdout is not None
        (name,) = owners_in(tmp_path)
        assert not is_alive(tmp_path, name)


def test_a_new_owner_is_never_swept_away(tmp_path: Path) -> None:
    """A lock made while a sweeper removes dead ones is held on the file that exists."""
    over = threading.Event()

    def clear() -> None:
        while not over.is_set():
            for name in owners_in(tmp_path):
                if (lock := OwnerLock.take_over(tmp_path, name)) is not None:
                    lock.release(remove=True)

    clearing = threading.Thread(target=clear)
    clearing.start()
    try:
        for _ in range(300):
            owner = OwnerLock.make(tmp_path)
            assert is_alive(tmp_path, owner.name)
            owner.release(remove=True)
    finally:
        over.set()
        clearing.join()
