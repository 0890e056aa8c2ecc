"""HTTP tools, against a server on loopback."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit.agents import ToolError

from agent.tools.cards import LinkCard
from agent.tools.http_model import HttpTool
from agent.tools.http_tools import http_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SECRET = "s3cret-token"


class Shop:
    """A fake service.

    Attributes:
        asked: Method, path with query, body and token of each request.
        status: HTTP status of the answers.
        answer: Body of the answers; None for an answer that never comes.
        url: The service's URL.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.status, self.url = 200, ""
        self.answer: str | None = ""

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a request."""
        token = request.headers.get("Authorization", "")
        self.asked.append((request.method, request.raw_path, await request.text(), token))
        if self.answer is None:
            await asyncio.Event().wait()
        headers = {"Location": "http://127.0.0.1:1/"} if self.status == 302 else {}
        return web.Response(status=self.status, text=self.answer, headers=headers)


@asynccontextmanager
async def shop() -> AsyncIterator[Shop]:
    """Run a service."""
    made = Shop()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.serve)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


async def call(tool: dict[str, Any], **arguments: object) -> Any:
    """Call a tool with this description."""
    return await http_tool(HttpTool.model_validate({"name": "order", "description": "x"} | tool))(
        raw_arguments=arguments
    )


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", SECRET)


async def test_arguments_are_in_the_url_and_the_query() -> None:
    """They are escaped, so that none leads to another path; undescribed arguments are left out."""
    async with shop() as made:
        made.answer = "It is on its way."
        tool = {
            "url": f"{made.url}/orders/{{number}}?v=1",
            "headers": {"Authorization": "Bearer $SHOP_TOKEN"},
            "parameters": {"number": "string", "full": {"type": "boolean", "optional": True}},
        }
        answer = await call(tool, number="a/../b?c#d é", full=True, other="x")
        await call(tool, number="1", full=None)

    assert answer == ["It is on its way."]
    assert made.asked == [
        ("GET", "/orders/a%2F..%2Fb%3Fc%23d%20%C3%A9?v=1&full=true", "", f"Bearer {SECRET}"),
        ("GET", "/orders/1?v=1", "", f"Bearer {SECRET}"),
    ]


async def test_a_method_with_a_body_sends_json() -> None:
    """The body has the arguments that are not in the URL."""
    async with shop() as made:
        tool = {
            "url": f"{made.url}/orders/{{number}}",
            "method": "POST",
            "parameters": {"number": "integer", "note": "string"},
        }
        await call(tool, number=7, note="Ring twice.")

    [(method, path, body, _)] = made.asked
    assert (method, path, json.loads(body)) == ("POST", "/orders/7", {"note": "Ring twice."})


@pytest.mark.parametrize("number", ["..", ".", "", None])
async def test_a_missing_argument_or_one_that_changes_the_path_is_an_error(number: str | None) -> None:
    """No request is sent."""
    async with shop() as made:
        with pytest.raises(ToolError):
            await call({"url": f"{made.url}/orders/{{number}}", "parameters": {"number": "string"}}, number=number)

    assert made.asked == []


async def test_a_part_of_the_answer_is_returned_and_cards_are_shown() -> None:
    """Paths select them; a card that can't be shown is left out."""
    async with shop() as made:
        made.answer = json.dumps(
            {
                "data": {"items": [{"state": "sent"}]},
                "shown": {"type": "link", "title": "Track", "url": "https://example.com/"},
            }
        )
        tool = {"url": made.url, "answer": "data.items.0", "card": "shown"}

        assert await call(tool) == ['{"state": "sent"}', LinkCard(title="Track", url="https://example.com/")]
        assert await call(tool | {"answer": "data.items.0.state", "card": "data"}) == ["sent"]
        with pytest.raises(ToolError, match=r"answered without `data\.none`"):
            await call(tool | {"answer": "data.none"})


async def test_an_answer_is_limited() -> None:
    """The limit is in bytes, and no character is split."""
    async with shop() as made:
        made.answer = "é" * 2_000_000

        assert await call({"url": made.url, "max_bytes": 7}) == ["ééé … (cut)"]


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (404, "There is no such order.", r"The service answered 404: There is no such order\."),
        (500, "", r"The service answered 500: Internal Server Error\."),
        (302, "", r"The service answered 302: Found\."),
        (200, None, r"The service did not answer within 0\.2 seconds\."),
    ],
)
async def test_a_failure_is_an_error_that_the_model_can_explain(
    status: int, answer: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A redirect is not followed, and the log has no secret."""
    async with shop() as made:
        made.status, made.answer = status, answer
        with pytest.raises(ToolError, match=reason):
            await call({"url": made.url, "timeout": 0.2, "headers": {"Authorization": "Bearer $SHOP_TOKEN"}})

    [record] = caplog.records
    assert record.message == "the request of a tool failed"
    assert SECRET not in str(record.__dict__)


async def test_an_unreachable_service_or_an_invalid_secret_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The secret is not shown."""
    monkeypatch.setenv("SHOP_TOKEN", f"{SECRET}\r\nX-Other: 1")
    async with shop() as made:
        url = made.url
        with pytest.raises(ToolError, match="can't be reached") as refused:
            await call({"url": url, "headers": {"Authorization": "Bearer $SHOP_TOKEN"}})
    with pytest.raises(ToolError, match="can't be reached"):
        await call({"url": url})

    assert made.asked == []
    assert SECRET not in str([refused.value.message, *(record.__dict__ for record in caplog.records)])
