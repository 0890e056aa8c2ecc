"""Requests to the page's port are counted by route and status, and refused calls by reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agent.metrics.requests import count_requests
from agent.process.worker_state import WorkerState
from tests.agent.web.web_fakes import Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Make an application with the counting middleware."""
    return Site(tmp_path)


async def test_a_call_that_is_let_in_is_one_request(site: Site, counted: Callable[..., float]) -> None:
    """It does not count as refused."""
    async with site.client() as client, client.post("/api/call") as answer:
        assert answer.status == 200

    assert counted("web_requests_total", route="/api/call", status="200") == 1
    assert counted("calls_refused_total", reason="other") == 0


async def test_guesses_at_the_secret_are_counted(site: Site, counted: Callable[..., float]) -> None:
    """Ten get status 401 and the eleventh 429, and each is a refused call."""
    async with site.client(web_secret="a-secret") as client:
        for _ in range(11):
            async with client.post("/api/call"):
                pass

    assert counted("web_requests_total", route="/api/call", status="401") == 10
    assert counted("web_requests_total", route="/api/call", status="429") == 1
    assert counted("calls_refused_total", reason="secret") == 10
    assert counted("calls_refused_total", reason="rate") == 1


@pytest.mark.parametrize("name", ["call", "token"])
async def test_both_token_endpoints_refuse_calls(counted: Callable[..., float], name: str) -> None:
    """These are the page's own endpoint and LiveKit's standard one."""

    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app, api = web.Application(middlewares=[count_requests]), web.Application()
    api.router.add_post(f"/{name}", refuse)
    app.add_subapp("/api/", api)
    async with TestClient(TestServer(app)) as client, client.post(f"/api/{name}"):
        pass

    assert counted("web_requests_total", route=f"/api/{name}", status="401") == 1
    assert counted("calls_refused_total", reason="secret") == 1


async def test_a_call_without_a_worker_or_a_room_is_refused(site: Site, counted: Callable[..., float]) -> None:
    """A draining worker and a service without a room are two reasons."""
    site.rooms.refusal = "All lines are busy."
    async with site.client() as client:
        async with client.post("/api/call"):
            pass
        site.worker.now = WorkerState("draining", 0)
        async with client.post("/api/call"):
            pass

    assert counted("calls_refused_total", reason="no room") == 1
    assert counted("calls_refused_total", reason="no worker") == 1


async def test_unknown_paths_are_one_route(site: Site, counted: Callable[..., float]) -> None:
    """A scanner adds no time series."""
    async with site.client() as client:
        for path in ("/wp-login.php", "/.env", "/api/nothing", "/healthz"):
            async with client.get(path):
                pass

    assert counted("web_requests_total", route="page", status="404") == 3
    assert counted("web_requests_total", route="/healthz", status="200") == 1
