"""Child processes: their output, their end, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo import keeper
from demo.errors import DemoError
from demo.processes import ChildDiedError, PortInUseError, check_port, free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable

STUBBORN = """\
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
"""

OBEDIENT = """\
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("ended in order", flush=True), sys.exit(0)))
print(os.getpid(), flush=True)
time.sleep(600)
"""


def python(code: str) -> list[str]:
    """Return the command that runs this code."""
    return [sys.executable, "-c", code]


def is_running(pid: int) -> bool:
    """Return whether there is such a process that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition on another process, which has no event."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.02)


async def logged(log: Path) -> list[str]:
    """Wait until a child has logged a whole line, and return its words."""
    await until(lambda: log.exists() and log.read_text().endswith("\n"))
    return log.read_text().split()  # noqa: ASYNC240 - a line


class NotAllowed(socket.socket):
    """A socket of a machine that gives its programs no port."""

    def bind(self, address: object) -> None:
        raise PermissionError(errno.EACCES, "not allowed")


async def test_a_child_ends_in_order_when_the_body_is_over(tmp_path: Path) -> None:
    """The child gets SIGTERM, and time to handle it."""
    async with running("child", python(OBEDIENT), log=tmp_path / "log") as child:
        [pid] = await logged(child.log)

    assert not is_running(int(pid))
    assert child.tail() == [pid, "ended in order"]


async def test_a_child_and_grandchild_are_killed_when_they_do_not_end(tmp_path: Path) -> None:
    """After the grace time nothing of the process group is left."""
    async with running("child", python(STUBBORN), log=tmp_path / "log", grace=0.2) as child:
        pids = [int(pid) for pid in await logged(child.log)]

    assert len(pids) == 2
    # A killed process does not end at once.
    await until(lambda: not any(is_running(pid) for pid in pids))


async def test_a_child_ends_when_the_demo_is_killed(tmp_path: Path) -> None:
    """The keeper detects that its input is closed, and ends the child with its own children."""
    command = [sys.executable, "-I", str(keeper.__file__), "0.2", *python(STUBBORN)]
    code = (
        "import subprocess, time; "
        f"subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=open({str(tmp_path / 'log')!r}, 'w'), "
        "start_new_session=True); time.sleep(600)"
    )
    demo = await asyncio.create_subprocess_exec(*python(code))
    pids = [int(pid) for pid in await logged(tmp_path / "log")]

    demo.kill()
    await demo.wait()

    await until(lambda: not any(is_running(pid) for pid in pids))


async def test_the_error_has_the_last_lines_of_a_dead_child(tmp_path: Path) -> None:
    """The error has the child's last lines, its status, and the path of its log."""
    async with running("worker", python("print('no such model'); raise SystemExit(3)"), log=tmp_path / "log") as child:
        with pytest.raises(ChildDiedError) as caught:
            await child.watch()

    assert "worker ended with status 3" in str(caught.value)
    assert "no such model" in str(caught.value)
    assert str(tmp_path / "log") in str(caught.value)


async def test_waiting_ends_when_the_child_dies(tmp_path: Path) -> None:
    """The awaited line can't come any more."""

    async def never() -> bool:
        return False

    async with running("worker", python("raise SystemExit(3)"), log=tmp_path / "log") as child:
        with pytest.raises(ChildDiedError):
            await child.wait_until(never, timeout=60)


async def test_waiting_ends_with_the_last_lines_after_the_time_limit(tmp_path: Path) -> None:
    """The error for a child that hangs at its start has its output."""

    async def never() -> bool:
        return False

    async with running("worker", python(OBEDIENT), log=tmp_path / "log") as child:
        [pid] = await logged(child.log)
        with pytest.raises(DemoError, match=f"not ready after 0 s.*\n.*{pid}"):
            await child.wait_until(never, timeout=0.1)


async def test_a_log_is_followed_with_the_name_of_the_child(tmp_path: Path) -> None:
    """Later lines are passed on with a prefix."""
    lines: list[str] = []
    async with running("worker", python(OBEDIENT), log=tmp_path / "log") as child:
        await logged(child.log)
        following = asyncio.create_task(child.follow(lines.append))
        await asyncio.sleep(0)
        with child.log.open("a") as file:
            file.write("a job\n")
        await until(lambda: bool(lines))
        following.cancel()

    assert lines == ["worker | a job"]


def test_a_port_in_use_is_reported_before_anything_is_started() -> None:
    """The text names the port, its purpose, and the option."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"Port {port}, wanted for the stand-ins.*--stand-ins-port"):
            check_port(port, "the stand-ins", "--stand-ins-port")


def test_a_free_port_passes_the_check() -> None:
    """A free port can be bound, and is below those that Linux (32768) and others (49152) give to connections."""
    port = free_port()

    check_port(port, "a test", "nothing")
    assert port < 32_768


def test_a_machine_that_allows_no_port_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a port in use is followed by another try."""
    monkeypatch.setattr(socket, "socket", NotAllowed)

    with pytest.raises(PermissionError):
        free_port()
