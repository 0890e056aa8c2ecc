"""The microphone's audio: long silence comes in larger pieces, and sound is amplified."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents.voice.io import AudioInput

from agent.conversation.quiet_input import GainInput, QuietInput

RATE, SIZE = 16_000, 800


class Frames(AudioInput):
    """A microphone with these frames of 50 ms, each with one loudest sample."""

    def __init__(self, levels: Sequence[int]) -> None:
        super().__init__(label="frames")
        self._levels = iter(levels)

    async def __anext__(self) -> rtc.AudioFrame:
        for level in self._levels:
            samples = np.zeros(SIZE, np.int16)
            samples[SIZE // 2] = level
            return rtc.AudioFrame(bytearray(samples.tobytes()), RATE, 1, SIZE)
        raise StopAsyncIteration


def levels(frame: rtc.AudioFrame) -> list[int]:
    """Return the loudest samples of the frames that make up this one."""
    samples = np.frombuffer(frame.data, np.int16)
    return [int(each[SIZE // 2]) for each in samples.reshape(-1, SIZE)]


@given(st.lists(st.sampled_from([0, 0, 0, 0, 5, -5, 6, -6, 20_000, -32_768]), max_size=150))
async def test_every_sample_is_passed_on(wanted: list[int]) -> None:
    """Samples stay in order; only the silence of the last, unfinished piece may be lost. A sound ends its piece."""
    pieces = [levels(frame) async for frame in QuietInput(Frames(wanted))]
    passed = [level for piece in pieces for level in piece]

    assert passed == wanted[: len(passed)]
    assert all(abs(level) < 6 for level in wanted[len(passed) :])
    assert len(wanted) - len(passed) < 4
    assert all(abs(level) < 6 for piece in pieces for level in piece[:-1])


async def test_silence_comes_in_larger_pieces_after_a_second() -> None:
    """Pieces of 0.05 s become 0.2 s; the next sound comes at once, with the silence that has waited."""
    pieces = [len(levels(frame)) async for frame in QuietInput(Frames([9_000] + [0] * 30 + [9_000] * 3))]

    assert pieces == [1] * 20 + [4, 4, 4] + [1, 1]


async def test_a_sound_is_amplified_and_silence_is_not() -> None:
    """Samples below 6 of 32768 are silence; automatic gain starts at 15 dB."""
    frames = [np.frombuffer(frame.data, np.int16) async for frame in GainInput(Frames([5, 400, -5]))]

    assert [int(np.abs(frame).max()) for frame in (frames[0], frames[2])] == [5, 5]
    assert int(np.abs(frames[1]).max()) > 2 * 400
