"""The HTTP endpoints of a worker, on a real LiveKit server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import rtc

from demo.processes import free_port
from tests.e2e.conversation import JOINS, POLL

if TYPE_CHECKING:
    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.ours(reason="LiveAvatar's rooms know no agents by name"),
]


@pytest.mark.long
async def test_a_token_brings_the_named_agent(stage: Stage) -> None:
    """Agent and avatar are started before the caller joins, and health counts the call."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    settings = {"WEB_PORT": str(port), "LIVEKIT_AGENT_NAME": "nova"}
    known = len(await stage.sessions())
    async with stage.worker(settings), aiohttp.ClientSession() as http:
        async with http.post(f"{url}/api/call", json={"name": "Ada"}) as answer:
            ticket = await answer.json()
        await _session_runs(stage, known)  # so an agent has come
        room = rtc.Room()
        await room.connect(ticket["url"], ticket["token"])
        try:
            assert room.remote_participants
            assert (room.name, room.local_participant.name) == (ticket["room"], "Ada")
            async with http.get(f"{url}/healthz") as answer:
                assert (answer.status, await answer.json()) == (200, {"status": "ok", "calls": 1})
        finally:
            await room.disconnect()


@pytest.mark.long
async def test_a_caller_who_does_not_join_costs_less_than_a_minute(stage: Stage) -> None:
    """A room without its caller is closed, and its avatar session stopped."""
    known = len(await stage.sessions())
    async with stage.worker({"WEB_PORT": str(port := free_port())}), aiohttp.ClientSession() as http:
        async with http.post(f"http://127.0.0.1:{port}/api/call", json={}):
            pass
        await _session_runs(stage, known)
        async with asyncio.timeout(90):
            while (await stage.sessions())[-1]["state"] != "ended":  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL)

        await asyncio.sleep(5.0)  # by now the avatar alone would have brought an agent

        assert len(await stage.sessions()) == known + 1


async def test_a_token_for_a_client_sdk_starts_nothing_before_its_caller_joins(stage: Stage) -> None:
    """A page of another origin requests it as LiveKit's TokenSource does, waits, and joins: then the avatar comes."""
    origin = "https://www.example.com"
    settings = {"WEB_PORT": str(port := free_port()), "WEB_ORIGINS": origin}
    known = len(await stage.sessions())
    async with stage.worker(settings), aiohttp.ClientSession() as http:
        url = f"http://127.0.0.1:{port}/api/token"
        async with http.post(url, json={"participant_name": "Ada"}, headers={"Origin": origin}) as answer:
            assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (201, origin)
            details = await answer.json()
        await asyncio.sleep(3.0)  # by now the token would have brought an avatar
        assert len(await stage.sessions()) == known
        room = rtc.Room()
        await room.connect(details["server_url"], details["participant_token"])
        try:
            await _session_runs(stage, known)
            assert room.local_participant.name == "Ada"
        finally:
            await room.disconnect()


async def _session_runs(stage: Stage, known: int) -> None:
    """Wait until there is one session more than `known`, with its avatar in the room."""
    async with asyncio.timeout(JOINS):
        while len(await stage.sessions()) == known or (await stage.sessions())[-1]["state"] != "connected":  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL)
