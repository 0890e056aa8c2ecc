"""Runs the worker in this process: its start, its signals, its drain and its exit status."""

import asyncio
import logging
import tempfile
from contextlib import AbstractAsyncContextManager, nullcontext, suppress

from livekit.agents import AgentServer

from agent.process.stop_signals import StopSignals

logger = logging.getLogger("agent")

# Seconds between two counts of the calls while a worker drains; a count is logged when it has changed.
_COUNT_INTERVAL = 1.0


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
    """Run until a signal, then let the calls end; see `StopSignals`.

    Args:
        server: The worker.
        dev: True for the framework's development defaults, such as no load limit.
        drain_timeout: Seconds for the calls to end by themselves; 0 ends them at once, with the goodbye.
        port: Port of its health checks, for the message when it is taken.
        is_registered: True if LiveKit assigns its calls; else it does not connect to LiveKit.
        beside: A context that is entered before the worker takes calls, and exited after its jobs have ended.

    Raises:
        WorkerError: It could not start.
    """
    _require_temporary_directory()
    if not is_registered:
        server.update_options(ws_url="")  # with it, the framework asks for LiveKit's keys
        server.on("worker_started", lambda: logger.info("ready for callers"))
    asyncio.run(
        _run_beside(
            beside or nullcontext(),
            server,
            dev=dev,
            drain_timeout=drain_timeout,
            port=port,
            is_registered=is_registered,
        )
    )


def _require_temporary_directory() -> None:
    """Raise a WorkerError if there is none: job processes are started through a socket in it."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        message = "no temporary directory can be written, which jobs need: mount one at /tmp, or set TMPDIR"
        raise WorkerError(message) from None


async def _run_beside(
    beside: AbstractAsyncContextManager[object],
    server: AgentServer,
    *,
    dev: bool,
    drain_timeout: int,
    port: int,
    is_registered: bool,
) -> None:
    signals = StopSignals(dev=dev)
    signals.listen()
    async with beside:
        if not signals.end.is_set():
            await _run(server, signals, dev=dev, drain_timeout=drain_timeout, port=port, is_registered=is_registered)


async def _run(
    server: AgentServer, signals: StopSignals, *, dev: bool, drain_timeout: int, port: int, is_registered: bool
) -> None:
    started = asyncio.Event()
    server.on("worker_started", started.set)
    running = asyncio.create_task(server.run(devmode=dev, unregistered=not is_registered), name="worker")
    await _wait(signals.end, running)
    # The framework can neither drain nor close a worker that is still starting.
    await _wait(started, running)
    # The framework takes 0 seconds as no limit.
    if drain_timeout and not running.done() and not signals.hurry.is_set():
        await _drain(server, signals, drain_timeout)
    await server.aclose()
    try:
        await running
    except OSError as error:
        message = (
            f"WORKER_PORT={port} can't be opened: {error.strerror or error}. "
            "Is another worker running? Choose another port, or 0 for any free one."
        )
        raise WorkerError(message) from None


async def _wait(event: asyncio.Event, unless: "asyncio.Task[None]") -> None:
    """Wait for an event, or until a task is over."""
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait((waiting, unless), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


async def _drain(server: AgentServer, signals: StopSignals, timeout: int) -> None:  # noqa: ASYNC109 - it is the framework's
    counting = asyncio.create_task(_log_calls(server), name="drain_count")
    draining = asyncio.create_task(server.drain(timeout=timeout), name="drain")
    try:
        await _wait(signals.hurry, draining)
        if draining.done():
            await draining
    except TimeoutError:
        extra = {"seconds": timeout, "calls": len(server.active_jobs)}
        logger.warning("calls did not end in time; they end now, with the goodbye", extra=extra)
    finally:
        counting.cancel()
        draining.cancel()
        with suppress(asyncio.CancelledError, TimeoutError):
            await draining


async def _log_calls(server: AgentServer) -> None:
    """Log how many calls are left, whenever that changes."""
    logged = 0
    while True:
        calls = len(server.active_jobs)
        if calls != logged:
            logger.info("waiting for calls to end; Ctrl-C twice ends them at once", extra={"calls": calls})
            logged = calls
        await asyncio.sleep(_COUNT_INTERVAL)
