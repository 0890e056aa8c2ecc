"""Eyes and brows, which move: drawn once for each position."""

import numpy as np
from PIL import Image

from simulators.portrait.curves import Points, ellipse, mirrored, spline, stroke
from simulators.portrait.layer import Box, Layer

EYES = Box(-0.13, 0.29, 0.13, 0.43)

_X, _Y = 0.0635, 0.388
_CORNER_IN, _CORNER_OUT = 0.0345, 0.0375
_IRIS = 0.0192


def paint_eyes(height: int, openness: float, gaze: float, lift: float) -> Layer:
    """Paint both eyes and brows.

    Args:
        height: Height of the picture in pixels.
        openness: Openness of the lids: 0 closed, 1 open, a little more for attention.
        gaze: Direction of the eyes to the side, -1 to 1.
        lift: Lift of the brows, 0 to 1.
    """
    layer = Layer(height, EYES)
    for side in (-1, 1):
        _paint_eye(layer, side, openness, gaze)
        _paint_brow(layer, side, lift)
    return layer


def _paint_eye(layer: Layer, side: int, openness: float, gaze: float) -> None:
    upper, lower = _lid(side, -0.0220 * openness + 0.0050), _lid(side, 0.0120 * openness + 0.0050)
    opening = np.vstack([upper, lower[::-1]])
    inside = layer.mask(opening)
    layer.paint(opening, "#f6eee8")
    _paint_iris(layer, side, gaze, inside)
    # The upper lid's shadow gives the eyeball its roundness.
    layer.paint(
        stroke(_lid_knots(side, -0.0200 * openness + 0.0065), (0.006, 0.013, 0.006)),
        "#7c4a45",
        opacity=0.5,
        blur=0.004,
        inside=inside,
    )
    layer.paint(_corner(side), "#dd8f84", opacity=0.8, blur=0.0015, inside=inside)
    crease = [(x, y - 0.0105 - 0.004 * openness) for x, y in _lid_knots(side, -0.0180 * max(openness, 0.35))]
    layer.paint(stroke(crease, (0.001, 0.0035, 0.001)), "#9a553f", opacity=0.6, blur=0.0018)
    layer.paint(stroke(_lid_knots(side, -0.0220 * openness + 0.0050), (0.0025, 0.0060, 0.0070, 0.0035)), "#2b1413")
    _paint_lashes(layer, side, openness)
    layer.paint(
        stroke(_lid_knots(side, 0.0120 * openness + 0.0055), (0.0008, 0.0022, 0.0014)),
        "#8f4f42",
        opacity=0.7,
        blur=0.0008,
    )


def _paint_iris(layer: Layer, side: int, gaze: float, inside: Image.Image) -> None:
    x, y = side * _X + gaze * 0.008, _Y - 0.0015
    layer.paint(ellipse(x, y, _IRIS, _IRIS), "#23382f", inside=inside)
    layer.paint(ellipse(x, y, _IRIS * 0.88, _IRIS * 0.88), "#4f7f5d", blur=0.0015, inside=inside)
    layer.paint(
        ellipse(x + 0.002, y + 0.006, _IRIS * 0.62, _IRIS * 0.46), "#b7d48e", opacity=0.75, blur=0.003, inside=inside
    )
    layer.paint(ellipse(x, y, _IRIS * 0.46, _IRIS * 0.46), "#0c0f10", inside=inside)
    layer.paint(ellipse(x - 0.0062, y - 0.0075, 0.0050, 0.0050), "#ffffff", inside=inside)
    layer.paint(ellipse(x + 0.0070, y + 0.0070, 0.0024, 0.0024), "#ffffff", opacity=0.75, inside=inside)


def _paint_lashes(layer: Layer, side: int, openness: float) -> None:
    edge = _lid_knots(side, -0.0220 * openness + 0.0050)
    down = 1 - 2 * openness if openness < 0.5 else 0.0  # noqa: PLR2004 - half closed
    for share, length in ((0.72, 0.007), (0.86, 0.009), (0.97, 0.010)):
        x, y = _along(edge, share)
        tip = (x + side * length * share * 0.8, y - length * 0.55 * (1 - 1.6 * down))
        layer.paint(
            stroke([(x, y), ((x + tip[0]) / 2 + side * 0.001, (y + tip[1]) / 2 + 0.001), tip], (0.0034, 0.0020, 0.0)),
            "#2b1413",
        )


def _paint_brow(layer: Layer, side: int, lift: float) -> None:
    up = 0.0115 * lift
    brow = [
        (side * 0.027, 0.3445 - up * 0.7),
        (side * 0.056, 0.3325 - up),
        (side * 0.086, 0.3310 - up),
        (side * 0.112, 0.3440 - up * 0.8),
    ]
    layer.paint(stroke(brow, (0.0070, 0.0140, 0.0115, 0.0010)), "#4a241d", opacity=0.92, blur=0.0016)
    layer.paint(
        stroke([(x, y - 0.002) for x, y in brow], (0.001, 0.004, 0.003, 0.0)), "#8a5138", opacity=0.5, blur=0.002
    )


def _lid_knots(side: int, height: float) -> list[tuple[float, float]]:
    """Return a lid's edge from the inner to the outer corner; its middle is `height` below the corners."""
    inner, outer = side * (_X - _CORNER_IN), side * (_X + _CORNER_OUT)
    points = [(inner, _Y + 0.0050), (side * (_X - 0.014), _Y + height * 0.86), (side * (_X + 0.004), _Y + height)]
    return [*points, (side * (_X + 0.021), _Y + height * 0.72), (outer, _Y - 0.0005)]


def _lid(side: int, height: float) -> Points:
    return spline(_lid_knots(side, height))


def _corner(side: int) -> Points:
    points = ellipse(_X - _CORNER_IN + 0.0035, _Y + 0.0048, 0.0042, 0.0028)
    return points if side > 0 else mirrored(points)


def _along(knots: list[tuple[float, float]], share: float) -> tuple[float, float]:
    points = spline(knots)
    x, y = points[round(share * (len(points) - 1))]
    return float(x), float(y)
