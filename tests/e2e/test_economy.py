"""A call with limits: an idle avatar leaves, and when its minutes are used up the agent says goodbye.

`AvatarSession.release` and `engage` have their own tests in tests/avatar.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from livekit import rtc

from agent.call.budget import Reason
from agent.control.voice_only import SENTENCES
from tests.e2e.conversation import HAPPENS, POLL, SILENT_PERSONA, STORY
from tests.e2e.page import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.page import Page
    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.ours(reason="a room of LiveAvatar's ends with the avatar, and the call with it"),
]

GOODBYE = "Thank you, and goodbye."

# The goodbye is due after 20 s of the avatar.
LIMITS = {"MINUTES_PER_CALL": "0.5", "END_WARNING_SECONDS": "10", "AVATAR_IDLE_SECONDS": "8"}


async def attribute(talk: Page, name: str, until: Callable[[str], bool]) -> str:
    """Wait until the agent's participant has an attribute with a wanted value."""
    async with asyncio.timeout(HAPPENS):
        while True:
            values = [each.attributes.get(name, "") for each in talk.room.remote_participants.values()]
            if told := next((value for value in values if until(value)), None):
                return told
            await asyncio.sleep(POLL)


async def test_the_avatar_leaves_a_quiet_call_and_a_long_one_ends_with_a_goodbye(stage: Stage, tmp_path: Path) -> None:
    """A word brings the avatar back for the answer; the goodbye cuts the story; no participant or session is left."""
    persona = tmp_path / "silent.toml"
    persona.write_text(f'{SILENT_PERSONA}goodbye = "{GOODBYE}"\n')
    before = len(await stage.sessions())
    async with stage.worker({**LIMITS, "PERSONA": str(persona)}) as worker, page(stage, "economy") as talk:
        hung_up = asyncio.get_running_loop().create_future()
        talk.room.on("disconnected", hung_up.set_result)
        left = await attribute(talk, "avatar", lambda told: told.startswith("voice only"))
        await talk.say("tell me a story")
        await attribute(talk, "avatar", lambda told: told == "live")
        ends_at = await attribute(talk, "ends_at", bool)
        story = await talk.answer(1)
        goodbye = await talk.answer(2)
        # The caller stays: the agent ends the call.
        await worker.wait_until(lambda: worker.has_logged("call ended"), HAPPENS)
        assert await hung_up == rtc.DisconnectReason.ROOM_DELETED
        [ended] = [line for line in worker.tail() if "call ended" in line]
    sessions = (await stage.sessions())[before:]

    assert left == f"voice only: {SENTENCES[Reason.IDLE]}"
    assert STORY.startswith(story.rstrip(" ."))
    assert goodbye == GOODBYE
    assert datetime.fromisoformat(ends_at).tzinfo is not None
    assert [session["state"] for session in sessions] == ["ended", "ended"]
    assert '"avatar_sessions": 2' in ended
