"""Two calls of one worker, each with its own persona, observed from outside on a real LiveKit server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import api

from demo.processes import answers, free_port
from tests.e2e.conversation import HAPPENS
from tests.e2e.onlooker import Onlooker
from tests.e2e.reports import are_kept, read
from tests.e2e.stage import START

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.ours(reason="a dispatch is a request to a LiveKit server of ours"),
]

SECRET = "a-secret-of-sixteen-or-more"
NAME = "concierge"
NO_AVATAR = "00000000-0000-4000-8000-000000000000"
ADA = 'name = "Ada"\ninstructions = "Help {customer}."\nopening = "Hello {customer}, I am Ada."\n'


async def meets(guest: Onlooker, opening: str) -> tuple[str, str]:
    """Wait for the first words, and return the agent's name and persona."""
    await guest.until(lambda: opening in guest.words and guest.agent is not None)
    assert guest.agent is not None
    return guest.agent.name, guest.attributes["persona"]


async def test_two_calls_of_a_worker_have_different_personas(stage: Stage, tmp_path: Path) -> None:
    """One is started by POST /api/call with a file added after the start, one by a dispatch that precedes its room.

    The dispatch has an unknown field and an unknown avatar: its call continues by voice, and the report
    has notes on both.
    """
    port = free_port()
    settings = {
        "WEB_PORT": str(port),
        "WEB_SECRET": SECRET,
        "LIVEKIT_AGENT_NAME": NAME,
        "PERSONAS_DIR": str(tmp_path),
        "REPORTS": str(tmp_path / "reports"),
    }
    first, second = Onlooker(), Onlooker()
    async with stage.worker(settings) as worker:
        await worker.wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), START)
        (tmp_path / "ada.toml").write_text(ADA)
        body = {"call": {"persona": "ada", "name": "Kai", "variables": {"customer": "Kim"}}}
        headers = {"Authorization": f"Bearer {SECRET}"}
        url = f"http://127.0.0.1:{port}/api/call"
        async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as answer:
            details = await answer.json()
        livekit = api.LiveKitAPI(stage.livekit.url, stage.livekit.api_key, stage.livekit.api_secret)
        room = api.CreateRoomRequest(
            name="by-dispatch", metadata='{"call": {"persona": "nova", "opening": "You are well."}}'
        )
        wrong = json.dumps({"call": {"persona": "poet", "voise": "x", "avatar_id": NO_AVATAR}})
        request = api.CreateAgentDispatchRequest(agent_name=NAME, room="by-dispatch", metadata=wrong)
        async with livekit:
            await livekit.room.create_room(room)
            await livekit.agent_dispatch.create_dispatch(request)
        try:
            await first.room.connect(details["url"], details["token"])
            await second.room.connect(stage.livekit.url, stage.token("by-dispatch", "guest"))
            met = [await meets(first, "Hello Kim, I am Ada."), await meets(second, "You are well.")]
        finally:
            await first.room.disconnect()
            await second.room.disconnect()
        await worker.wait_until(lambda: are_kept(tmp_path, 2), HAPPENS)
    _, report, _ = read(tmp_path / "reports", "by-dispatch")

    assert met == [("Kai (agent)", "ada"), ("Mira (agent)", "poet")]
    assert await worker.has_logged("CALL CONFIG voise: there is no such field")
    assert "CALL CONFIG voise: there is no such field" in report.notes
    assert [note for note in report.notes if note.startswith("the avatar was lost: ") and "AVATAR_ID" in note]
