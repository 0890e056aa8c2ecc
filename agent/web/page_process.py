"""The page and tokens in their own process, which the worker starts and which ends with it.

However many connections the page has, and whatever they do, they don't affect the worker's health check, journal and
log.
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

# Seconds for the process to end, and before a process that has ended by itself is restarted.
_END_TIMEOUT = 5.0
_RESTART_DELAY = 1.0


@asynccontextmanager
async def page_process(
    settings: Settings, readiness: Readiness, rooms: Rooms | None, *, dev: bool, log_level: str
) -> AsyncIterator[None]:
    """Serve the page from another process while the body runs, if there is a port for it.

    The port is opened here, so that it survives a restart of the process and a taken port is found at the start.

    Args:
        settings: Contain the address and the secret.
        readiness: The worker's readiness.
        rooms: Rooms that only the worker can open; None if the other process opens them itself.
        dev: True for the default port without a setting, and for readable logs.
        log_level: Log level of the other process.

    Raises:
        WorkerError: The requested port can't be opened.
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
        # The process ends with its standard input, so also when this process is killed. A terminal's Ctrl-C does not
        # reach it: while the worker drains, callers can rejoin their calls.
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, pass_fds=[descriptor], start_new_session=True
        )
        try:
            await process.wait()
        finally:
            await _end(process)
        logger.error("the page's process has ended, and is restarted", extra={"status": process.returncode})
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
