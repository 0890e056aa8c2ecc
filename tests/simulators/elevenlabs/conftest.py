"""An ElevenLabs stand-in on a real port."""

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from aiohttp import test_utils

from simulators import elevenlabs
from simulators.speech import Speaker

KEY = "stand-in"


@pytest_asyncio.fixture(loop_scope="package", scope="package")
async def speaker() -> AsyncIterator[Speaker]:
    """Yield one speaker for all tests here."""
    async with Speaker() as speaker:
        yield speaker


@pytest_asyncio.fixture(loop_scope="package")
async def server(speaker: Speaker) -> AsyncIterator[test_utils.TestServer]:
    """Yield the stand-in on a free port; it sends its audio without pacing."""
    server = test_utils.TestServer(elevenlabs.create_app(speaker, api_key=KEY, speed=1000.0))
    async with server:
        yield server


@pytest_asyncio.fixture(loop_scope="package")
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client's HTTP session."""
    async with aiohttp.ClientSession() as session:
        yield session
