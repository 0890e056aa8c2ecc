"""Curves as lists of points. The unit is the picture's height: x from the middle to the right, y from the top down."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Shape (n, 2).
Points = NDArray[np.float64]

Knots = Sequence[tuple[float, float]]


def spline(knots: Knots | Points, *, closed: bool = False, steps: int = 12) -> Points:
    """Return a smooth (Catmull-Rom) curve through the knots."""
    through = np.asarray(knots, dtype=float)
    if closed:
        padded = np.vstack([through[-1:], through, through[:2]])
    else:
        padded = np.vstack([2 * through[:1] - through[1:2], through, 2 * through[-1:] - through[-2:-1]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    u = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    bend = 2 * before - 5 * start + 4 * end - after
    curve = start + 0.5 * u * (end - before + u * (bend + u * (3 * (start - end) + after - before)))
    points: Points = curve.reshape(-1, 2)
    return points if closed else np.vstack([points, through[-1:]])


def blob(knots: Knots | Points) -> Points:
    """Return a smooth closed outline through the knots."""
    return spline(knots, closed=True)


def mirrored(points: Knots | Points) -> Points:
    """Mirror points at the middle of the picture."""
    return np.asarray(points, dtype=float) * (-1, 1)


def symmetric(half: Knots) -> Points:
    """Return a smooth closed outline; `half` is its right side from top to bottom, with both ends in the middle."""
    right = np.asarray(half, dtype=float)
    return blob(np.vstack([right, mirrored(right)[-2:0:-1]]))


def ellipse(x: float, y: float, rx: float, ry: float) -> Points:
    """Return the outline of an ellipse."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def stroke(knots: Knots | Points, widths: Sequence[float]) -> Points:
    """Return the outline of a brush stroke along a curve; `widths` are spread evenly over its length."""
    points = spline(knots)
    along = np.gradient(points, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.hypot(*along.T)[:, None].clip(1e-9)
    width = np.interp(np.linspace(0, 1, len(points)), np.linspace(0, 1, len(widths)), widths)[:, None] / 2
    return np.vstack([points + normal * width, (points - normal * width)[::-1]])
