"""The mouth, which moves most: drawn once for each openness and each roundness."""

import numpy as np

from simulators.portrait.curves import Points, ellipse, mirrored, spline, stroke
from simulators.portrait.layer import Box, Layer

MOUTH = Box(-0.09, 0.47, 0.09, 0.60)

_Y = 0.517


def paint_mouth(height: int, openness: float, roundness: float) -> Layer:
    """Paint lips, teeth and tongue.

    Args:
        height: Height of the picture in pixels.
        openness: 0 closed, with a smile; 1 wide open.
        roundness: 0 as in `see`, 1 as in `so`.
    """
    layer = Layer(height, MOUTH)
    half = 0.0470 - 0.0030 * openness - 0.0150 * roundness * min(1.0, 2 * openness)
    drop = 0.036 * openness  # of the lower lip
    smile = 0.0062 * (1 - openness)
    upper_edge = _edge(half, 0.0015 - 0.0035 * openness, smile)
    lower_edge = _edge(half, 0.0025 + drop, smile)
    _paint_chin_shadow(layer, drop)
    if openness > 0.03:  # noqa: PLR2004 - below it, the lips touch
        _paint_inside(layer, upper_edge, lower_edge, half, drop)
    _paint_upper_lip(layer, upper_edge, half, smile)
    _paint_lower_lip(layer, lower_edge, half, drop, smile)
    _paint_corners(layer, half, smile)
    return layer


def _edge(half: float, middle: float, smile: float) -> Points:
    """Return the edge of a lip that touches the other, from corner to corner."""
    right = [(0.0, middle), (half * 0.42, middle * 0.94 - smile * 0.1), (half * 0.78, middle * 0.58 - smile * 0.4)]
    right = [*((x, _Y + y) for x, y in right), (half, _Y - smile)]
    return spline([*mirrored(right)[:0:-1].tolist(), *right])


def _paint_inside(layer: Layer, upper: Points, lower: Points, half: float, drop: float) -> None:
    opening = np.vstack([upper, lower[::-1]])
    inside = layer.mask(opening)
    layer.paint(opening, "#37090f")
    layer.paint(ellipse(0, _Y + drop * 1.02, half * 0.60, drop * 0.40 + 0.001), "#c9575f", blur=0.003, inside=inside)
    layer.paint(
        ellipse(0, _Y + drop * 0.82, half * 0.34, drop * 0.14), "#ea8f92", opacity=0.6, blur=0.003, inside=inside
    )
    teeth_height = min(0.0120, 0.004 + drop * 0.34)
    row = ellipse(0, _Y - 0.0060, half * 0.80, teeth_height + 0.0045)
    layer.paint(row, "#fbf4ec", blur=0.0008, inside=inside)
    for x in (-0.62, -0.36, -0.12, 0.12, 0.36, 0.62):
        gap = stroke([(x * half * 0.8, _Y - 0.004), (x * half * 0.8, _Y + teeth_height - 0.004)], (0.0010, 0.0006))
        layer.paint(gap, "#d9c6ba", opacity=0.55, blur=0.0006, inside=inside)
    shade = stroke([(-half, _Y - 0.003), (0, _Y - 0.004), (half, _Y - 0.003)], (0.006, 0.008, 0.006))
    layer.paint(shade, "#4a1418", opacity=0.55, blur=0.003, inside=inside)


def _paint_upper_lip(layer: Layer, edge: Points, half: float, smile: float) -> None:
    bow = [(0.0, -0.0100), (half * 0.22, -0.0132), (half * 0.62, -0.0078), (half * 1.02, -smile + 0.0004)]
    top = [(x, _Y + y) for x, y in bow]
    outline = np.vstack([spline([*mirrored(top)[:0:-1].tolist(), *top]), edge[::-1]])
    inside = layer.mask(outline)
    layer.paint(outline, "#b94e55", blur=0.0007)
    layer.paint(edge_stroke(edge, 0.006), "#8a2f38", opacity=0.7, blur=0.0025, inside=inside)
    layer.paint(
        ellipse(-half * 0.25, _Y - 0.0098, half * 0.22, 0.0026), "#ee9a96", opacity=0.6, blur=0.0025, inside=inside
    )


def _paint_lower_lip(layer: Layer, edge: Points, half: float, drop: float, smile: float) -> None:
    bottom = 0.0150 + drop * 1.06
    low = [(0.0, bottom), (half * 0.38, bottom * 0.96), (half * 0.70, bottom * 0.72), (half * 0.93, bottom * 0.26)]
    low = [*((x, _Y + y) for x, y in low), (half, _Y - smile)]
    outline = np.vstack([spline([*mirrored(low)[:0:-1].tolist(), *low]), edge[::-1]])
    inside = layer.mask(outline)
    layer.paint(outline, "#cf6467", blur=0.0007)
    layer.paint(edge_stroke(edge, 0.004), "#93353d", opacity=0.55, blur=0.002, inside=inside)
    layer.paint(
        ellipse(-0.006, _Y + 0.0085 + drop * 1.04, half * 0.44, 0.0034),
        "#ffc0b8",
        opacity=0.75,
        blur=0.003,
        inside=inside,
    )


def _paint_corners(layer: Layer, half: float, smile: float) -> None:
    for side in (-1, 1):
        corner = stroke(
            [(side * half * 0.94, _Y - smile + 0.0004), (side * (half + 0.004), _Y - smile - 0.0016)], (0.0026, 0.0008)
        )
        layer.paint(corner, "#7a2b2f", opacity=0.8, blur=0.0010)
        dimple = stroke(
            [(side * (half + 0.010), _Y - smile - 0.008), (side * (half + 0.013), _Y - smile + 0.006)],
            (0.001, 0.004, 0.001),
        )
        layer.paint(dimple, "#b8694f", opacity=0.35, blur=0.003)


def _paint_chin_shadow(layer: Layer, drop: float) -> None:
    layer.paint(ellipse(0.0, _Y + 0.024 + drop * 1.04, 0.030, 0.0050), "#b0634b", opacity=0.45, blur=0.006)


def edge_stroke(edge: Points, width: float) -> Points:
    """Return a line along a lip's edge."""
    return stroke(edge[::6], (0.0, width, 0.0))
