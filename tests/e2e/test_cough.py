"""A noise that is no word: the avatar falls silent, and then says the rest as if nothing had been."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from demo.call.levels import RATE_HZ
from tests.e2e.conversation import HAPPENS, STORY, conversation, heard_seconds
from tests.e2e.narration import BYTES_PER_SECOND, narrate

if TYPE_CHECKING:
    from pathlib import Path

    from demo.call.levels import Samples
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

IN_THE_MIDDLE = 5.0
"""Seconds of the story; in the first three the framework takes what it hears for an echo."""

SILENCE = 1.0
"""Seconds; between two sentences there are 0.3."""

AGREES = 0.2
"""Seconds between what was played and what we know of it; machines under test are busy."""

PITCH_HZ = 130.0
FORMANTS_HZ = ((700.0, 90.0), (1100.0, 110.0), (2500.0, 160.0))
"""Resonances of a mouth that says "ah", and their widths."""


async def test_a_noise_pauses_the_story_and_none_of_it_is_lost(stage: Stage, tmp_path: Path) -> None:
    """The avatar is silenced, no word is heard in the noise, and it goes on: all is heard, and captioned once."""
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
    assert -AGREES - session["stalled_seconds"] <= repeated_seconds(session) <= story.longest_word + AGREES


def repeated_seconds(session: dict[str, Any]) -> float:
    """What was heard twice of a story that was cut once; negative if some of it was not heard.

    The first utterance was given the whole story, for speech is synthesised faster than it is heard.
    """
    first, second = session["utterances"]
    assert (first["sealed"], first["interrupted"], second["interrupted"]) == (True, True, False)
    return heard_seconds(session) - float(first["received_bytes"]) / BYTES_PER_SECOND


def wordless_voice(seconds: float = 1.2) -> Samples:
    """A long "ah": speech to voice activity detection, and no word to a recogniser.

    A real cough will not do: Silero takes none for speech, nor noise of any colour, and pocketsphinx hears words in it.
    """
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    harmonics_hz = PITCH_HZ * np.arange(1, 39)
    levels = sum(1 / (1 + ((harmonics_hz - at) / width) ** 2) for at, width in FORMANTS_HZ) / np.sqrt(harmonics_hz)
    vibrato = 0.02 * np.cos(2 * np.pi * 5 * t) / (2 * np.pi * 5)
    voice = np.sin(2 * np.pi * np.outer(t - vibrato, harmonics_hz)) @ levels
    voice *= np.minimum(1, np.minimum(t / 0.05, (seconds - t) / 0.1))
    samples: Samples = (voice / np.abs(voice).max() * 18_000).astype(np.int16)
    return samples
