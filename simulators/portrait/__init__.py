"""A drawn face that speaks: the video of the LiveAvatar stand-in, made of shapes, without image files."""

from simulators.portrait.openness import Mouth, mouth_openness
from simulators.portrait.painter import FacePainter, Mood

__all__ = ["FacePainter", "Mood", "Mouth", "mouth_openness"]
