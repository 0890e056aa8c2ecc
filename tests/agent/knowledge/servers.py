"""A web server on loopback that serves documents and records requests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator


class Site:
    """A fake site.

    Attributes:
        pages: By path: content type and body, the target of a redirect, or a status.
        asked: Requested paths, in order.
        url: The site's URL without a trailing slash.
        hold: Answers wait for this event, if set.
    """

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes] | str | int] = {}
        self.asked: list[str] = []
        self.url = ""
        self.hold: asyncio.Event | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        self.asked.append(request.path)
        if self.hold is not None:
            await self.hold.wait()
        page = self.pages.get(request.path, 404)
        if isinstance(page, int):
            return web.Response(status=page)
        if isinstance(page, str):
            return web.Response(status=302, headers={"Location": page})
        return web.Response(body=page[1], headers={"Content-Type": page[0]})


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    """Run a site."""
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made
