"""The backdrop: a room in the evening, out of focus."""

import numpy as np

from simulators.portrait.curves import blob, ellipse, stroke
from simulators.portrait.layer import Box, Layer

# Lights far away, as discs: x, y, radius, colour, opacity.
_LAMPS = (
    (-0.62, 0.20, 0.085, "#ffd9a0", 0.34),
    (-0.50, 0.33, 0.050, "#ffc27a", 0.26),
    (-0.74, 0.40, 0.062, "#ffb469", 0.22),
    (0.60, 0.14, 0.050, "#9fd8ff", 0.20),
    (0.71, 0.25, 0.074, "#86c5f0", 0.18),
    (0.52, 0.30, 0.034, "#bfe6ff", 0.20),
    (-0.40, 0.12, 0.030, "#ffe3b8", 0.24),
)

_LEAVES = (
    ((0.86, 1.02), (0.74, 0.74), (0.56, 0.56)),
    ((0.88, 1.02), (0.80, 0.68), (0.74, 0.44)),
    ((0.84, 1.04), (0.68, 0.84), (0.50, 0.78)),
    ((0.90, 1.00), (0.90, 0.72), (0.86, 0.50)),
)


def paint_backdrop(height: int, half_width: float) -> Layer:
    """Paint the background of the whole picture."""
    layer = Layer(height, Box(-half_width, 0, half_width, 1))
    everything = np.array([(-2.0, 0.0), (2.0, 0.0), (2.0, 1.0), (-2.0, 1.0)])
    layer.wash(everything, "#31465a", "#141d2b")
    layer.paint(ellipse(-0.55, 0.25, 0.62, 0.46), "#d98f55", opacity=0.55, blur=0.17)
    layer.paint(ellipse(0.72, 0.16, 0.42, 0.34), "#3f7fa8", opacity=0.55, blur=0.15)
    layer.paint(ellipse(0, 1.1, 1.2, 0.35), "#0b111b", opacity=0.7, blur=0.14)
    _paint_shelf(layer)
    for x, y, radius, colour, opacity in _LAMPS:
        layer.paint(ellipse(x, y, radius, radius), colour, opacity=opacity, blur=0.006)
        layer.paint(ellipse(x, y, radius * 0.86, radius * 0.86), colour, opacity=opacity * 0.4, blur=0.004)
    for leaf in _LEAVES:
        layer.paint(stroke(leaf, (0.02, 0.10, 0.07, 0.0)), "#1f4a45", opacity=0.75, blur=0.012)
        layer.paint(stroke(leaf, (0.0, 0.02, 0.012, 0.0)), "#4f8f7c", opacity=0.45, blur=0.010)
    return layer


def _paint_shelf(layer: Layer) -> None:
    layer.paint(blob([(-1.2, 0.60), (-0.30, 0.60), (-0.30, 0.625), (-1.2, 0.625)]), "#2a1c18", opacity=0.55, blur=0.012)
    books = (
        (-0.80, 0.050, "#8a4b3c"),
        (-0.725, 0.036, "#c99a5b"),
        (-0.665, 0.048, "#3e5f6b"),
        (-0.60, 0.030, "#a5654a"),
    )
    for x, width, colour in books:
        book = blob([(x, 0.47), (x + width, 0.47), (x + width, 0.60), (x, 0.60)])
        layer.paint(book, colour, opacity=0.5, blur=0.014)
