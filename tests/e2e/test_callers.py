"""Callers on a real LiveKit server: telephones, and several callers in one call."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit import api

from agent.call.budget import Reason
from agent.control.voice_only import SENTENCES
from tests.e2e.conversation import HAPPENS, SILENT_PERSONA, STORY
from tests.e2e.onlooker import Onlooker
from tests.e2e.page import page
from tests.e2e.reports import are_kept, read

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.ours(reason="a room of LiveAvatar's has one caller, with its token"),
]

WITH_SUPPORT = """
name = "Nova"
instructions = "Tell stories."
opening = "Hello {customer}."
[transfer]
Support = "tel:+15550199"
"""


@asynccontextmanager
async def telephone(stage: Stage, name: str) -> AsyncIterator[Onlooker]:
    """Join a room as a ringing telephone, as LiveKit's telephony does."""
    grants = api.VideoGrants(room_join=True, room=name, can_update_own_metadata=True)
    token = api.AccessToken(stage.livekit.api_key, stage.livekit.api_secret).with_identity("sip_+15550100")
    token.with_grants(grants).with_kind("sip").with_attributes(
        {"sip.callStatus": "ringing", "call.variables.customer": "Kim"}
    )
    caller = Onlooker()
    await caller.room.connect(stage.livekit.url, token.to_jwt())
    try:
        yield caller
    finally:
        await caller.room.disconnect()


async def test_a_telephone_is_answered_and_greeted_without_an_avatar(stage: Stage, tmp_path: Path) -> None:
    """A track is published while it rings, without which LiveKit would not answer; hanging up ends the call at once.

    Its attributes, which come from SIP headers, are the call's configuration. The server has no telephony and refuses
    the transfer: the call continues, and the report says so.
    """
    persona = tmp_path / "speaking.toml"
    persona.write_text(WITH_SUPPORT)
    before = len(await stage.sessions())
    settings = {"PERSONA": str(persona), "CALLER_GRACE": "60", "REPORTS": str(tmp_path / "reports")}
    async with stage.worker(settings) as worker:
        async with telephone(stage, "call-_+15550100_aBcD") as caller:
            await caller.until(lambda: "answering" in caller.tracks)
            assert "speaking" not in caller.states
            await caller.room.local_participant.set_attributes({"sip.callStatus": "active"})
            await caller.until(lambda: "Hello Kim." in caller.words)
            avatar = caller.attributes["avatar"]
            await caller.room.local_participant.send_text("put me through to support", topic="lk.chat")
            await caller.until(lambda: "Support could not be reached." in caller.words)
        await worker.wait_until(lambda: worker.has_logged("call ended"), HAPPENS)
        await worker.wait_until(lambda: are_kept(tmp_path), HAPPENS)
        refusals = await worker.has_logged("a caller could not be put through")
    _, report, _ = read(tmp_path / "reports")

    assert avatar == f"voice only: {SENTENCES[Reason.UNSEEN]}"
    assert len(await stage.sessions()) == before
    assert refusals
    assert [(tool.name, tool.outcome) for tool in report.tools] == [("transfer_call", "error")]
    assert "could not be reached" in str([line.text for line in report.transcript if line.speaker == "agent"])


async def test_a_caller_without_a_microphone_does_not_block_the_others(stage: Stage, tmp_path: Path) -> None:
    """The agent listens to the caller who publishes a microphone, and still answers chat of the first one."""
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    first = Onlooker()
    async with stage.worker({"PERSONA": str(persona)}):
        await first.room.connect(stage.livekit.url, stage.token("several", "first"))
        try:
            await first.until(lambda: "control" in first.attributes)
            async with page(stage, "several", identity="second") as second:
                await second.say("what time is it in london")
                spoken = await second.answer(1)
                await first.room.local_participant.send_text("tell me a story", topic="lk.chat")
                written = await second.begun(2, characters=20)
        finally:
            await first.room.disconnect()

    assert "clock" in spoken, "the persona has no tools"
    assert STORY.startswith(written)
