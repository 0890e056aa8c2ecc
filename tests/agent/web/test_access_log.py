"""The access log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agent.web.access_log import logged
from agent.web.clients import Proxies, identified

if TYPE_CHECKING:
    import pytest

    from tests.agent.web.web_fakes import Site

FIELDS = ("method", "route", "status", "client", "left_out")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    """Return the log's lines as levels and fields."""
    records = [record for record in caplog.records if record.getMessage() == "a request was answered"]
    return [(record.levelname, *(vars(record)[field] for field in FIELDS)) for record in records]


async def test_a_request_is_a_line_without_its_contents(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Refusals are logged as well; a line has no path, query, header or body."""
    caplog.set_level(logging.DEBUG, "agent")
    secret = {"Authorization": "Bearer hush-hush", "Referer": "http://hush-hush"}
    async with site.client(web_secret="a-secret") as client:
        await client.post("/api/call?token=hush-hush", headers=secret, json={"name": "hush-hush"})
        await client.get("/hush-hush", headers=secret)
        await client.request("PUT", "/api/call", headers=secret)
        await client.get("/healthz")

    assert lines(caplog) == [
        ("INFO", "POST", "/api/call", 401, "127.0.0.1", 0),
        ("DEBUG", "GET", "/{path}", 404, "127.0.0.1", 0),
        ("DEBUG", "", "none", 401, "127.0.0.1", 0),
        ("DEBUG", "GET", "/healthz", 200, "127.0.0.1", 0),
    ]
    assert "hush" not in " ".join(str(vars(record)) for record in caplog.records if record.name == "agent").lower()


async def test_a_flood_of_requests_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The next line has the number of omitted lines."""
    caplog.set_level(logging.DEBUG, "agent")
    now = 0.0
    app = web.Application(middlewares=[identified(Proxies()), logged(lambda: now)])
    app.router.add_get("/", _answer)
    async with TestClient(TestServer(app)) as client:
        for _ in range(80):
            await client.get("/")
        now = 1.0
        await client.get("/")

    assert len(lines(caplog)) == 51
    assert lines(caplog)[-1][-1] == 30


async def _answer(_: web.Request) -> web.Response:
    return web.Response()
