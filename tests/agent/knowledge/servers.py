"""A web server on loopback that gives documents, and counts who asks."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator


class Site:
    """What a site has.

    Attributes:
        pages: By path: content type and body, or the target of a redirect, or a status.
        asked: Paths, in order.
        url: Of the site, without a slash at its end.
        hold: Answers wait for it, if there is one.
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
    """A site that runs."""
    made = Site()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made
