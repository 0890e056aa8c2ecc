"""The demo's child processes: started in groups of their own, logged to files, and ended with the demo."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import socket
import sys
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, NoReturn

import aiohttp

from avatar.http import client_session
from demo import keeper
from demo.errors import DemoError
from demo.process_group import kill_group, start_group

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

# Seconds that a process has for an orderly end (the worker ends its calls with the vendors) before it is killed.
GRACE: Final = 10.0

TAIL_LINES: Final = 15
# Seconds between two checks of a process that is starting.
READY_POLL: Final = 0.1

ANSWER_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0)

# Seconds between two reads of a log that is shown as it grows.
FOLLOW_POLL: Final = 0.2


class PortInUseError(DemoError):
    """Another program listens on the port of one of the demo's servers."""

    def __init__(self, port: int, what: str, option: str) -> None:
        super().__init__(
            f"Port {port}, wanted for {what}, is in use: is another demo running? Stop it, or set {option}."
        )


class ChildDiedError(DemoError):
    """One of the demo's processes ended on its own."""

    def __init__(self, child: Child) -> None:
        lines = "".join(f"\n    {line}" for line in child.tail())
        super().__init__(
            f"The {child.name} ended with status {child.returncode}. Its last lines:{lines}\n({child.log})"
        )


@dataclass(frozen=True, slots=True)
class Child:
    """A running process of the demo.

    Attributes:
        name: Its name in messages.
        log: The file with its output.
    """

    name: str
    log: Path
    process: asyncio.subprocess.Process

    @property
    def returncode(self) -> int | None:
        """Its exit status; None as long as it runs."""
        return self.process.returncode

    def tail(self, count: int = TAIL_LINES) -> list[str]:
        """Return the last lines of its log."""
        with self.log.open(errors="replace") as file:
            return [_plain(line) for line in deque(file, maxlen=count)]

    async def has_logged(self, text: str) -> bool:
        """Return whether its log has a line with this text."""
        with self.log.open(errors="replace") as file:
            return any(text in line for line in file)

    async def follow(self, on_line: Callable[[str], object]) -> NoReturn:
        """Call `on_line` with every further line of its log, prefixed with its name."""
        with self.log.open(errors="replace") as file:
            file.seek(0, os.SEEK_END)
            while True:
                if line := file.readline():
                    on_line(f"{self.name} | {_plain(line)}")
                else:
                    await asyncio.sleep(FOLLOW_POLL)

    async def watch(self) -> NoReturn:
        """Wait as long as it runs.

        Raises:
            ChildDiedError: It ended.
        """
        await self.process.wait()
        raise ChildDiedError(self)

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], timeout: float) -> None:  # noqa: ASYNC109 - the name that callers use
        """Wait until `ready` returns True; it is called again and again.

        Raises:
            ChildDiedError: The process ended instead.
            DemoError: It was not ready within `timeout` seconds.
        """
        for _ in range(int(timeout / READY_POLL) + 1):
            if await ready():
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self.watch(), READY_POLL)
        lines = "".join(f"\n    {line}" for line in self.tail())
        message = f"The {self.name} is not ready after {timeout:.0f} s. Its last lines:{lines}\n({self.log})"
        raise DemoError(message)


@asynccontextmanager
async def running(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    grace: float = GRACE,
) -> AsyncIterator[Child]:
    """Run a command as long as the body runs; afterwards no process of its group is left.

    Args:
        name: Its name in messages.
        command: Program and arguments.
        log: The file that gets its output.
        env: Environment variables in addition to those of this process.
        cwd: Its working directory.
        grace: Seconds that it has to end after SIGTERM.
    """
    with log.open("ab") as output:
        process = await start_group(
            *(sys.executable, "-I", str(keeper.__file__), str(grace), *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=os.environ | (env or {}) | {"PYTHONUNBUFFERED": "1"},
            cwd=cwd,
        )
    try:
        yield Child(name, log, process)
    finally:
        await _end(process, grace)


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    assert process.stdin is not None  # noqa: S101 - a pipe was asked for
    process.stdin.close()
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), grace + 2.0)
    finally:
        # Usually the group is already empty.
        await kill_group(process)


def _plain(line: str) -> str:
    """Remove the colours and the line's end."""
    return re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip()


async def answers(url: str) -> bool:
    """Return whether an HTTP server answers at `url` without a server error."""
    try:
        async with client_session(timeout=ANSWER_TIMEOUT) as http, http.get(url) as response:
            return response.status < HTTPStatus.INTERNAL_SERVER_ERROR
    except (aiohttp.ClientError, TimeoutError):
        return False


def check_port(port: int, what: str, option: str) -> None:
    """Raise PortInUseError if a process listens on this TCP port of 127.0.0.1."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortInUseError(port, what, option) from error


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a free port, one that no outgoing connection gets before it is used: systems choose theirs above these."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket(type=kind) as trial:
            try:
                trial.bind(("", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
