"""The avatar's own voice in the caller's microphone: it is no turn, and a caller who speaks over it is heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conversation import HAPPENS, conversation, heard_seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds of the story; in the first three the framework takes what it hears for an echo by itself.
ECHOED = 14.0


@pytest.mark.parametrize("echo_db", [-20.0])
async def test_the_avatars_own_voice_is_no_turn_and_the_callers_is(
    stage: Stage, tmp_path: Path, echo_db: float
) -> None:
    """The story goes on for ten seconds over its echo, and ends when the caller says so."""
    async with conversation(stage, "echo", tmp_path, echo_db=echo_db) as talk:
        await talk.say("tell me a story")
        await talk.books(lambda session: heard_seconds(session) > ECHOED)
        own, answers = talk.captions.own(since=0.0), len(talk.answers)
        await talk.say("stop please")
        async with asyncio.timeout(HAPPENS):
            while "stop" not in talk.captions.own(since=0.0):  # noqa: ASYNC110 - captions tell nobody
                await asyncio.sleep(0.05)
        session = await talk.books(lambda session: session["utterances"][0]["interrupted"])

    assert (own, answers) == ("tell me a story", 1)
    assert talk.captions.own(since=0.0).startswith("tell me a story stop")
    assert session["interrupts"] >= 1
