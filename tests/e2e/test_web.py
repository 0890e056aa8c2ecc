"""What a worker serves beside its calls, on a real LiveKit server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import rtc

from demo.processes import free_port
from tests.e2e.conversation import JOINS

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(120),
    pytest.mark.ours(reason="LiveAvatar's rooms know no agents by name"),
]


async def test_a_token_brings_the_agent_that_has_a_name(stage: Stage) -> None:
    """Who joins with it is not alone for long, and health counts the call."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = {"WEB_PORT": str(port), "LIVEKIT_AGENT_NAME": "nova"}
    async with stage.worker(settings), aiohttp.ClientSession() as http:
        async with http.post(f"{url}/api/call", json={"name": "Ada"}) as answer:
            ticket = await answer.json()
        room = rtc.Room()
        has_come = asyncio.Event()
        room.on("participant_connected", lambda _: has_come.set())
        await room.connect(ticket["url"], ticket["token"])
        try:
            async with asyncio.timeout(JOINS):
                await has_come.wait()
            assert (room.name, room.local_participant.name) == (ticket["room"], "Ada")
            async with http.get(f"{url}/healthz") as answer:
                assert (answer.status, await answer.json()) == (200, {"status": "ok", "calls": 1})
        finally:
            await room.disconnect()
