"""Opens the page's port, and serves the page and tokens on it."""

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from agent.process.ports import page_host, page_port
from agent.process.run import WorkerError
from agent.settings import Settings, SettingsError
from agent.web.clients import Proxies
from agent.web.connections import Connections
from agent.web.guard import is_for_everybody

logger = logging.getLogger("agent")

# Seconds for running requests when the server ends.
_SHUTDOWN_TIMEOUT = 1.0

# Connections that the system holds before they are accepted.
_BACKLOG = 128

_ANYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to


def require_web_port(settings: Settings, *, dev: bool) -> None:
    """Make sure that callers can join, and that a port isn't open to everybody by mistake.

    Raises:
        SettingsError: Callers get into a room of LiveAvatar's only through the token endpoint, and it has no port. Or
            the port can be reached from other machines, calls cost money, and WEB_SECRET is not set.
    """
    port = page_port(settings, dev=dev)
    if settings.room_owner == "liveavatar" and not port:
        raise SettingsError(["WEB_PORT is missing: with ROOM_OWNER=liveavatar callers join only through this port"])
    costs = len(settings.stand_ins) < len(settings.vendors)
    host = page_host(settings, dev=dev)
    if port and costs and is_for_everybody(settings, host) and not settings.is_open_on_purpose:
        message = f"everybody who reaches {host}:{port} could call at your expense; set one, or `none` to allow it"
        raise SettingsError([f"WEB_SECRET is missing: {message}"])


def page_url(host: str, port: int) -> str:
    """Return the page's address on this machine."""
    if host in _ANYWHERE:
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def open_port(settings: Settings, *, dev: bool) -> socket.socket | None:
    """Open the page's port; None if there is none.

    Args:
        settings: Contain the address and the secret.
        dev: True for the default port without a setting; if it is taken, that is logged and there is no page.

    Raises:
        WorkerError: The requested port can't be opened.
    """
    port, host = page_port(settings, dev=dev), page_host(settings, dev=dev)
    if not port:
        return None
    try:
        listening = _listen(host, port)
    except OSError as error:
        is_needed = settings.web_port is not None or settings.port == port or settings.room_owner == "liveavatar"
        if is_needed or error.errno != errno.EADDRINUSE:
            message = (
                f"WEB_PORT={port}, WEB_HOST={host}: can't be opened: {error.strerror or error}. "
                "Choose another port, or 0 for no page."
            )
            raise WorkerError(message) from None
        logger.warning("the page is not served: its port is taken; choose another with WEB_PORT", extra={"port": port})
        return None
    if is_for_everybody(settings, host):
        logger.warning("anybody who reaches the page may call at your expense: set WEB_SECRET", extra={"host": host})
    logger.info("the page: %s", page_url(host, port))
    return listening


@asynccontextmanager
async def serving(app: web.Application, listening: socket.socket, proxies: Proxies) -> AsyncIterator[None]:
    """Serve an application on an open port, with limits for connections, while the body runs."""
    runner = web.AppRunner(app, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    assert runner.server is not None  # noqa: S101 - it is set up
    server = await asyncio.get_running_loop().create_server(
        Connections(runner.server, proxies), sock=listening, backlog=_BACKLOG
    )
    try:
        yield
    finally:
        server.close()
        await runner.cleanup()


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda each: each[0] != socket.AF_INET)
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
