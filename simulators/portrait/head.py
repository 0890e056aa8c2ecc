"""The head without its moving parts: hair, skin, nose."""

import numpy as np
from PIL import Image

from simulators.portrait.curves import Knots, blob, ellipse, mirrored, stroke, symmetric
from simulators.portrait.layer import Box, Layer

FACE = symmetric(
    (
        (0.0, 0.165),
        (0.075, 0.178),
        (0.122, 0.230),
        (0.140, 0.300),
        (0.142, 0.370),
        (0.137, 0.430),
        (0.123, 0.490),
        (0.096, 0.545),
        (0.055, 0.585),
        (0.0, 0.600),
    )
)
HEAD = Box(-0.30, 0.06, 0.30, 0.76)

_BACK_OF_HAIR = (
    (-0.02, 0.078),
    (0.090, 0.092),
    (0.168, 0.160),
    (0.203, 0.270),
    (0.212, 0.390),
    (0.226, 0.500),
    (0.236, 0.600),
    (0.205, 0.672),
    (0.140, 0.690),
    (0.080, 0.640),
    (-0.080, 0.640),
    (-0.150, 0.692),
    (-0.214, 0.668),
    (-0.238, 0.590),
    (-0.224, 0.490),
    (-0.210, 0.380),
    (-0.196, 0.260),
    (-0.160, 0.160),
    (-0.095, 0.095),
)
_RIGHT_LOCK = (
    (-0.050, 0.128),
    (0.005, 0.092),
    (0.090, 0.108),
    (0.150, 0.185),
    (0.178, 0.290),
    (0.186, 0.400),
    (0.196, 0.500),
    (0.204, 0.590),
    (0.176, 0.640),
    (0.142, 0.600),
    (0.138, 0.500),
    (0.139, 0.425),
    (0.128, 0.355),
    (0.100, 0.288),
    (0.046, 0.236),
    (-0.036, 0.190),
)
_LEFT_LOCK = (
    (-0.030, 0.106),
    (-0.095, 0.108),
    (-0.152, 0.172),
    (-0.180, 0.285),
    (-0.190, 0.400),
    (-0.200, 0.500),
    (-0.206, 0.590),
    (-0.178, 0.645),
    (-0.146, 0.602),
    (-0.138, 0.500),
    (-0.140, 0.425),
    (-0.133, 0.350),
    (-0.114, 0.285),
    (-0.078, 0.234),
    (-0.034, 0.188),
)
_RIGHT_STRANDS: tuple[Knots, ...] = (
    ((-0.030, 0.128), (0.070, 0.160), (0.140, 0.250), (0.160, 0.390), (0.166, 0.540)),
    ((-0.020, 0.120), (0.090, 0.148), (0.158, 0.250), (0.176, 0.400), (0.186, 0.560)),
    ((-0.030, 0.140), (0.050, 0.175), (0.122, 0.258), (0.150, 0.380), (0.153, 0.500)),
    ((0.00, 0.116), (0.110, 0.146), (0.170, 0.250), (0.190, 0.420), (0.198, 0.580)),
)
_LEFT_STRANDS: tuple[Knots, ...] = (
    ((-0.045, 0.130), (-0.110, 0.170), (-0.150, 0.260), (-0.164, 0.390), (-0.168, 0.550)),
    ((-0.055, 0.124), (-0.130, 0.170), (-0.170, 0.280), (-0.182, 0.420), (-0.190, 0.580)),
    ((-0.040, 0.142), (-0.095, 0.185), (-0.138, 0.270), (-0.153, 0.380), (-0.156, 0.500)),
)


def paint_back_of_hair(height: int) -> Layer:
    """Paint the hair behind neck and face."""
    layer = Layer(height, HEAD)
    shape = blob(_BACK_OF_HAIR)
    inside = layer.mask(shape)
    layer.wash(shape, "#6b3527", "#1f0f0e")
    layer.paint(ellipse(0.0, 0.56, 0.16, 0.16), "#120807", opacity=0.75, blur=0.03, inside=inside)
    layer.paint(ellipse(-0.215, 0.42, 0.022, 0.20), "#d98a55", opacity=0.55, blur=0.014, inside=inside)
    layer.paint(ellipse(0.222, 0.44, 0.018, 0.20), "#6fb3d8", opacity=0.45, blur=0.012, inside=inside)
    for side in (-1, 1):
        for number in range(5):
            x = side * (0.150 + 0.017 * number)
            strand = stroke([(x * 0.95, 0.42), (x * 1.02, 0.54), (x * 0.98, 0.66)], (0.0, 0.007, 0.0))
            layer.paint(strand, "#7a4230", opacity=0.35, blur=0.003, inside=inside)
    return layer


def paint_head(height: int) -> Layer:
    """Paint the face and the hair in front of it."""
    layer = Layer(height, HEAD)
    inside = layer.mask(FACE)
    layer.wash(FACE, "#f3c09f", "#e8a987")
    _paint_light(layer, inside)
    _paint_nose(layer, inside)
    _paint_hair(layer, inside)
    return layer


