"""The whole picture, frame by frame: all parts are painted once, and then only combined."""

import math
from functools import lru_cache
from typing import Literal, NamedTuple

from PIL import Image

from simulators.portrait.backdrop import paint_backdrop
from simulators.portrait.badge import paint_badge
from simulators.portrait.body import paint_body
from simulators.portrait.eyes import paint_eyes
from simulators.portrait.head import paint_back_of_hair, paint_head
from simulators.portrait.layer import Layer
from simulators.portrait.mouth import paint_mouth

Mood = Literal["idle", "listening", "talking"]

# Number of sprites of each kind.
_OPENINGS, _ROUNDNESSES = 14, 3
_LIDS, _LIFTS = 6, 4

_BLINK_EVERY, _BLINK_SECONDS = 3.7, 0.22
_GLANCES = (0.0, 0.0, 0.0, -0.35, 0.0, 0.3, 0.0)
_GLANCE_SECONDS = 1.9

# Lift of the brows and motion of the head in each mood.
_LIFT = {"idle": 0.0, "listening": 0.7, "talking": 0.25}
_MOTION = {"idle": 0.6, "listening": 0.8, "talking": 1.5}

# Rate at which the face approaches a mood, per second.
_EASE = 4.0


class Sprite(NamedTuple):
    """A painted part: its colours, its mask, and its position in pixels from the picture's middle and top."""

    picture: Image.Image
    cover: Image.Image
    x: int
    y: int


class FacePainter:
    """Paints a speaking face.

    Args:
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._backdrop = _backdrop(width, height)
        self._lift, self._motion, self._last_t = _LIFT["idle"], _MOTION["idle"], 0.0
        _head(height), _hair(height), _body(height), _badge(height)  # painted now, not in the first frame

    def draw(self, t: float, mouth: float, mood: Mood, *, roundness: float = 0.4) -> bytes:
        """Draw the picture at `t` seconds.

        Args:
            t: Seconds; it drives breath, blinking and glances.
            mouth: Openness, 0 to 1.
            mood: The face's mood; a change takes a moment.
            roundness: Roundness of the mouth, 0 to 1.

        Returns:
            RGBA, width * height * 4 bytes.
        """
        self._ease(t, mood)
        breath = math.sin(t * 1.5) * 0.0016
        x = (math.sin(t * 0.61) + 0.5 * math.sin(t * 1.37 + 1)) * 0.0030 * self._motion
        y = breath * 0.7 + math.sin(t * 1.07 + 2) * 0.0020 * self._motion
        eyes = _eyes(self._height, _step(_lids(t), _LIDS), _glance(t), _step(self._lift, _LIFTS))
        lips = _lips(self._height, _step(mouth, _OPENINGS), _step(roundness, _ROUNDNESSES))
        frame = self._backdrop.copy()
        self._put(frame, _hair(self._height), x, y)
        self._put(frame, _body(self._height), 0.0, breath)
        for sprite in (_head(self._height), eyes, lips):
            self._put(frame, sprite, x, y)
        frame.alpha_composite(_badge(self._height), (round(0.03 * self._height), round(0.94 * self._height)))
        return frame.tobytes()

    def _put(self, frame: Image.Image, sprite: Sprite, x: float, y: float) -> None:
        left = self._width // 2 + sprite.x + round(x * self._height)
        frame.paste(sprite.picture, (left, sprite.y + round(y * self._height)), sprite.cover)

    def _ease(self, t: float, mood: Mood) -> None:
        """Approach a mood gradually."""
        share = 1 - math.exp(-max(0.0, t - self._last_t) * _EASE)
        self._last_t = t
        self._lift += (_LIFT[mood] - self._lift) * share
        self._motion += (_MOTION[mood] - self._motion) * share


# Painting takes a second, so all painters of one size share the painted parts.


@lru_cache(maxsize=4)
def _backdrop(width: int, height: int) -> Image.Image:
    return paint_backdrop(height, width / height / 2).picture().resize((width, height))


@lru_cache(maxsize=4)
def _body(height: int) -> Sprite:
    return _sprite(paint_body(height))


@lru_cache(maxsize=4)
def _hair(height: int) -> Sprite:
    return _sprite(paint_back_of_hair(height))


@lru_cache(maxsize=4)
def _head(height: int) -> Sprite:
    return _sprite(paint_head(height))


@lru_cache(maxsize=4)
def _badge(height: int) -> Image.Image:
    return paint_badge(height)


@lru_cache(maxsize=512)
def _eyes(height: int, openness: float, gaze: float, lift: float) -> Sprite:
    return _sprite(paint_eyes(height, openness, gaze, lift))


@lru_cache(maxsize=256)
def _lips(height: int, openness: float, roundness: float) -> Sprite:
    return _sprite(paint_mouth(height, openness, roundness))


def _sprite(layer: Layer) -> Sprite:
    picture = layer.picture()
    cover = picture.getchannel("A")
    picture.putalpha(255)
    return Sprite(picture, cover, *layer.offset)


def _lids(t: float) -> float:
    """Return the openness of the eyes, which blink, at times twice."""
    number, since = divmod(t, _BLINK_EVERY)
    at = 1.6 + 0.9 * math.sin(number * 2.4)
    blink = _blink(since - at)
    return 1 - (max(blink, _blink(since - at - 0.32)) if number % 3 == 1 else blink)


def _blink(since: float) -> float:
    return math.sin(math.pi * since / _BLINK_SECONDS) if 0 <= since <= _BLINK_SECONDS else 0.0


def _glance(t: float) -> float:
    """Return the direction of the eyes: at the caller, now and then a little past."""
    return _GLANCES[int(t / _GLANCE_SECONDS) % len(_GLANCES)]


def _step(value: float, steps: int) -> float:
    """Round a value from 0 to 1 to one of these steps."""
    return round(min(1.0, max(0.0, value)) * steps) / steps
