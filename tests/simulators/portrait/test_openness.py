"""The mouth follows the sound."""

import numpy as np
import pytest

from simulators.portrait import Mouth, mouth_openness

RATE = 24_000


def tone(hertz: float, level: float) -> bytes:
    """Return 40 ms of a tone; `level` is a part of full scale."""
    t = np.arange(RATE // 25) / RATE
    return (np.sin(2 * np.pi * hertz * t) * level * 32767).astype(np.int16).tobytes()


@pytest.mark.parametrize("pcm", [b"", bytes(1920)])
def test_silence_closes_the_mouth(pcm: bytes) -> None:
    """Without sound the lips touch."""
    assert mouth_openness(pcm, RATE) == 0


def test_louder_is_wider() -> None:
    """Openness grows with the level, up to 1."""
    openings = [mouth_openness(tone(200, level), RATE) for level in (0.02, 0.05, 0.1, 0.2, 0.9)]

    assert openings == sorted(openings)
    assert len(set(openings)) == len(openings)
    assert openings[-1] == pytest.approx(1.0, abs=0.01)


def test_a_hiss_opens_the_mouth_less_than_a_vowel() -> None:
    """The level of both is the same."""
    assert mouth_openness(tone(5000, 0.3), RATE) < 0.6 * mouth_openness(tone(300, 0.3), RATE)


def test_a_mouth_opens_faster_than_it_closes() -> None:
    """The mouth follows the sound, and comes to rest."""
    mouth = Mouth()
    mouth.follow(tone(200, 0.9), RATE)
    opened = mouth.openness
    mouth.follow(bytes(1920), RATE)

    assert opened > 0.7
    assert 0 < mouth.openness < opened
    for _ in range(20):
        mouth.follow(bytes(1920), RATE)
    assert mouth.openness < 0.01
