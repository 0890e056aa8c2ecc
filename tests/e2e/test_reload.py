"""The caller's page reloads, or is closed: the call waits for a while, and keeps the conversation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit import rtc

from demo.processes import free_port
from tests.e2e.conversation import JOINS, POLL, SILENT_PERSONA, STORY, heard_seconds
from tests.e2e.page import books, page

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds of the story.
IN_THE_MIDDLE = 5.0

# A number of characters whose text occurs only once in the story.
SOME = 30


@pytest.fixture
def silent(tmp_path: Path) -> dict[str, str]:
    """Return settings of a worker whose agent says nothing before it is spoken to."""
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    return {"PERSONA": str(persona), "CALLER_GRACE": "15"}


@pytest.mark.parametrize("identity", [pytest.param("caller", marks=pytest.mark.long), "caller, again"])
async def test_a_caller_who_reloads_continues_where_the_call_was(
    stage: Stage, silent: dict[str, str], identity: str
) -> None:
    """The story pauses where it was heard, the empty room hears none of it, and the new page hears the rest."""
    name = f"reload-{identity}"
    async with stage.worker(silent):
        async with page(stage, name) as before:
            await before.say("tell me a story")
            await books(stage, lambda session: heard_seconds(session) > IN_THE_MIDDLE)
        left = await books(stage, lambda session: session["utterances"][-1]["interrupted"])
        async with page(stage, name, identity=identity) as after:
            await after.say("go on please")
            rest = await after.begun(1, characters=SOME)
            session = (await stage.sessions())[-1]

    assert session["id"] == left["id"]
    assert [utterance["interrupted"] for utterance in session["utterances"]] == [True, False]
    assert rest in STORY
    assert not STORY.startswith(rest)


@pytest.mark.long
async def test_a_caller_who_does_not_come_back_ends_the_call(stage: Stage, silent: dict[str, str]) -> None:
    """After the set time the avatar's session is stopped, and nothing was said meanwhile."""
    async with stage.worker({**silent, "CALLER_GRACE": "1"}):
        async with page(stage, "gone") as before:
            await before.say("tell me a story")
            await books(stage, lambda session: heard_seconds(session) > IN_THE_MIDDLE)
        session = await stage.ended_session()

    assert session["end_reason"] == "USER_CLOSED"
    assert [utterance["interrupted"] for utterance in session["utterances"]] == [True]


@pytest.mark.ours(reason="the server of LiveAvatar's rooms takes no requests to inform the agent")
@pytest.mark.long
async def test_a_slow_reload_leads_back_into_the_call(stage: Stage, silent: dict[str, str]) -> None:
    """The new page asks for new connection details within 5 s, and joins later: agent and avatar are the same."""
    url = f"http://127.0.0.1:{(port := free_port())}/api/call"
    async with stage.worker({**silent, "WEB_PORT": str(port)}), aiohttp.ClientSession() as http:
        details = await _details(http, url, {"name": "Ada"})
        before = await _identities(details)
        details = await _details(http, url, {"again": details["token"]})
        await asyncio.sleep(8.0)
        after = await _identities(details)
        session = (await stage.sessions())[-1]

    assert before == after
    assert session["end_reason"] is None


async def _details(http: aiohttp.ClientSession, url: str, request: dict[str, str]) -> dict[str, str]:
    async with http.post(url, json=request) as answer:
        details: dict[str, str] = await answer.json()
        return details


async def _identities(details: dict[str, str]) -> set[str]:
    """Join, wait for agent and avatar, and leave; return their identities."""
    room = rtc.Room()
    await room.connect(details["url"], details["token"])
    try:
        async with asyncio.timeout(JOINS):
            while len(room.remote_participants) < 2:  # noqa: ASYNC110 - the room has no event for two
                await asyncio.sleep(POLL)
        return set(room.remote_participants)
    finally:
        await room.disconnect()
