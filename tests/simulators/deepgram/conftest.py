"""A Deepgram stand-in on a real port, and speech to send to it."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest_asyncio
from aiohttp import test_utils

from simulators import deepgram
from simulators.speech import Recogniser, Speaker

KEY = "stand-in"


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def recogniser() -> AsyncIterator[Recogniser]:
    """Yield one recogniser for all tests here."""
    async with Recogniser() as recogniser:
        yield recogniser


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def say() -> AsyncIterator[Callable[[str], Awaitable[bytes]]]:
    """Yield a function that speaks a text with the caller's voice: 16 kHz PCM, 0.5 s of silence on both sides."""
    async with Speaker() as speaker:

        async def say(text: str) -> bytes:
            speech = await speaker.synthesise(text, voice="caller", rate_hz=16000)
            return bytes(16000) + speech.pcm + bytes(16000)

        yield say


@pytest_asyncio.fixture(loop_scope="package")
async def server(recogniser: Recogniser) -> AsyncIterator[test_utils.TestServer]:
    """Yield the stand-in on a free port."""
    server = test_utils.TestServer(deepgram.create_app(recogniser, api_key=KEY))
    async with server:
        yield server


@pytest_asyncio.fixture(loop_scope="package")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client's HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield session
