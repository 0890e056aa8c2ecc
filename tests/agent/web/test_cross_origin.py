"""Which pages may request tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent.web.web_fakes import Site

ALLOWED, FORBIDDEN = 200, 403
THEIRS = "https://www.example.com"
FOREIGN = {"Sec-Fetch-Site": "cross-site", "Origin": THEIRS}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, ALLOWED),  # curl and servers
        ({"Sec-Fetch-Site": "same-origin"}, ALLOWED),
        ({"Sec-Fetch-Site": "none"}, ALLOWED),
        ({"Sec-Fetch-Site": "cross-site"}, FORBIDDEN),
        ({"Sec-Fetch-Site": "same-site"}, FORBIDDEN),  # another port of this machine
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8080", "Host": "localhost:8080"}, FORBIDDEN),
        ({"Origin": "http://localhost:8080", "Host": "localhost:8080"}, ALLOWED),
        ({"Origin": "https://LOCALHOST", "Host": "localhost"}, ALLOWED),
        ({"Origin": "http://localhost:3000", "Host": "localhost:8080"}, FORBIDDEN),
        ({"Origin": "http://elsewhere.example"}, FORBIDDEN),
        ({"Origin": "null"}, FORBIDDEN),
        ({"Origin": "http://["}, FORBIDDEN),
    ],
)
async def test_only_the_page_itself_may_ask(site: Site, headers: dict[str, str], status: int) -> None:
    """A browser's request from another page is refused; other clients send no such header."""
    async with site.client() as client, client.post("/api/call", headers=headers) as answer:
        assert answer.status == status
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert len(site.rooms.names) == (status == ALLOWED)


@pytest.mark.parametrize("origins", [THEIRS, f"https://other.example {THEIRS}", "*"])
async def test_a_page_of_an_allowed_origin_may_ask(site: Site, origins: str) -> None:
    """The browser's preflight needs no secret, and the page may read the answer."""
    async with site.client(web_origins=origins) as client:
        async with client.options("/api/call", headers=FOREIGN) as asked:
            assert asked.status == 204
            assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        async with client.post("/api/call", headers=FOREIGN) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (ALLOWED, THEIRS)


async def test_a_page_of_an_allowed_origin_can_read_why_it_is_refused(site: Site) -> None:
    """Without the header, the browser would only report a network error."""
    async with (
        site.client(web_origins=THEIRS, web_secret="a-secret") as client,
        client.post("/api/call", headers=FOREIGN) as answer,
    ):
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (401, THEIRS)
        assert "secret" in (await answer.json())["error"]


async def test_other_pages_are_refused(site: Site) -> None:
    """Origins have to match exactly."""
    headers = FOREIGN | {"Origin": f"{THEIRS}.rebound.example"}
    async with site.client(web_origins=THEIRS) as client:
        for send in (client.options, client.post):
            async with send("/api/call", headers=headers) as answer:
                assert answer.status == FORBIDDEN
                assert "Access-Control-Allow-Origin" not in answer.headers
