"""The size and the time of each chunk of speech."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core import Speak
from avatar.core.chunking import Chunking
from simulators.liveavatar.model import Habits
from tests.avatar.core.world import World

HABITS = Habits.fast(speech_starts_after=0.2, first_speech_starts_after=0.2)


def gaps(speed: float, chunking: Chunking, *, seconds: float = 10.0) -> int:
    """Return how often the avatar falls silent in an answer that is generated at `speed` times real time."""
    world = World(habits=HABITS, chunking=chunking)
    world.run_until(lambda: world.is_live)
    for _ in range(round(seconds / 0.1)):
        world.run(0.1 / speed)
        world.say(0.1)
    world.flush()
    world.settle()
    return len(world.progressed) - 1


@given(st.floats(0.0, 10.0))
def test_the_audio_of_a_start_is_within_its_two_settings(rate: float) -> None:
    """From a stalled TTS to a fast one, a start takes between `first` and `longest_wait` seconds of audio."""
    chunking = Chunking()

    assert chunking.first <= chunking.to_start(rate) <= chunking.longest_wait
    assert chunking.to_start(max(rate, 1.0)) == chunking.first


@pytest.mark.parametrize("speed", [0.9, 0.95])
def test_slow_text_to_speech_delays_the_start_once(speed: float) -> None:
    """The answer begins later and has no gap; started at once, it would have several."""
    assert gaps(speed, Chunking()) == 0
    assert gaps(speed, Chunking(foresight=0.0)) >= 1


@pytest.mark.parametrize("speed", [1.0, 1.1, 1.25, 3.0])
def test_fast_text_to_speech_starts_with_the_first_chunk(speed: float) -> None:
    """The start waits for nothing else, and the avatar never runs dry."""
    world = World(habits=HABITS)
    world.run_until(lambda: world.is_live)
    for _ in range(4):
        world.run(0.1 / speed)
        world.say(0.1)
    world.run(0.0)

    chunks = [sent.command for sent in world.sent_of(Speak)]
    assert [len(chunk.audio) for chunk in chunks] == [round(0.4 * 48_000)]  # type: ignore[union-attr]
    assert gaps(speed, Chunking()) == 0


def test_a_large_chunk_arrives_as_soon_as_a_small_one_at_1_mbit() -> None:
    """The size grows with the measured rate, from `cautious` to `largest`; a slow network gets no smaller chunks."""
    chunking = Chunking()

    assert [chunking.most(rate) for rate in (0.0, 1.0, 2.0, 4.0, 5.0, inf)] == [0.4, 0.4, 0.4, 0.8, 1.0, 1.0]
    assert [chunking.wanted(handed, 4.0) for handed in (0.4, 0.6, 2.0)] == [0.4, 0.6, 0.8]


@pytest.mark.parametrize(
    "sizes", [{"first": 0.05}, {"largest": 0.3}, {"cautious": 0.3}, {"smallest": 0.0}, {"largest": 11.0}]
)
def test_sizes_out_of_order_are_refused(sizes: dict[str, float]) -> None:
    """Invalid chunk sizes raise an error at construction."""
    with pytest.raises(ValueError, match="chunk sizes"):
        Chunking(**sizes)
