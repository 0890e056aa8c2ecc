"""The agent's own voice is recognised by its levels, and another voice is heard over it.

Sounds are alike by chance: of 1,500 random voices, one or a few are judged wrongly. So it is counted over fixed ones.
"""

from collections.abc import Iterator

import numpy as np
import pytest

from agent.conversation.band_levels import BANDS, SILENCE, Levels, silence
from agent.conversation.echo_path import EchoPath

SECOND, FRAME = 50, 2
LEARNED = 4 * SECOND
VOICES = 50
# How many of them may be judged wrongly.
FEW = 1


def speech(seed: int, cells: int) -> Levels:
    """Make sounds of 80 to 240 ms with random levels in their bands, and pauses of up to 0.3 s between some of them."""
    random, parts, length = np.random.default_rng(seed), list[Levels](), 0
    while length < cells:
        sound = random.uniform(35, 75, BANDS) + random.normal(0, 1.5, (int(random.integers(4, 13)), BANDS))
        pause = silence(int(random.integers(1, 16)) if random.random() < 0.3 else 0)
        parts += [sound, pause]
        length += len(sound) + len(pause)
    return np.concatenate(parts)[:cells]


def together(*sounds: Levels) -> Levels:
    """Return what a microphone measures of several sounds at once."""
    return 10 * np.log10(sum((10 ** (each / 10) for each in sounds), np.zeros_like(sounds[0])))


def echo_of(played: Levels, delay: int, loss: float) -> Levels:
    """Return the echo with this delay and this loss."""
    return np.maximum(np.concatenate([silence(delay), played])[: len(played)] - loss, SILENCE)


def judged(path: EchoPath, heard: Levels, played: Levels) -> list[bool]:
    """Return for each frame of 40 ms whether it is an echo."""
    return [path.is_echo(heard[at : at + FRAME], played[at : at + FRAME]) for at in range(0, len(heard), FRAME)]


def loud(heard: Levels) -> list[bool]:
    """Return for each frame whether it has a sound that voice activity detection might hear."""
    return [bool(heard[at : at + FRAME].max() > SILENCE + 20) for at in range(0, len(heard), FRAME)]


def ways() -> Iterator[tuple[int, int, float]]:
    """Yield a seed for each voice, the delay of its echo in cells, and the loss of its echo in dB."""
    random = np.random.default_rng(0)
    for seed in range(VOICES):
        yield seed, int(random.integers(3, 50)), random.uniform(12, 34)


def test_an_echo_is_recognised_after_a_moment() -> None:
    """Its delay and loss don't matter; it stays recognised as long as the agent speaks."""
    wrong = []
    for seed, delay, loss in ways():
        played, path = speech(seed, 20 * SECOND), EchoPath()
        heard = echo_of(played, delay, loss)
        echoes = judged(path, heard, played)
        passed = [not is_echo and is_loud for is_echo, is_loud in zip(echoes, loud(heard), strict=True)]
        if path.path is None or abs(path.path.delay - delay) > 1 or any(passed[LEARNED // FRAME :]):
            wrong.append(seed)

    assert len(wrong) <= FEW


@pytest.mark.parametrize(("louder", "within"), [(8.0, 1.0), (12.0, 0.4), (20.0, 0.4)])
def test_a_caller_is_heard_over_an_echo(louder: float, within: float) -> None:
    """From 8 dB above the echo it takes up to a second, from 12 dB up to 0.4 s; then most frames pass."""
    wrong = []
    for seed, delay, loss in ways():
        played, path = speech(seed, LEARNED + 2 * SECOND), EchoPath()
        caller = np.maximum(speech(seed + 20_000, 2 * SECOND) - loss + louder, SILENCE)
        heard = together(echo_of(played, delay, loss), np.concatenate([silence(LEARNED), caller]))
        passed = [not is_echo for is_echo in judged(path, heard, played)][LEARNED // FRAME :]
        if not any(passed[: round(within * SECOND / FRAME)]) or sum(passed) <= 0.4 * len(passed):
            wrong.append(seed)

    assert len(wrong) <= FEW


def test_another_voice_is_not_an_echo() -> None:
    """A caller with headphones may speak together with the agent, and begin with it or later."""
    wrong = []
    for seed, delay, _ in ways():
        played, path = speech(seed, 20 * SECOND), EchoPath()
        heard = np.concatenate([silence(3 * delay), speech(seed + 20_000, 20 * SECOND)])[: len(played)]
        if any(judged(path, heard, played)):
            wrong.append(seed)

    assert len(wrong) <= FEW


def test_without_sound_of_the_agent_everything_is_heard() -> None:
    """A second after the agent's last sound a voice passes, however quiet it is."""
    for seed, _, loss in ways():
        path, played = EchoPath(), speech(seed, 3 * LEARNED)
        judged(path, echo_of(played, 12, loss), played)
        judged(path, silence(SECOND), silence(SECOND))
        caller = np.maximum(speech(seed + 20_000, 2 * SECOND) - loss - 10, SILENCE)

        assert path.path is not None
        assert not any(judged(path, caller, silence(len(caller))))


def test_headphones_end_the_echo() -> None:
    """A caller who puts headphones on is heard at any level."""
    path, played = EchoPath(), speech(1, 8 * SECOND)
    heard = echo_of(played, 12, 20.0)
    heard[LEARNED:] = SILENCE
    judged(path, heard[:LEARNED], played[:LEARNED])
    before = path.path
    judged(path, heard[LEARNED:], played[LEARNED:])

    assert before is not None
    assert path.path is None


@pytest.mark.parametrize(("delay", "loss"), [(22, 20.0), (8, 20.0), (12, 10.0), (12, 30.0)])
def test_a_changed_echo_path_is_found(delay: int, loss: float) -> None:
    """After a jump of the network's delay or of the gain, the echo is recognised again within three seconds."""
    path, played = EchoPath(), speech(2, 16 * SECOND)
    half = len(played) // 2
    heard = np.concatenate([echo_of(played, 12, 20.0)[:half], echo_of(played, delay, loss)[half:]])
    echoes = judged(path, heard, played)
    wanted = loud(heard)

    known = slice((half + 3 * SECOND) // FRAME, None)
    assert not any(is_loud and not is_echo for is_echo, is_loud in zip(echoes[known], wanted[known], strict=True))


def test_a_silent_agent_has_no_echo() -> None:
    """Nothing is compared while the agent is silent."""
    path, heard = EchoPath(), speech(3, 10 * SECOND)

    assert not any(judged(path, heard, silence(len(heard))))
    assert not path.is_echo(silence(0), silence(0))
    assert path.path is None
