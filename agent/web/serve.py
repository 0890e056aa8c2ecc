"""Serves the page and tokens beside the worker, as long as that runs."""

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from agent.framework import JobServer
from agent.process.ports import page_host, page_port
from agent.process.run import WorkerError
from agent.rooms.connection_details import Rooms
from agent.settings import Settings, SettingsError
from agent.web.app import create_app
from agent.web.guard import is_for_everybody
from agent.web.health import Health
from agent.web.page import built_page
from avatar.sessions.journal import SessionJournal

logger = logging.getLogger("agent")

# Seconds for the requests that are being answered when it ends.
_SHUTDOWN_TIMEOUT = 1.0

_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


def require_web_port(settings: Settings, *, dev: bool) -> None:
    """Make sure that callers can join: into a room of LiveAvatar's they come through the token endpoint alone.

    Raises:
        SettingsError: There is no port for it.
    """
    if settings.room_owner == "liveavatar" and not page_port(settings, dev=dev):
        raise SettingsError(["WEB_PORT is missing: callers come to ROOM_OWNER=liveavatar through this port alone"])


def page_url(host: str, port: int) -> str:
    """The page's address on this machine."""
    if host in _ANYWHERE:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(
    settings: Settings, server: JobServer, rooms: Rooms, journal: SessionJournal, *, dev: bool
) -> AsyncIterator[None]:
    """Serve for as long as the body runs, if there is a port for it.

    Args:
        settings: Hold the address and the secret.
        server: The worker whose health is served.
        rooms: Give callers their tokens.
        journal: Of the sessions that are listed.
        dev: True for a port without a setting; if it is taken, the log says so and the body runs without a page.

    Raises:
        WorkerError: The port that was asked for can't be opened.
    """
    port, host = page_port(settings, dev=dev), page_host(settings, dev=dev)
    if not port:
        yield
        return
    health = Health(server, is_registered=settings.room_owner == "ours")
    app = create_app(settings, rooms, health, journal, built_page())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await _open(runner, settings, host, port)
        yield
    finally:
        await runner.cleanup()


async def _open(runner: web.AppRunner, settings: Settings, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        is_needed = settings.web_port is not None or settings.port == port or settings.room_owner == "liveavatar"
        if is_needed or error.errno != errno.EADDRINUSE:
            message = (
                f"WEB_PORT={port}, WEB_HOST={host}: can't be opened: {error.strerror or error}. "
                "Choose another port, or 0 for no page."
            )
            raise WorkerError(message) from None
        logger.warning("the page is not served: its port is taken; choose another with WEB_PORT", extra={"port": port})
        return
    if is_for_everybody(settings):
        logger.warning("anybody who reaches the page may call at your expense: set WEB_SECRET", extra={"host": host})
    logger.info("the page: %s", page_url(host, port))
