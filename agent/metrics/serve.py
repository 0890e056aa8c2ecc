"""Serves and sends the metrics of a worker and of its jobs, and counts the slots, which have no events."""

import asyncio
import logging
import os
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import get_args

from aiohttp import web
from livekit.agents.utils import aio
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest

from agent.framework import METRICS_DIRECTORY
from agent.metrics import shared
from agent.metrics.catalogue import SLOTS_USED
from agent.metrics.otlp import is_exported, sending
from agent.process.run import WorkerError
from agent.settings import Settings
from avatar.sessions.port import Journal, JournalError, State

logger = logging.getLogger("agent")

_STATES: tuple[State, ...] = get_args(State)

# Seconds between two sums of the files of ended processes, for when nothing scrapes the metrics.
_EVERY = 300.0


class Metrics:
    """Merges the metrics of this process with those of the jobs and of the page.

    If another process counts a metric, this process's own value of it is left out.

    Args:
        directory: Directory with the other processes' values.
        journal: Journal of the sessions that use slots.
    """

    def __init__(self, directory: Path, journal: Journal) -> None:
        self._directory = directory
        self._journal = journal
        self._reading = threading.Lock()

    async def text(self) -> bytes:
        """Return all metrics, in Prometheus' text format."""
        return await asyncio.to_thread(self._text)

    def collect(self) -> Iterable[Metric]:
        """Return each metric once; it blocks for a moment."""
        with self._reading:
            self._count_slots()
            own = {metric.name: metric for metric in REGISTRY.collect()}
            others = {metric.name: metric for metric in shared.collect(self._directory)}
        return [*(own | others).values()]

    def _text(self) -> bytes:
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def _count_slots(self) -> None:
        try:
            states = Counter(entry.state for entry in self._journal.entries())
        except JournalError:
            return  # the sweeper logs it
        for state in _STATES:
            SLOTS_USED.labels(state).set(states[state])


@asynccontextmanager
async def serving_metrics(settings: Settings, journal: Journal) -> AsyncIterator[None]:
    """Serve metrics at METRICS_PORT, and send them to OpenTelemetry's collector, while the body runs.

    Enter it before the first job process starts. Without a port or a collector, no files are written.

    Raises:
        WorkerError: The port can't be opened.
    """
    if not settings.metrics_port and not is_exported("metrics"):
        yield
        return
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="metrics-", ignore_cleanup_errors=True))
        os.environ[METRICS_DIRECTORY] = directory
        stack.callback(os.environ.pop, METRICS_DIRECTORY, None)
        metrics = Metrics(Path(directory), journal)
        if settings.metrics_port:
            await stack.enter_async_context(_serving(metrics, settings.metrics_host, settings.metrics_port))
        if is_exported("metrics"):
            await stack.enter_async_context(sending(metrics.collect))
        regularly = asyncio.create_task(_add_up_regularly(metrics), name="metrics")
        stack.push_async_callback(aio.cancel_and_wait, regularly)
        yield


@asynccontextmanager
async def _serving(metrics: Metrics, host: str, port: int) -> AsyncIterator[None]:
    runner = web.AppRunner(_app(metrics), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _open(runner, host, port)
        yield
    finally:
        await runner.cleanup()


def _app(metrics: Metrics) -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=await metrics.text(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/metrics", answer)
    return app


async def _open(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        message = f"METRICS_PORT={port}, METRICS_HOST={host}: can't be opened: {error.strerror or error}"
        raise WorkerError(message) from None
    logger.info("metrics are served", extra={"host": host, "port": port})


async def _add_up_regularly(metrics: Metrics) -> None:
    """Read the metrics: without scrapes, the files of ended processes would pile up."""
    while True:
        await asyncio.sleep(_EVERY)
        await metrics.text()
