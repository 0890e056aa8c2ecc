"""A layer: a transparent picture that soft-edged shapes are painted on."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

from simulators.portrait.curves import Points

# Shapes are drawn twice as large as they are shown, which smooths their edges.
_FINE = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture, in heights of the picture."""

    left: float
    top: float
    right: float
    bottom: float


class Layer:
    """A transparent picture on which shapes are painted.

    Args:
        height: Height of the whole picture in pixels.
        box: The part of the picture that the layer covers.
    """

    def __init__(self, height: int, box: Box) -> None:
        self._unit = height * _FINE
        self._left = round(box.left * height) * _FINE
        self._top = round(box.top * height) * _FINE
        size = (round(box.right * height) * _FINE - self._left, round(box.bottom * height) * _FINE - self._top)
        self._image = Image.new("RGBA", size)

    @property
    def offset(self) -> tuple[int, int]:
        """Position of its first pixel, in pixels from the picture's middle and top."""
        return self._left // _FINE, self._top // _FINE

    def picture(self) -> Image.Image:
        """Return the layer in its final size, in RGBA."""
        width, height = self._image.size
        return self._image.resize((width // _FINE, height // _FINE), Image.Resampling.BOX)

    def mask(self, outline: Points, blur: float = 0.0) -> Image.Image:
        """Return a shape's mask, 0 to 255, as large as the layer; `blur` is in heights of the picture."""
        mask = Image.new("L", self._image.size)
        shape, box = self._shape(outline, blur)
        mask.paste(shape, box[:2])
        return mask

    def paint(
        self,
        outline: Points,
        colour: str,
        *,
        opacity: float = 1.0,
        blur: float = 0.0,
        inside: Image.Image | None = None,
    ) -> None:
        """Paint a shape: `blur` softens its edge, `inside` is a mask that it does not leave."""
        shape, box = self._shape(outline, blur)
        if inside is not None:
            shape = ImageChops.multiply(shape, inside.crop(box))
        if opacity < 1:
            shape = shape.point([round(value * opacity) for value in range(256)])
        self._blend(Image.new("RGB", shape.size, colour), shape, box)

    def wash(self, outline: Points, top: str, bottom: str) -> None:
        """Paint a shape in a colour that changes from its top to its bottom."""
        shape, box = self._shape(outline, 0.0)
        self._blend(_gradient(shape.size, top, bottom), shape, box)

    def _shape(self, outline: Points, blur: float) -> tuple[Image.Image, tuple[int, int, int, int]]:
        """Return the non-empty part of a mask, and its box in the layer."""
        corners = outline * self._unit - (self._left, self._top)
        margin = 3 * blur * self._unit + 1
        left, top = np.floor(corners.min(axis=0) - margin).clip(0, self._image.size).astype(int).tolist()
        right, bottom = np.ceil(corners.max(axis=0) + margin).clip(0, self._image.size).astype(int).tolist()
        box = (left, top, max(right, left + 1), max(bottom, top + 1))
        shape = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(shape).polygon([(float(x) - left, float(y) - top) for x, y in corners], fill=255)
        return (shape.filter(ImageFilter.GaussianBlur(blur * self._unit)) if blur else shape), box

    def _blend(self, colour: Image.Image, shape: Image.Image, box: tuple[int, int, int, int]) -> None:
        colour.putalpha(shape)
        self._image.alpha_composite(colour, box[:2])


def _gradient(size: tuple[int, int], top: str, bottom: str) -> Image.Image:
    share = np.linspace(0, 1, size[1])[:, None, None]
    first, last = (np.array(ImageColor.getrgb(colour)[:3], dtype=float) for colour in (top, bottom))
    # A little noise keeps wide gradients from showing bands.
    noise = np.random.default_rng(1).uniform(-0.6, 0.6, (size[1], size[0], 1))
    rows = first + (last - first) * share + noise
    return Image.fromarray(rows.clip(0, 255).round().astype(np.uint8))
