"""Runs the worker in this process, with the signals, drain and exit status of LiveKit's own commands."""

import asyncio
import logging
import os
import signal
import tempfile
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, closing, nullcontext

from livekit.agents import AgentServer

logger = logging.getLogger("agent")

# Exit status after the second signal.
_FORCED = 1


class WorkerError(Exception):
    """The worker can't run; the message says what to do."""


def run_worker(
    server: AgentServer,
    *,
    dev: bool,
    drain_timeout: int,
    port: int = 0,
    is_registered: bool = True,
    beside: AbstractAsyncContextManager[object] | None = None,
) -> None:
    """Run until a signal, then let the calls end; a second signal cuts them off.

    In development SIGTERM, which a reload sends, cuts them off at once; Ctrl-C lets them end there too.

    Args:
        server: What to run.
        dev: True for the framework's defaults of development, such as no load limit.
        drain_timeout: Seconds for the calls to end; 0 cuts them off at once.
        port: Where it answers health checks, for the message when that port is taken.
        is_registered: True if LiveKit assigns its calls; else it does not connect to LiveKit.
        beside: Entered before the worker takes calls, and left when its jobs are gone.

    Raises:
        WorkerError: It could not start, or LiveKit was away for too long.
    """
    _require_temporary_directory()
    if not is_registered:
        server.update_options(ws_url="")  # with it, the framework asks for LiveKit's keys
        server.on("worker_started", lambda: logger.info("ready for callers"))
    running = _run(server, dev=dev, drain_timeout=drain_timeout, port=port, is_registered=is_registered)
    asyncio.run(_beside(beside or nullcontext(), running))


def _require_temporary_directory() -> None:
    """Raise a WorkerError where job processes, which are started by a socket in it, could not start."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        message = "no temporary directory can be written, which jobs need: mount one at /tmp, or set TMPDIR"
        raise WorkerError(message) from None


async def _beside(beside: AbstractAsyncContextManager[object], running: Coroutine[None, None, None]) -> None:
    with closing(running):
        async with beside:
            await running


async def _run(server: AgentServer, *, dev: bool, drain_timeout: int, port: int, is_registered: bool) -> None:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[int] = loop.create_future()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _on_signal, stop, number)
    running = asyncio.create_task(server.run(devmode=dev, unregistered=not is_registered), name="worker")
    await asyncio.wait((running, stop), return_when=asyncio.FIRST_COMPLETED)
    # To the framework 0 seconds are no limit.
    if drain_timeout and not running.done() and not (dev and stop.result() == signal.SIGTERM):
        await _drain(server, drain_timeout)
    await server.aclose()
    try:
        await running
    except OSError as error:
        message = (
            f"WORKER_PORT={port} can't be opened: {error.strerror or error}. "
            "Is another worker running? Choose another port, or 0 for any free one."
        )
        raise WorkerError(message) from None
    except RuntimeError as error:
        message = f"{error} - is LIVEKIT_URL right, and the server running?"
        raise WorkerError(message) from None


def _on_signal(stop: "asyncio.Future[int]", number: int) -> None:
    if stop.done():
        os._exit(_FORCED)  # the second one: job processes end with their parent
    stop.set_result(number)


async def _drain(server: AgentServer, timeout: int) -> None:  # noqa: ASYNC109 - it is the framework's
    if server.active_jobs:
        logger.info("waiting for calls to end; a second signal cuts them off", extra={"calls": len(server.active_jobs)})
    try:
        await server.drain(timeout=timeout)
    except TimeoutError:
        logger.warning("calls did not end within DRAIN_TIMEOUT and are cut off", extra={"seconds": timeout})
