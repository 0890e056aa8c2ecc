"""The faults of OpenAI, as a client sees them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, APITimeoutError
from livekit.agents.llm import ChatContext
from livekit.plugins import openai

from simulators.faults import FaultPlan
from simulators.faults.calls import Cut, Hang, Status
from simulators.faults.places import CALLS
from simulators.faults.sockets import Drop, Lag, Silent, Torn
from simulators.openai import create_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.faults import Fault

VENDOR: dict[str, Any] = {"vendor": "openai"}
KEY = {"Authorization": "Bearer stand-in"}
QUESTION = {"stream": True, "messages": [{"role": "user", "content": "hello can you hear me"}]}
# Words of the answer to it; a chunk with the role comes before them.
WORDS = 12


@asynccontextmanager
async def serving(*faults: Fault) -> AsyncIterator[str]:
    """Run a stand-in with these faults, and yield the base URL for a client."""
    app = create_app(api_key="stand-in", tokens_per_second=0, faults=FaultPlan(faults))
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


@asynccontextmanager
async def answering(*faults: Fault) -> AsyncIterator[aiohttp.ClientResponse]:
    """Yield the answer to the question when it begins."""
    async with (
        serving(*faults) as url,
        aiohttp.ClientSession(headers=KEY) as session,
        session.post(f"{url}/chat/completions", json=QUESTION) as response,
    ):
        yield response


async def read(response: aiohttp.ClientResponse, chunks: int) -> list[bytes]:
    """Return the next chunks."""
    return [await response.content.readuntil(b"\n\n") for _ in range(chunks)]


async def ask_plugin(url: str) -> str:
    """Return the answer that the official plugin gets, without a retry."""
    context = ChatContext.empty()
    context.add_message(role="user", content="hello can you hear me")
    options = APIConnectOptions(max_retry=0, timeout=0.5)
    async with (
        openai.LLM(model="demo-brain", api_key="stand-in", base_url=url, max_retries=0) as llm,
        llm.chat(chat_ctx=context, conn_options=options) as stream,
    ):
        return "".join([chunk.delta.content or "" async for chunk in stream if chunk.delta])


def test_calls_have_the_names_of_the_routes() -> None:
    """Each route is a call, and each call a route."""
    routes = create_app(api_key="stand-in").router.routes()

    assert {route.name for route in routes} == set(CALLS["openai"])


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
async def test_status_is_answered_in_the_vendors_words(status: int) -> None:
    """The plugin raises the same error as for OpenAI; the next try works."""
    fault = Status(**VENDOR, at="chat", status=status, code="asked_for", headers={"Retry-After": "1"})
    async with serving(fault) as url:
        with pytest.raises(APIStatusError) as caught:
            await ask_plugin(url)
        assert (caught.value.status_code, caught.value.retryable) == (status, status >= 429)
        assert await ask_plugin(url) == "Yes, I can hear you well. What would you like to know?"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Hang(**VENDOR, at="chat"), APITimeoutError),
        (Silent(**VENDOR, at="sent"), APIConnectionError),
        (Silent(**VENDOR, at="sent", nth=5), APIConnectionError),
        (Cut(**VENDOR, at="chat"), APIConnectionError),
        (Drop(**VENDOR, at="sent", nth=5), APIConnectionError),
        (Torn(**VENDOR, at="sent", nth=5), APIConnectionError),
    ],
    ids=lambda value: f"{value.kind}-{value.nth}" if hasattr(value, "kind") else None,
)
async def test_plugin_gives_up(fault: Fault, error: type[Exception]) -> None:
    """The plugin gives up before the answer, before its first token, and in its middle."""
    async with serving(fault) as url:
        with pytest.raises(error):
            await ask_plugin(url)


@pytest.mark.parametrize("chunks", [0, 4])
async def test_silent_stream_stalls(chunks: int) -> None:
    """Headers and some chunks come, then nothing, and the connection stays open."""
    async with answering(Silent(**VENDOR, at="sent", nth=chunks + 1)) as response:
        assert response.status == 200
        assert len(await read(response, chunks)) == chunks
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.2)


async def test_dropped_stream_ends_after_whole_chunks() -> None:
    """Four chunks have come, and the end is an error."""
    async with answering(Drop(**VENDOR, at="sent", nth=5)) as response:
        assert all(chunk.endswith(b"}\n\n") for chunk in await read(response, 4))
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_torn_stream_ends_in_a_chunk() -> None:
    """Half of the fifth chunk comes, and the end is an error."""
    async with answering(Torn(**VENDOR, at="sent", nth=5)) as response:
        await read(response, 4)
        half = await response.content.readany()
        assert half.startswith(b'data: {"id"')
        assert not half.endswith(b"\n\n")
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_late_stream_is_complete() -> None:
    """Every chunk comes."""
    async with answering(Lag(**VENDOR, at="sent", nth=3, seconds=0.1)) as response:
        assert (await response.read()).count(b"data: ") == WORDS + 3
