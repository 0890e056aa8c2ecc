"""A noise without words: the avatar pauses, and then says the rest as if it had not been interrupted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from benchmarks.turns.noise import wordless_voice
from tests.e2e.conversation import HAPPENS, STORY, conversation, heard_seconds
from tests.e2e.narration import BYTES_PER_SECOND, narrate

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds of the story; in the first three the framework takes sound for an echo.
IN_THE_MIDDLE = 5.0

# Seconds; pauses between sentences last 0.3 s, and the avatar resumes 0.7 s after a noise.
SILENCE = 0.6

# Seconds between the played position and our measurement; machines under test are busy.
AGREES = 0.2


async def test_a_noise_pauses_the_story_and_none_of_it_is_lost(stage: Stage, tmp_path: Path) -> None:
    """The avatar is silenced, no word is recognised in the noise, and it resumes: all is heard, and captioned once."""
    story = await narrate(stage.stand_ins, STORY)
    async with conversation(stage, "cough", tmp_path) as talk:
        await talk.say("tell me a story")
        await talk.books(lambda session: heard_seconds(session) > IN_THE_MIDDLE)
        noise = await talk.microphone.say(wordless_voice())
        async with asyncio.timeout(HAPPENS):
            silent_at = await talk.listener.silence(noise.started_at, lasting=SILENCE)
            await talk.listener.first_sound(silent_at)
        caption = await talk.final_caption()
        session = await talk.books(lambda session: session["utterances"][-1]["ended"])

    assert talk.captions.own(since=0.0) == "tell me a story"
    assert caption == STORY
    assert len(talk.answers) == 1
    assert session["interrupts"] == 1
    first, second = session["utterances"]
    assert (first["interrupted"], second["interrupted"]) == (True, False)
    repeated = heard_seconds(session) - story.audio_bytes / BYTES_PER_SECOND
    assert -AGREES - session["stalled_seconds"] <= repeated <= story.longest_word + AGREES


@pytest.mark.long
async def test_a_backchannel_is_not_a_turn(stage: Stage, tmp_path: Path) -> None:
    """After "okay" the story continues to its end, and is the only answer."""
    async with conversation(stage, "backchannel", tmp_path) as talk:
        await talk.say("tell me a story")
        await talk.books(lambda session: heard_seconds(session) > IN_THE_MIDDLE)
        await talk.say("okay")
        caption = await talk.final_caption()

    assert talk.captions.own(since=0.0) == "tell me a story"
    assert caption == STORY
    assert len(talk.answers) == 1
