"""Serves the metrics of a worker and of its jobs at METRICS_PORT, and reads what no event tells: balance and slots."""

import asyncio
import logging
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

from aiohttp import web
from livekit.agents.utils import aio
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest

from agent.call.account import Account
from agent.framework import METRICS_DIRECTORY
from agent.metrics import shared
from agent.metrics.catalogue import CREDITS_LEFT, SLOTS_USED
from agent.process.run import WorkerError
from agent.settings import Settings
from avatar.sessions.port import Journal, JournalError, State

logger = logging.getLogger("agent")

_STATES: tuple[State, ...] = get_args(State)

# Seconds from one look at the account's balance to the next: each is a request to LiveAvatar.
_EVERY = 300.0


class Metrics:
    """Puts the metrics of this process and of those of jobs and page together.

    A metric that one of the others counts is theirs; this process does not add to it.

    Args:
        directory: Of the other processes' values.
        journal: Of the sessions that use slots.
    """

    def __init__(self, directory: Path, journal: Journal) -> None:
        self._directory = directory
        self._journal = journal
        self._reading = asyncio.Lock()

    async def text(self) -> bytes:
        """Return all metrics, in Prometheus' text format."""
        async with self._reading:
            return await asyncio.to_thread(self._text)

    def collect(self) -> Iterable[Metric]:
        """Return each metric once, for `generate_latest`."""
        own = {metric.name: metric for metric in REGISTRY.collect()}
        others = {metric.name: metric for metric in shared.collect(self._directory)}
        return [*(own | others).values()]

    def _text(self) -> bytes:
        self._count_slots()
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
    """Serve metrics for as long as the body runs, if METRICS_PORT is set. Enter it before the first job's process.

    Raises:
        WorkerError: The port can't be opened.
    """
    if not settings.metrics_port:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="metrics-", ignore_cleanup_errors=True) as directory:
        os.environ[METRICS_DIRECTORY] = directory
        metrics = Metrics(Path(directory), journal)
        runner = web.AppRunner(_app(metrics), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        regularly = asyncio.create_task(_do_regularly(metrics, Account(settings, journal)), name="metrics")
        try:
            await _open(runner, settings.metrics_host, settings.metrics_port)
            yield
        finally:
            await aio.cancel_and_wait(regularly)
            await runner.cleanup()
            os.environ.pop(METRICS_DIRECTORY, None)


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


async def _do_regularly(metrics: Metrics, account: Account) -> None:
    while True:
        await account.read_credits()
        if account.credits_left is not None:
            CREDITS_LEFT.labels("liveavatar").set(account.credits_left)
        await asyncio.sleep(_EVERY)
        # Where Prometheus does not ask, the files of ended processes would pile up.
        await metrics.text()
