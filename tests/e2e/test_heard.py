"""A barge-in: the captions match what was heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conversation import HAPPENS, STORY, conversation, heard_seconds
from tests.e2e.narration import BYTES_PER_SECOND, narrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds of the story; in the first three the framework takes sound for an echo.
IN_THE_MIDDLE = 6.0

# Seconds; pauses between sentences last 0.3 s, and the one before the agent's next answer is longer.
SILENCE = 0.5

# Seconds between the played position and our measurement; machines under test are busy.
AGREES = 0.2

# Seconds for which a spoken word may lack its caption. The framework paces words by the average speed of the speech and
# shows one in the middle of its time: 0.2 s after its start on average, 0.6 s at most in two stories.
TRAILS = 0.9


@pytest.mark.long
async def test_the_caption_of_an_interrupted_story_ends_where_it_was_heard_to(stage: Stage, tmp_path: Path) -> None:
    """The final caption is the beginning of the story, to the word at which the avatar fell silent."""
    story = await narrate(stage.stand_ins, STORY)
    async with conversation(stage, "heard", tmp_path) as talk:
        await talk.say("tell me a story")
        await talk.books(lambda session: heard_seconds(session) > IN_THE_MIDDLE)
        barge_in = await talk.say("stop please")
        async with asyncio.timeout(HAPPENS):
            await talk.listener.silence(barge_in.started_at, lasting=SILENCE)
        caption = await talk.final_caption()
        session = await talk.books(lambda session: session["utterances"][0]["interrupted"])
        heard = session["utterances"][0]["heard_bytes"] / BYTES_PER_SECOND

    captioned = len(caption.split())
    assert STORY.startswith(caption)
    assert story.word_starts[captioned - 2] <= heard + session["stalled_seconds"] + AGREES, (
        "more than one word too many"
    )
    assert story.word_starts[captioned] >= heard - TRAILS, "a word is missing"
