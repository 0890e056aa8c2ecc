"""What counts as a cut-in, a missed turn, and a pause that was taken back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from livekit import rtc

from benchmarks.turns.cases import CASES, Case
from benchmarks.turns.devices import ClockedSpeaker
from benchmarks.turns.replay import Outcome, judge

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NUMBER, OKAY = Case("a number", ("five",)), Case("okay", ("okay",), turns=0, over_story=True)


@pytest.fixture
async def speaker() -> AsyncIterator[ClockedSpeaker]:
    """Yield an output that can pause and resume."""
    made = ClockedSpeaker(can_pause=True)
    yield made
    await made.aclose()


@pytest.mark.parametrize(
    ("turns", "expected"),
    [(1, Outcome(0, 0, 0.5, None, None)), (3, Outcome(2, 0, None, None, None)), (0, Outcome(0, 1, None, None, None))],
)
async def test_a_caller_is_answered_once(speaker: ClockedSpeaker, turns: int, expected: Outcome) -> None:
    """Extra turns are cut-ins, missing ones are missed, and only a good answer has a time."""
    speaker.began = [2.5]

    assert judge(NUMBER, turns, speaker, began_at=1.0, ended_at=2.0) == expected


async def test_a_sound_that_needs_no_answer_is_a_pause_at_most(speaker: ClockedSpeaker) -> None:
    """The length of the pause is what the caller notices."""
    speaker.began, speaker.paused, speaker.resumed = [0.0], [1.25], [2.75]

    assert judge(OKAY, 0, speaker, began_at=1.0, ended_at=2.0) == Outcome(0, 0, None, 0.25, 0.75)
    assert judge(OKAY, 1, speaker, began_at=1.0, ended_at=2.0).cut_ins == 1


@pytest.mark.looptime
async def test_the_speaker_plays_in_real_time_and_stands_still_while_paused() -> None:
    """The speaker reports the position that it played."""
    speaker = ClockedSpeaker(can_pause=True)
    await speaker.capture_frame(rtc.AudioFrame(bytes(2 * 24_000), 24_000, 1, 24_000))
    speaker.flush()
    await asyncio.sleep(0.5)
    speaker.pause()
    await asyncio.sleep(5.0)
    before = speaker.played
    speaker.resume()
    finished = await speaker.wait_for_playout()
    await speaker.aclose()

    assert before == pytest.approx(0.5, abs=0.03)
    assert (finished.playback_position, finished.interrupted) == (1.0, False)


def test_every_case_has_a_name_of_its_own() -> None:
    """The table has a row for each."""
    assert len({case.name for case in CASES}) == len(CASES)


async def test_an_echo_is_the_audio_played_at_that_time(speaker: ClockedSpeaker) -> None:
    """The echo has the microphone's rate, and silence where nothing was played."""
    loud = np.full(480, 1_000, np.int16)
    speaker._played = [(1.00, loud.tobytes()), (1.02, (2 * loud).tobytes())]

    assert speaker.sound(1.01, 1.05).tolist() == [1_000] * 480 + [2_000] * 960 + [0] * 480
    assert speaker.sound(0.98, 1.0).tolist() == [0] * 960
