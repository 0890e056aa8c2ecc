"""Which requests are let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from agent.web.clients import Proxies, identified
from agent.web.errors import tell_errors
from agent.web.guard import known_names, not_too_often
from tests.agent.web.web_fakes import settings

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site

ALLOWED, FORBIDDEN = 200, 403
ANYWHERE = "0.0.0.0"  # noqa: S104 - compared with, not bound to


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8080", ALLOWED),
        ("LocalHost", ALLOWED),
        ("127.0.0.1:8080", ALLOWED),
        ("[::1]:8080", ALLOWED),
        ("rebound.example", FORBIDDEN),
        ("rebound.example:8080", FORBIDDEN),
        ("localhost.rebound.example", FORBIDDEN),
        ("[", FORBIDDEN),
    ],
)
@pytest.mark.parametrize("path", ["/", "/healthz", "/api/call"])
async def test_another_name_for_loopback_is_refused(site: Site, path: str, host: str, status: int) -> None:
    """Against DNS rebinding, a page on loopback answers only to this machine's own names."""
    method = "POST" if path == "/api/call" else "GET"
    async with site.client() as client, client.request(method, path, headers={"Host": host}) as answer:
        assert answer.status == status


@pytest.mark.parametrize("values", [{"web_secret": "a-secret"}, {"web_host": ANYWHERE}, {"web_host": "10.0.0.1"}])
def test_behind_a_proxy_or_a_secret_any_name_is_accepted(values: dict[str, str]) -> None:
    """The names are the proxy's, or clients need the secret."""
    assert known_names(settings(**values)) is None


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("Bearer a-secret", 200),
        ("bearer  a-secret", 200),
        ("Bearer a-secre", 401),
        ("Bearer a-secret2", 401),
        ("Bearer \u00e9", 401),
        ("Basic a-secret", 401),
        ("a-secret", 401),
        ("Bearer", 401),
        ("", 401),
    ],
)
async def test_the_secret_is_required(site: Site, given: str, status: int) -> None:
    """With WEB_SECRET a request without it gets status 401, which says how to send it."""
    headers = {"Authorization": given}
    async with site.client(web_secret="a-secret") as client, client.post("/api/call", headers=headers) as answer:
        assert answer.status == status
        assert (answer.headers.get("WWW-Authenticate") == "Bearer") is (status == 401)
    assert len(site.rooms.names) == (status == 200)


async def test_the_page_and_health_need_no_secret(site: Site) -> None:
    """The page asks for the secret itself."""
    async with site.client(web_secret="a-secret") as client:
        for path in ("/", "/healthz"):
            async with client.get(path) as answer:
                assert answer.status == 200


async def test_a_client_that_asks_too_often_has_to_wait() -> None:
    """Ten requests pass at once; then status 429 says when to come again, and that wait is enough."""
    now = 0.0
    middlewares = [identified(Proxies()), tell_errors, not_too_often("", lambda: now)]
    app = web.Application(middlewares=middlewares)
    app.router.add_get("/", _answer)
    async with TestClient(TestServer(app)) as client:
        statuses = [(await client.get("/")).status for _ in range(11)]
        refused = await client.get("/")
        now = float(refused.headers["Retry-After"])
        later = await client.get("/")

    assert statuses == [200] * 10 + [429]
    assert (refused.headers["Retry-After"], later.status) == ("2", 200)


async def test_guesses_at_the_secret_are_counted(site: Site) -> None:
    """Wrong secrets count towards an address's limit."""
    async with site.client(web_secret="a-secret") as client:
        statuses = {(await client.post("/api/call", headers={"Authorization": "Bearer x"})).status for _ in range(40)}

    assert statuses == {401, 429}


async def test_strangers_do_not_use_up_the_limit_of_the_secret(site: Site) -> None:
    """Behind a proxy they have the same address; clients with the secret have a limit of their own."""
    known = {"Authorization": "Bearer a-secret"}
    async with site.client(web_secret="a-secret") as client:
        guesses = [(await client.post("/api/call")).status for _ in range(20)]
        asked = (await client.post("/api/call", headers=known)).status

    assert (guesses[-1], asked) == (429, 200)


async def test_requests_with_the_secret_have_a_higher_limit() -> None:
    """A backend controls many calls, so a hundred requests pass at once."""
    now, known = 0.0, {"Authorization": "Bearer a-secret"}
    middlewares = [identified(Proxies()), tell_errors, not_too_often("a-secret", lambda: now)]
    app = web.Application(middlewares=middlewares)
    app.router.add_get("/", _answer)
    async with TestClient(TestServer(app)) as client:
        statuses = [(await client.get("/", headers=known)).status for _ in range(101)]

    assert statuses == [200] * 100 + [429]


async def _answer(_: web.Request) -> web.Response:
    return web.Response()
