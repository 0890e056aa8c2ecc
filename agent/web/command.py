"""The command `web`: serves the page and tokens, in a process without a worker."""

import asyncio
import logging
import os
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from agent.metrics.serve import serving_metrics
from agent.process.account_watch import AccountWatch
from agent.process.log import set_up_logging
from agent.process.options import Level, LogLevel
from agent.process.run import WorkerError
from agent.process.stop_signals import StopSignals
from agent.rooms.connection_details import Rooms
from agent.rooms.own import OwnRooms
from agent.sessions.sweeper import open_journal, sweeping
from agent.settings import Settings, SettingsError, load_settings, read_env_file
from agent.settings.load import missing_livekit
from agent.web.app import create_app
from agent.web.clients import Proxies
from agent.web.page import built_page
from agent.web.serve import open_port, require_web_port, serving
from agent.web.worker_link import AnyWorker, WorkerLink, worker_link

logger = logging.getLogger("agent")

# Default port of the page.
_PORT = 8080


def web(
    *,
    log_level: LogLevel = Level.INFO,
    dev: Annotated[bool, typer.Option("--dev", hidden=True)] = False,
    worker: Annotated[Path | None, typer.Option(hidden=True)] = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Serve the page and tokens without a worker: LiveKit sends callers to workers elsewhere."""
    read_env_file()
    settings = load_settings()
    set_up_logging(log_level, dev=dev)
    listening = socket.socket(fileno=fd) if fd is not None else _open(settings)
    with listening:
        asyncio.run(_serve(settings, listening, worker))


def main() -> None:
    """Run the command by itself, without loading the worker's code."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(web)
    try:
        app(sys.argv[2:])
    except (SettingsError, WorkerError) as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from None


def _open(settings: Settings) -> socket.socket:
    """Open the port of a page without a worker.

    Raises:
        SettingsError: A setting is missing.
    """
    if settings.room_owner == "liveavatar":
        raise SettingsError(["ROOM_OWNER=liveavatar: a worker opens these rooms; set WEB_PORT for `start` instead"])
    if problems := missing_livekit(settings):
        raise SettingsError(problems)
    port = settings.web_port or settings.port or _PORT
    settings = settings.model_copy(update={"web_port": port, "web_host": _host(settings)})
    require_web_port(settings, dev=False)
    listening = open_port(settings, dev=False)
    assert listening is not None  # noqa: S101 - it has a port
    return listening


def _host(settings: Settings) -> str:
    """Return the host to listen on: a platform that sets PORT connects from outside."""
    is_of_platform = settings.web_port is None and settings.port and "web_host" not in settings.model_fields_set
    return "0.0.0.0" if is_of_platform else settings.web_host  # noqa: S104 - see above


async def _serve(settings: Settings, listening: socket.socket, worker: Path | None) -> None:
    signals = StopSignals(dev=False)
    signals.listen()
    if worker is not None:
        _live_as_long_as_the_worker(signals.end)
    async with AsyncExitStack() as stack:
        link = AnyWorker() if worker is None else await stack.enter_async_context(worker_link(worker))
        journal = open_journal(settings)
        if worker is None:  # else the worker serves the metrics counted here
            await stack.enter_async_context(serving_metrics(settings, journal))
            if settings.liveavatar.key.get_secret_value():  # else the worker sweeps
                await stack.enter_async_context(sweeping(settings, journal))
                await stack.enter_async_context(AccountWatch.of(settings, journal).running())
        app = create_app(settings, _rooms(settings, link), link, journal, built_page())
        await stack.enter_async_context(serving(app, listening, Proxies(settings.trusted_proxies)))
        await signals.end.wait()


def _rooms(settings: Settings, link: AnyWorker | WorkerLink) -> Rooms:
    """Return the rooms: of our own project here, of LiveAvatar through the worker."""
    return OwnRooms(settings) if isinstance(link, AnyWorker) or settings.room_owner == "ours" else link


def _live_as_long_as_the_worker(end: asyncio.Event) -> None:
    """End when the worker has closed its end of standard input, or was killed."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            loop.remove_reader(sys.stdin.fileno())
            end.set()

    loop.add_reader(sys.stdin.fileno(), look)