def _paint_light(layer: Layer, inside: Image.Image) -> None:
    layer.paint(ellipse(-0.050, 0.285, 0.085, 0.075), "#ffe4cb", opacity=0.65, blur=0.040, inside=inside)
    layer.paint(ellipse(-0.082, 0.440, 0.042, 0.040), "#ffdcc2", opacity=0.65, blur=0.022, inside=inside)
    layer.paint(ellipse(0.150, 0.43, 0.046, 0.19), "#bd6e54", opacity=0.62, blur=0.036, inside=inside)
    layer.paint(ellipse(-0.155, 0.44, 0.030, 0.18), "#c87a5a", opacity=0.45, blur=0.024, inside=inside)
    layer.paint(ellipse(0.0, 0.612, 0.100, 0.028), "#b4644b", opacity=0.60, blur=0.020, inside=inside)
    layer.paint(ellipse(0.0, 0.562, 0.030, 0.016), "#ffdcc4", opacity=0.50, blur=0.012, inside=inside)
    for side in (-1, 1):
        layer.paint(
            ellipse(side * 0.088, 0.464, 0.034, 0.024),
            "#ee7868",
            opacity=0.30 if side < 0 else 0.20,
            blur=0.020,
            inside=inside,
        )
        layer.paint(ellipse(side * 0.062, 0.372, 0.042, 0.024), "#b8694f", opacity=0.30, blur=0.014, inside=inside)
    layer.paint(ellipse(0.0, 0.545, 0.028, 0.006), "#b4644b", opacity=0.45, blur=0.006, inside=inside)


def _paint_nose(layer: Layer, inside: Image.Image) -> None:
    bridge = stroke([(0.022, 0.352), (0.016, 0.40), (0.019, 0.448)], (0.006, 0.014, 0.018))
    layer.paint(bridge, "#b8694f", opacity=0.38, blur=0.009, inside=inside)
    layer.paint(stroke([(-0.003, 0.36), (-0.004, 0.445)], (0.010, 0.015)), "#ffead8", opacity=0.60, blur=0.007)
    layer.paint(ellipse(0.0, 0.477, 0.030, 0.008), "#a3553f", opacity=0.42, blur=0.006)
    layer.paint(ellipse(-0.002, 0.455, 0.016, 0.012), "#fbd3b6", opacity=0.75, blur=0.006)
    layer.paint(ellipse(-0.005, 0.451, 0.006, 0.005), "#fff6ec", opacity=0.75, blur=0.003)
    for side in (-1, 1):
        nostril = stroke(
            [(side * 0.006, 0.4735), (side * 0.013, 0.4705), (side * 0.019, 0.4725)], (0.002, 0.0055, 0.002)
        )
        wing = stroke([(side * 0.024, 0.456), (side * 0.0285, 0.467), (side * 0.023, 0.475)], (0.001, 0.004, 0.001))
        layer.paint(nostril, "#6d2e26", opacity=0.75, blur=0.0012)
        layer.paint(wing, "#a3553f", opacity=0.55, blur=0.002)
    philtrum = stroke([(0.003, 0.483), (0.003, 0.496)], (0.006, 0.010))
    layer.paint(philtrum, "#c47a60", opacity=0.30, blur=0.004)


def _paint_hair(layer: Layer, face: Image.Image) -> None:
    for lock in (_RIGHT_LOCK, _LEFT_LOCK):
        shadow = blob(lock) + np.array([0.004, 0.012])
        layer.paint(shadow, "#7a3a2b", opacity=0.60, blur=0.012, inside=face)
    for lock, strands, gloss in (
        (_LEFT_LOCK, _LEFT_STRANDS, "#e0945c"),
        (_RIGHT_LOCK, _RIGHT_STRANDS, "#b9704a"),
    ):
        shape = blob(lock)
        inside = layer.mask(shape)
        layer.wash(shape, "#6b3527", "#35191a")
        for strand in strands:
            layer.paint(stroke(strand, (0.0, 0.012, 0.010, 0.0)), "#2a1210", opacity=0.45, blur=0.004, inside=inside)
            shifted = stroke(strand, (0.0, 0.009, 0.006, 0.0)) - np.array([0.007, 0.003])
            layer.paint(shifted, gloss, opacity=0.34, blur=0.003, inside=inside)
    crown = layer.mask(blob([*_RIGHT_LOCK[:8], *mirrored(_RIGHT_LOCK[:8])[::-1].tolist()]))
    layer.paint(ellipse(-0.085, 0.185, 0.060, 0.018), "#f2b077", opacity=0.45, blur=0.014, inside=crown)
    layer.paint(ellipse(0.085, 0.180, 0.050, 0.014), "#d88f62", opacity=0.35, blur=0.012, inside=crown)
