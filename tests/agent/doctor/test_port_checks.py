"""The doctor's findings about the ports that a worker opens."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.finding import Finding, find
from agent.doctor.port_checks import port_checks
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def taken(path: str = "") -> AsyncIterator[int]:
    """Open a port; with a path, answer there as a worker does."""
    app = web.Application()
    if path:

        async def answer(_: web.Request) -> web.Response:
            return web.json_response({})

        app.router.add_get(path, answer)
    async with TestServer(app) as server:
        assert server.port
        yield server.port


def free() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def finding(what: str, settings: Settings) -> Finding:
    """Return the finding of one check."""
    return await find(what, port_checks(settings)[what])


async def test_a_free_health_port_is_good() -> None:
    """The port is WORKER_PORT."""
    port = free()

    assert await finding("health port", Settings(worker_port=port)) == Finding(
        "health port", good=True, text=f"{port} is free"
    )


async def test_a_health_port_that_another_program_has_is_found() -> None:
    """The worker would not start; the finding names the setting that helps."""
    async with taken() as port:
        found = await finding("health port", Settings(worker_port=port))

    assert not found.good
    assert (
        found.text == f"{port} is taken by another program: set WORKER_PORT to another port, or to 0 for any free one"
    )


async def test_a_running_worker_is_not_a_problem() -> None:
    """The doctor may run next to it; its page is not a problem either."""
    async with taken("/worker") as health, taken("/healthz") as page:
        settings = Settings(worker_port=health, web_port=page)

        assert (await finding("health port", settings)).text == f"{health} is in use by a running worker"
        assert (await finding("page", settings)).good


async def test_a_port_of_the_page_that_another_program_has_is_found() -> None:
    """The port is WEB_PORT, or PORT if that is the page's."""
    async with taken() as port:
        found = [
            await finding("page", Settings(web_port=port)),
            await finding("page", Settings(port=port, web_secret="a-secret", web_host="127.0.0.1")),
        ]

    assert [each.good for each in found] == [False, False]
    assert f"127.0.0.1:{port} can't be opened: set WEB_PORT" in found[0].text


@pytest.mark.parametrize("settings", [Settings(worker_port=0), Settings(worker_port=0, port=0)])
async def test_a_port_that_is_not_opened_is_not_checked(settings: Settings) -> None:
    """The health check takes any free port, and there is no page."""
    assert port_checks(settings) == {}
