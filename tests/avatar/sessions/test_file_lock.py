"""File locks on systems without `flock`: with Windows' own module, or with none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from avatar.sessions import file_lock
from avatar.sessions.owner_lock import OwnerLock, is_alive, owners_in

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]


class Msvcrt:
    """Windows' locks on a byte: the first one on a file belongs to one descriptor until that is closed."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        self.holders: dict[int, int] = {}
        self.attempts = 0
        self.freed_at: int | None = None

    def locking(self, fd: int, mode: int, count: int) -> None:
        assert (mode, count) == (self.LK_NBLCK, 1)
        self.attempts += 1
        if self.attempts == self.freed_at:
            self.holders.clear()
        holder = self.holders.setdefault(os.fstat(fd).st_ino, fd)
        if holder != fd and self._is_open(holder, fd):
            raise PermissionError(13, "Permission denied")
        self.holders[os.fstat(fd).st_ino] = fd

    def _is_open(self, holder: int, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(holder), os.fstat(fd))
        except OSError:
            return False


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Msvcrt:
    """Replace `flock` by Windows' locks."""
    msvcrt = Msvcrt()
    monkeypatch.setattr(file_lock, "_fcntl", None)
    monkeypatch.setattr(file_lock, "_msvcrt", msvcrt)
    monkeypatch.setattr("avatar.sessions.owner_lock._KEEPS_OPEN_FILES", True)
    return msvcrt


@pytest.fixture
def descriptors(tmp_path: Path) -> Iterator[tuple[int, int]]:
    """Open one lock file twice."""
    first = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    second = os.open(tmp_path / "file", os.O_RDWR)
    yield first, second
    os.close(first)
    os.close(second)


def test_an_owner_is_alive_until_it_is_released(windows: Msvcrt, tmp_path: Path) -> None:
    """As with `flock`, the owner is alive until then; the file is removed when it is no longer open."""
    owner = OwnerLock.make(tmp_path)
    assert is_alive(tmp_path, owner.name)
    assert OwnerLock.take_over(tmp_path, owner.name) is None

    owner.release()
    assert not is_alive(tmp_path, owner.name)
    successor = OwnerLock.take_over(tmp_path, owner.name)
    assert successor is not None
    successor.release(remove=True)
    assert owners_in(tmp_path) == set()


def test_a_waiting_process_gets_the_lock_when_it_is_free(windows: Msvcrt, descriptors: tuple[int, int]) -> None:
    """The process tries as often as needed; Windows' own waiting gives up after ten seconds."""
    first, second = descriptors
    assert file_lock.lock(first, wait=False)
    assert not file_lock.lock(second, wait=False)
    windows.freed_at = windows.attempts + 3

    assert file_lock.lock(second, wait=True)


def test_without_locks_other_owners_count_as_alive(
    monkeypatch: pytest.MonkeyPatch, descriptors: tuple[int, int]
) -> None:
    """Taking its own lock is not an error on such a system."""
    monkeypatch.setattr(file_lock, "_fcntl", None)
    monkeypatch.setattr(file_lock, "_msvcrt", None)
    own, _ = descriptors

    assert file_lock.lock(own, wait=True)
    assert not file_lock.lock(own, wait=False)
    assert file_lock.is_locked(own)


def test_the_package_is_imported_without_fcntl(tmp_path: Path) -> None:
    """Windows has no fcntl; the journal can be imported and written there too."""
    program = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from pathlib import Path\n"
        "from avatar import AvatarSession\n"
        "from avatar.sessions.journal import SessionJournal\n"
        "journal = SessionJournal(Path(sys.argv[1]))\n"
        "journal.add('s-1', api_url='https://api.example')\n"
        "print(AvatarSession.__name__, *(entry.session_id for entry in journal.entries()))"
    )
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert (done.stdout.split(), done.stderr) == (["AvatarSession", "s-1"], "")
