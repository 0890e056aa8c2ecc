"""How much speech goes into one chunk, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core import AvatarProtocol
from avatar.core.chunking import Chunking
from tests.avatar.core.world import World


def gaps(speed: float, chunking: Chunking, *, seconds: float = 10.0) -> int:
    """How often the avatar fell silent in an answer that was made at `speed` times the speed of speech."""
    world = World(delay=0.02, core=AvatarProtocol("t", chunking=chunking))
    world.connect()
    for _ in range(round(seconds / 0.1)):
        world.run(0.1 / speed)
        world.say(0.1)
    world.flush()
    world.settle()
    return len(world.progressed) - 1


@given(st.floats(0.0, 10.0))
def test_a_start_is_never_smaller_than_the_first_chunk_nor_waits_too_long(rate: float) -> None:
    """From a stalled voice to a fast one, what a start takes lies between the two settings."""
    chunking = Chunking()

    assert chunking.first <= chunking.to_start(rate) <= chunking.longest_wait
    assert chunking.to_start(max(rate, 1.0)) == chunking.first


@pytest.mark.parametrize("speed", [0.9, 0.95])
def test_a_voice_slower_than_speech_is_waited_for_once(speed: float) -> None:
    """The answer begins later and has no gap; begun at once, it has several."""
    assert gaps(speed, Chunking()) == 0
    assert gaps(speed, Chunking(foresight=0.0)) >= 1


@pytest.mark.parametrize("speed", [1.0, 1.1, 1.25, 3.0])
def test_a_voice_as_fast_as_speech_starts_with_the_first_chunk(speed: float) -> None:
    """Nothing is waited for, and the avatar is never dry."""
    world = World(core=AvatarProtocol("t"))
    world.connect()
    for _ in range(4):
        world.run(0.1 / speed)
        world.say(0.1)
    world.run(0.0)

    assert [len(speak.audio) for speak in world.spoken] == [round(0.4 * 48_000)]
    assert gaps(speed, Chunking()) == 0


@pytest.mark.parametrize("sizes", [{"first": 0.05}, {"largest": 0.3}, {"smallest": 0.0}, {"largest": 11.0}])
def test_sizes_out_of_order_are_refused(sizes: dict[str, float]) -> None:
    """A mistake is told when it is made."""
    with pytest.raises(ValueError, match="chunk sizes"):
        Chunking(**sizes)
