"""A fake server of OpenAI's `POST /embeddings`, whose vectors have a few meanings, and which fails on demand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from agent.knowledge.embeddings import Embeddings
from agent.settings import Vendor

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

KEY = "a-key-of-embeddings"

# Words with the same meaning; a text's vector counts the words of each meaning.
MEANINGS = (("return", "back", "umtausch"), ("warranty", "broken", "garantie"), ("open", "hours", "geöffnet"))


class Embedder:
    """A fake server.

    Attributes:
        url: The base URL.
        asked: Texts of each request.
        dimension: Length of a vector.
        status: HTTP status of the answers.
        answer: Replaces the answer with vectors, if set.
        hold: Answers wait for this event, if set.
        refuses_from: The number of the first request that is answered with status 503; None for none.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[list[str]] = []
        self.dimension = len(MEANINGS) + 1
        self.status = 200
        self.answer: Any = None
        self.hold: asyncio.Event | None = None
        self.refuses_from: int | None = None

    def embeddings(self, *, key: str = KEY, model: str = "small") -> Embeddings:
        """Make a client of this server."""
        return Embeddings(Vendor("embeddings", SecretStr(key), self.url, is_stand_in=False), model)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        asked = await request.json()
        self.asked.append(asked["input"])
        if self.hold is not None:
            await self.hold.wait()
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response(
                {"error": {"message": f"wrong key {request.headers['Authorization']}"}}, status=401
            )
        if self.refuses_from is not None and len(self.asked) >= self.refuses_from:
            return web.Response(status=503)
        data = [{"index": at, "embedding": self._vector(text)} for at, text in enumerate(asked["input"])]
        # The order differs from that of the request: `index` tells which text a vector belongs to.
        answer = self.answer or {"object": "list", "model": asked["model"], "data": data[::-1]}
        return web.json_response(answer, status=self.status, headers={"Location": "/elsewhere"})

    def _vector(self, text: str) -> list[float]:
        counts = [sum(text.lower().count(word) for word in words) for words in MEANINGS]
        return [float(each) for each in [*counts, 0.1, *[0] * self.dimension]][: self.dimension]


@asynccontextmanager
async def embedder() -> AsyncIterator[Embedder]:
    """Run a server."""
    made = Embedder()
    app = web.Application()
    app.router.add_post("/v1/embeddings", made.handle)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/v1"))
        yield made
