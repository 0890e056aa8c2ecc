"""The face: its size, and its moving and fixed parts."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from simulators.portrait import FacePainter, Mood

Picture = npt.NDArray[np.int16]

WIDTH, HEIGHT = 640, 360
MOUTH = (slice(165, 220), slice(280, 360))


def draw(t: float, mouth: float = 0.0, mood: Mood = "idle", **more: float) -> Picture:
    """Paint one picture with a new painter."""
    picture = FacePainter(WIDTH, HEIGHT).draw(t, mouth, mood, **more)
    return np.frombuffer(picture, np.uint8).reshape(HEIGHT, WIDTH, 4).astype(np.int16)


@pytest.mark.parametrize(("width", "height"), [(640, 360), (854, 480), (1280, 720), (1920, 1080)])
def test_a_picture_has_the_size_of_its_quality(width: int, height: int) -> None:
    """Each pixel has four bytes and is opaque."""
    picture = FacePainter(width, height).draw(0.0, 0.5, "talking")

    assert len(picture) == width * height * 4
    assert set(picture[3::4]) == {255}


def test_the_same_moment_is_the_same_picture() -> None:
    """The painter uses no random numbers."""
    assert np.array_equal(draw(1.3, 0.4, "talking"), draw(1.3, 0.4, "talking"))


def test_an_open_mouth_changes_the_mouth_and_nothing_else() -> None:
    """Only the lips move with the sound."""
    changed = (draw(1.0, 0.0, "talking") != draw(1.0, 1.0, "talking")).any(axis=2)

    assert changed[MOUTH].sum() > 500
    changed[MOUTH] = False
    assert not changed.any()


def test_the_mouth_has_shapes() -> None:
    """A round mouth differs from a wide one."""
    assert (draw(1.0, 0.8, roundness=0.0) != draw(1.0, 0.8, roundness=1.0)).any()


def test_moods_differ_when_they_are_taken() -> None:
    """A listening face differs from an idle one."""
    assert (draw(9.0, mood="idle") != draw(9.0, mood="listening")).any()


def test_the_eyes_blink_and_the_picture_does_not_jump() -> None:
    """The lids close within a few seconds, and from one frame to the next little else changes."""
    painter = FacePainter(WIDTH, HEIGHT)
    pictures = [np.frombuffer(painter.draw(n / 25, 0.0, "idle"), np.uint8).astype(np.int16) for n in range(150)]
    changes = [float(np.abs(after - before).mean()) for before, after in itertools.pairwise(pictures)]
    eyes = [picture.reshape(HEIGHT, WIDTH, 4)[125:150, 290:350, :3].mean() for picture in pictures]

    assert max(changes) < 1.5
    assert max(eyes) - min(eyes) > 5
