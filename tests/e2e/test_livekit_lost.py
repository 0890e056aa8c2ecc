"""LiveKit can't be reached for a while, in the middle of a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.e2e.avatar_call import AVATAR_IDENTITY
from tests.e2e.conversation import SILENT_PERSONA, heard_seconds
from tests.e2e.page import books, page
from tests.e2e.proxy import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(180),
    pytest.mark.long,
    pytest.mark.ours(reason="it is our server that is away"),
]

# Seconds of the story.
IN_THE_MIDDLE = 3.0

# Seconds.
AWAY = 10.0

# What LiveKit's client says of its attempts to come back is long.
LINES = 500


async def test_a_call_goes_on_when_livekit_was_away(stage: Stage, tmp_path: Path) -> None:
    """Worker and job are cut off in mid-story: it is told to its end, and then the caller is heard and answered.

    The avatar has a connection of its own to the room, which stays.
    """
    persona = tmp_path / "silent.toml"
    persona.write_text(SILENT_PERSONA)
    async with Proxy(stage.livekit.port) as proxy:
        settings = {"PERSONA": str(persona), "LIVEKIT_URL": f"ws://127.0.0.1:{proxy.port}"}
        async with stage.worker(settings) as worker, page(stage, "away") as talk:
            await talk.say("tell me a story")
            await books(stage, lambda session: heard_seconds(session) > IN_THE_MIDDLE)
            proxy.cut(spare=AVATAR_IDENTITY)
            await asyncio.sleep(AWAY)
            proxy.mend()
            await books(stage, lambda session: session["utterances"][0]["ended"])
            await talk.say("thank you")
            reply = await talk.answer(2)
            session = await books(
                stage, lambda session: [each["ended"] for each in session["utterances"]] == [True] * 2
            )
            registrations = [line for line in worker.tail(LINES) if "registered worker" in line]

    # What a recogniser makes of two words is not what is tried here: they were heard, and answered.
    assert talk.captions.own(since=0.0).startswith("tell me a story ")
    assert reply
    assert [utterance["interrupted"] for utterance in session["utterances"]] == [False, False]
    assert len(registrations) == 2, "one before, one after"
