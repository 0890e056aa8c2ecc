"""A drawn face that speaks: the picture of the LiveAvatar stand-in, made of shapes, without a single image file."""

from simulators.portrait.openness import Mouth, mouth_openness
from simulators.portrait.painter import FacePainter, Mood

__all__ = ["FacePainter", "Mood", "Mouth", "mouth_openness"]
