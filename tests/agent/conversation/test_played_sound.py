"""The levels of the agent's sound at the time it is heard, whatever interrupts it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from livekit import rtc

from agent.conversation.band_levels import CELL, SILENCE, Levels
from agent.conversation.played_sound import PlayedLevels, PlayedSound
from simulators.liveavatar.model import Habits
from tests.agent.speech.speech_fakes import ClockedOutput
from tests.avatar.virtual_call import virtual_call

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 24_000
QUIET, LOUD = 500, 8_000


def frame(amplitude: int, seconds: float) -> rtc.AudioFrame:
    """Make a tone of 700 Hz."""
    samples = np.round(amplitude * np.sin(2 * np.pi * 700 * np.arange(round(RATE * seconds)) / RATE)).astype(np.int16)
    return rtc.AudioFrame(samples.tobytes(), RATE, 1, len(samples))


def amplitudes(levels: Levels) -> list[int]:
    """Return the amplitude of each cell; 0 in silence."""
    return [0 if top < SILENCE + 20 else QUIET if top < 60 else LOUD for top in levels.max(axis=1)]


def told(positions: Sequence[tuple[float, float]]) -> PlayedLevels:
    """Play a segment, quiet for 0.2 s and then loud for 0.2 s, with these times and playback positions, in seconds."""
    played = PlayedLevels()
    played.begin()
    played.capture(frame(QUIET, 0.2))
    played.capture(frame(LOUD, 0.2))
    for now, position in positions:
        played.advance(now, position)
    return played


def test_levels_have_the_time_at_which_they_were_played() -> None:
    """Positions may be read at any interval; outside the recorded time there is silence."""
    often = told([(9.801, 0.0), *((10.001 + step * 0.05, step * 0.05) for step in range(9))])
    once = told([(10.001, 0.0), (10.401, 0.4)])
    wanted = [0] * 5 + [QUIET] * 10 + [LOUD] * 10

    assert amplitudes(once.between(495, 520)) == wanted
    assert amplitudes(often.between(495, 520)) == wanted
    assert amplitudes(once.between(520, 530)) == amplitudes(once.between(100, 110)) == [0] * 10


def test_nothing_is_played_while_the_position_stands_still() -> None:
    """A paused agent is silent, and may go on from an earlier word."""
    played = told([(10.001, 0.0), (10.201, 0.2), (10.401, 0.2), (10.441, 0.1), (10.641, 0.3)])

    assert amplitudes(played.between(500, 532)) == [QUIET] * 10 + [0] * 12 + [QUIET] * 5 + [LOUD] * 5


def test_another_segment_begins_at_its_start() -> None:
    """The rest of the first segment is not heard."""
    played = told([(10.001, 0.0), (10.101, 0.1)])
    played.begin()
    played.capture(frame(LOUD, 0.2))
    played.advance(10.201, 0.0)
    played.advance(10.301, 0.1)

    assert amplitudes(played.between(500, 515)) == [QUIET] * 5 + [0] * 5 + [LOUD] * 5


@pytest.mark.looptime
async def test_without_positions_the_outputs_events_count() -> None:
    """Sound counts from the start of playback to the interruption, without pauses."""
    output = ClockedOutput()
    played = PlayedSound(output)
    await played.capture_frame(frame(LOUD, 2.0))
    await asyncio.sleep(0.5)
    played.pause()
    before = amplitudes(played.between(*last(0.4)))
    await asyncio.sleep(0.5)
    paused = amplitudes(played.between(*last(0.4)))
    played.resume()
    await asyncio.sleep(0.5)
    resumed = amplitudes(played.between(*last(0.4)))
    played.flush()
    played.clear_buffer()
    await asyncio.sleep(0.5)
    cleared = amplitudes(played.between(*last(0.4)))

    assert (set(before), set(paused), set(resumed), set(cleared)) == ({LOUD}, {0}, {LOUD}, {0})
    assert played.sample_rate == output.sample_rate


def last(seconds: float) -> tuple[int, int]:
    """Return the first and the last cell of this time until now."""
    now = round(asyncio.get_running_loop().time() / CELL)
    return now - round(seconds / CELL), now


@pytest.mark.looptime
async def test_an_avatar_is_followed_by_its_playback_position() -> None:
    """The levels match what the caller hears within 0.2 s, also across a pause and the word that is repeated."""
    async with virtual_call(Habits.fast()) as call:
        await call.is_live()
        played = PlayedSound(call.output)
        for amplitude in (LOUD, 0, LOUD):
            await played.capture_frame(frame(amplitude, 1.0))
        played.flush()
        noted = list[tuple[float, int]]()
        for step in range(140):
            await asyncio.sleep(0.05)
            if step == 50:
                played.pause()
            if step == 70:
                played.resume()
            noted += [(call.now, amplitude) for amplitude in amplitudes(played.between(*last(0.04)))[:1]]
        loud = {
            round((begin + at / (2 * RATE)) / CELL)
            for begin, _, _, pcm in call.spans()
            for at in range(0, len(pcm), 960)
            if max(memoryview(pcm[at : at + 960]).cast("h")) > QUIET
        }

    assert {amplitude for _, amplitude in noted} == {0, LOUD}
    for at, amplitude in noted:
        near = [round(at / CELL) + cells in loud for cells in range(-7, 8)]
        assert any(near) if amplitude else not all(near)
