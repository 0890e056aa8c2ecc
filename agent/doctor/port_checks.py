"""The checks of the ports that a worker opens: for its health check and for the page."""

import asyncio
import socket
from contextlib import suppress

import aiohttp

from agent.doctor.finding import Check, CheckError
from agent.process.ports import health_port, page_host, page_port
from agent.settings import Settings
from agent.web.guard import is_for_everybody
from agent.web.serve import page_url
from avatar.http import client_session

_TIMEOUT_S = 2.0

# Paths at which a worker of livekit-agents, and the page's server, answer with JSON.
_WORKER, _PAGE = "/worker", "/healthz"


def port_checks(settings: Settings) -> dict[str, Check]:
    """Return the checks of the ports of `python agent.py start`, by name."""
    checks: dict[str, Check] = {}
    if port := health_port(settings, dev=False):
        checks["health port"] = lambda: _health(port)
    if page_port(settings, dev=False):
        checks["page"] = lambda: _page(settings)
    return checks


async def _health(port: int) -> str:
    if can_be_opened("", port):
        return f"{port} is free"
    if await _is_ours(f"http://127.0.0.1:{port}{_WORKER}"):
        return f"{port} is in use by a running worker"
    message = f"{port} is taken by another program: set WORKER_PORT to another port, or to 0 for any free one"
    raise CheckError(message)


async def _page(settings: Settings) -> str:
    port, host = page_port(settings, dev=False), page_host(settings, dev=False)
    if is_for_everybody(settings, host):
        message = f"everybody who reaches {host}:{port} may call, at your expense: set WEB_SECRET"
        raise CheckError(message)
    url = page_url(host, port)
    if not can_be_opened(host, port) and not await _is_ours(f"{url}{_PAGE}"):
        message = (
            f"{host}:{port} can't be opened: set WEB_PORT to another port, or WEB_HOST to an address of this machine"
        )
        raise CheckError(message)
    who = "everybody who knows WEB_SECRET" if settings.secret else "this machine only"
    return f"{url}, for {who}"


def can_be_opened(host: str, port: int) -> bool:
    """Return whether this process could listen at an address.

    Args:
        host: An address or a name of this machine; empty for all addresses.
        port: Of TCP.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


async def _is_ours(url: str) -> bool:
    """Return whether a worker or its page answers at a URL, so that the port is not another program's."""
    with suppress(aiohttp.ClientError, OSError, TimeoutError, ValueError):
        async with asyncio.timeout(_TIMEOUT_S), client_session() as http, http.get(url) as response:
            return isinstance(await response.json(), dict)
    return False
