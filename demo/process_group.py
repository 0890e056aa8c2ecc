"""Processes in groups of their own, which end together with all processes that they have started."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from asyncio.subprocess import Process

# Seconds after a kill until the pipe of a group has ended.
_PIPE_ENDS_WITHIN: Final = 2.0


async def start_group(*command: str, **options: Any) -> Process:
    """Start a process in a group of its own. If this is cancelled, no process of the group is left.

    Args:
        command: The program and its arguments.
        options: Of `asyncio.create_subprocess_exec`, which itself would kill the process alone.
    """
    starting = asyncio.create_task(asyncio.create_subprocess_exec(*command, **options, start_new_session=True))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # The process may run already, and have done much on a busy machine.
        with suppress(OSError):
            await kill_group(await starting)
        raise


async def kill_group(process: Process) -> None:
    """Kill a process and those that it has started, and wait for their end."""
    # The group may be empty. Windows has none.
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await process.wait()
    if process.stdout is not None:
        # Its pipe ends with the last of them; one that has left the group is not waited for.
        with suppress(TimeoutError):
            async with asyncio.timeout(_PIPE_ENDS_WITHIN):
                await process.stdout.read()
