"""Voice activity detection skips the silence between sounds, and finds the same voices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents.vad import VAD, VADEventType
from livekit.plugins import silero

from agent.conversation.voice_gate import GatedVAD, VoiceGate
from benchmarks.turns.noise import wordless_voice
from demo.call.levels import RATE_HZ as VOICE_RATE_HZ

RATE, FRAME = 16_000, 800


def frame(level: int) -> rtc.AudioFrame:
    """Make a frame of 50 ms whose loudest sample has this level."""
    samples = np.zeros(FRAME, np.int16)
    samples[FRAME // 2] = level
    return rtc.AudioFrame(samples.tobytes(), RATE, 1, FRAME)


@given(st.lists(st.sampled_from([0, 10, -31, 32, -33, 20_000, -32_768]), max_size=120))
def test_every_sound_is_passed_on_with_its_surroundings(levels: list[int]) -> None:
    """Frames stay in order and come once, with 0.2 s before each sound, and a second less a frame after it."""
    gate, frames = VoiceGate(), [frame(level) for level in levels]
    passed = [frames.index(each) for taken in frames for each in gate.take(taken)]
    loud = [number for number, level in enumerate(levels) if level >= 32 or level <= -32]
    wanted = {near for number in loud for near in range(max(number - 4, 0), min(number + 20, len(levels)))}

    assert passed == sorted(set(passed))
    assert wanted <= set(passed)


def test_silence_is_held_back_after_a_second() -> None:
    """At most 0.2 s of it is kept, however long it lasts."""
    gate = VoiceGate()
    passed = [len(gate.take(frame(0))) for _ in range(1_000)]

    assert sum(passed) in {19, 20}
    assert len(gate.take(frame(5_000))) in {5, 6}


async def found(vad: VAD, samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> tuple[list[VADEventType], int]:
    """Return the starts and ends of voices, and how many inferences they took."""
    stream, kinds, inferences = vad.stream(), list[VADEventType](), 0
    for at in range(0, len(samples) - FRAME + 1, FRAME):
        stream.push_frame(rtc.AudioFrame(samples[at : at + FRAME].tobytes(), RATE, 1, FRAME))
    stream.end_input()
    async for event in stream:
        if event.type is VADEventType.INFERENCE_DONE:
            inferences += 1
        else:
            kinds.append(event.type)
    return kinds, inferences


@pytest.mark.parametrize("silence", [0.5, 3.0, 6.0])
async def test_the_same_voice_is_found_with_fewer_inferences(silence: float) -> None:
    """Only a second after a voice and 0.2 s before it are analysed."""
    pause = np.zeros(round(silence * RATE), np.int16)
    samples = np.concatenate([pause, wordless_voice()[:: VOICE_RATE_HZ // RATE], pause])
    every, of_all = await found(silero.VAD.load(min_silence_duration=0.3), samples)
    gated, of_sound = await found(GatedVAD.load(min_silence_duration=0.3), samples)

    assert gated == every == [VADEventType.START_OF_SPEECH, VADEventType.END_OF_SPEECH]
    assert of_sound <= min(of_all, 3.6 / 0.032)
