"""The page and tokens in a process of their own, started by the worker and beside it until it ends.

However many connections the page has, and whatever they do, the worker's health check, journal and log are not touched.
"""

import asyncio
import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from agent.process.readiness import Readiness
from agent.rooms.connection_details import Rooms
from agent.settings import Settings
from agent.web.serve import open_port
from agent.web.worker_socket import worker_socket

logger = logging.getLogger("agent")

# Seconds for the process to end, and before one that has ended by itself is replaced.
_END_TIMEOUT = 5.0
_RESTART_DELAY = 1.0


@asynccontextmanager
async def page_process(
    settings: Settings, readiness: Readiness, rooms: Rooms | None, *, dev: bool, log_level: str
) -> AsyncIterator[None]:
    """Serve the page from another process for as long as the body runs, if there is a port for it.

    The port is opened here, so that it is kept, and one that is taken is found at the start.

    Args:
        settings: Hold the address and the secret.
        readiness: Of the worker.
        rooms: Those that only the worker can open; None if the other process opens them itself.
        dev: True for a port without a setting, and for readable logs.
        log_level: Of the other process.

    Raises:
        WorkerError: The port that was asked for can't be opened.
    """
    listening = open_port(settings, dev=dev)
    if listening is None:
        yield
        return
    with listening, tempfile.TemporaryDirectory(prefix="agent-") as directory:
        path = Path(directory) / "worker.sock"
        command = [sys.executable, sys.argv[0], "web", "--worker", str(path), "--fd", str(listening.fileno())]
        command += ["--log-level", log_level, *(["--dev"] if dev else [])]
        async with worker_socket(path, readiness, rooms):
            keeping = asyncio.create_task(_keep(command, listening.fileno()), name="page_process")
            try:
                yield
            finally:
                keeping.cancel()
                with suppress(asyncio.CancelledError):
                    await keeping


async def _keep(command: Sequence[str], descriptor: int) -> None:
    """Keep the process running until this is cancelled."""
    while True:
        # It ends when its standard input does, and so also when this process is killed. A terminal's Ctrl-C does not
        # reach it: while the worker drains, callers come back to their calls.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, pass_fds=[descriptor], start_new_session=True
        )
        try:
            await process.wait()
        finally:
            await _end(process)
        logger.error("the page's process has ended, and is started again", extra={"status": process.returncode})
        await asyncio.sleep(_RESTART_DELAY)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _END_TIMEOUT)
    except TimeoutError:
        process.kill()
        await process.wait()
