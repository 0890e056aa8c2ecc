"""The echo gate: it silences the agent in the microphone's frames, and passes a caller."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.voice.io import AudioInput

from agent.conversation.band_levels import Samples
from agent.conversation.echo_gate import EchoGate
from agent.conversation.played_sound import PlayedSound
from tests.agent.speech.speech_fakes import ClockedOutput

RATE, SPEECH_RATE, FRAME, SOUND = 16_000, 24_000, 0.05, 0.1
SECONDS, DELAY, LOSS = 8.0, 0.3, 0.1


def speech(seed: int, seconds: float, rate: int) -> Samples:
    """Make sounds of 0.1 s with different frequencies and levels; they are the same at every sample rate."""
    random, sounds = np.random.default_rng(seed), list[Samples]()
    times = np.arange(round(SOUND * rate)) / rate
    for _ in range(round(seconds / SOUND)):
        tones = random.uniform(100, 5_000, 6)
        loudness = 10 ** random.uniform(1.5, 3.2, 6)
        sound = (loudness[:, None] * np.sin(2 * np.pi * tones[:, None] * times)).sum(axis=0)
        sounds.append(np.round(sound).astype(np.int16))
    return np.concatenate(sounds)


class Microphone(AudioInput):
    """A microphone that hears a sound in real time from its start; its first frames come late, in one burst."""

    def __init__(self, sound: Samples, late: float) -> None:
        super().__init__(label="microphone")
        self._sound, self._late = sound, late
        self._began_at = asyncio.get_running_loop().time()
        self._count = 0

    async def __anext__(self) -> rtc.AudioFrame:
        self._count += 1
        due = self._began_at + max(self._late, self._count * FRAME)
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        size = round(FRAME * RATE)
        samples, self._sound = self._sound[:size], self._sound[size:]
        if len(samples) < size:
            raise StopAsyncIteration
        return rtc.AudioFrame(samples.tobytes(), RATE, 1, size)


async def heard(sound: Samples, late: float = 0.0) -> list[bool]:
    """Return for each frame that passes the gate whether it has sound, while the agent speaks for eight seconds."""
    played = PlayedSound(ClockedOutput())
    said = speech(1, SECONDS, SPEECH_RATE)
    await played.capture_frame(rtc.AudioFrame(said.tobytes(), SPEECH_RATE, 1, len(said)))
    return [
        bool(np.any(np.frombuffer(frame.data, np.int16))) async for frame in EchoGate(Microphone(sound, late), played)
    ]


def echo() -> Samples:
    """Return what the microphone hears of the agent."""
    back = np.concatenate([np.zeros(round(DELAY * RATE)), LOSS * speech(1, SECONDS, RATE)])
    return np.round(back).astype(np.int16)


@pytest.mark.looptime
@pytest.mark.parametrize("late", [0.0, 0.25])
async def test_the_agent_is_silent_in_its_microphone(late: float) -> None:
    """It is silenced from the third second, also when the first frames come in a burst."""
    frames = await heard(echo(), late)

    assert frames[round(DELAY / FRAME) + 1]
    assert not any(frames[round(3 / FRAME) :])


@pytest.mark.looptime
async def test_a_caller_over_the_echo_passes() -> None:
    """The caller's frames pass, and the echo after them is silenced again."""
    sound, caller = echo(), speech(7, 1.0, RATE)
    begin = round(5 * RATE)
    sound[begin : begin + len(caller)] += caller
    frames = await heard(sound)

    assert not any(frames[round(4 / FRAME) : round(5 / FRAME)])
    assert sum(frames[round(5 / FRAME) : round(6 / FRAME)]) >= 0.9 / FRAME
    assert not any(frames[round(6.6 / FRAME) : round(8 / FRAME)])


@pytest.mark.looptime
async def test_a_caller_with_headphones_passes() -> None:
    """Without an echo no frame is changed."""
    caller = speech(7, SECONDS, RATE)

    assert all(await heard(caller))
