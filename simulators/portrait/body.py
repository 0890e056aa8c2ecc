"""Neck and shoulders."""

from simulators.portrait.curves import blob, ellipse, mirrored, stroke, symmetric
from simulators.portrait.layer import Box, Layer

_SHOULDERS = ((0.0, 0.700), (0.095, 0.712), (0.20, 0.755), (0.315, 0.825), (0.375, 0.92), (0.41, 1.10), (0.0, 1.12))
_COLLAR = ((0.0, 0.690), (0.06, 0.680), (0.108, 0.672), (0.122, 0.706), (0.10, 0.745), (0.0, 0.776))
_NECK = ((0.0, 0.50), (0.070, 0.52), (0.073, 0.60), (0.080, 0.66), (0.108, 0.712), (0.0, 0.77))


def paint_body(height: int) -> Layer:
    """Paint neck, shoulders and a knitted jumper with a high collar."""
    layer = Layer(height, Box(-0.46, 0.48, 0.46, 1.03))
    _paint_jumper(layer)
    _paint_neck(layer)
    _paint_collar(layer)
    return layer


def _paint_jumper(layer: Layer) -> None:
    shape = symmetric(_SHOULDERS)
    inside = layer.mask(shape)
    layer.wash(shape, "#2f8d8b", "#174f58")
    layer.paint(ellipse(-0.20, 0.80, 0.17, 0.09), "#7fd0c2", opacity=0.45, blur=0.045, inside=inside)
    layer.paint(ellipse(0.30, 0.98, 0.17, 0.24), "#0d3540", opacity=0.65, blur=0.06, inside=inside)
    layer.paint(ellipse(0.0, 1.02, 0.16, 0.16), "#0f3c46", opacity=0.35, blur=0.06, inside=inside)
    for number in range(-11, 12):
        x = number * 0.034
        rib = stroke([(x * 0.62, 0.74), (x * 0.9, 0.86), (x, 1.04)], (0.004, 0.007, 0.008))
        layer.paint(rib, "#0f4550", opacity=0.30, blur=0.002, inside=inside)
    for side in (-1, 1):
        sleeve = blob([(side * 0.235, 0.86), (side * 0.262, 0.94), (side * 0.268, 1.04), (side * 0.250, 1.04)])
        layer.paint(sleeve, "#0b313b", opacity=0.6, blur=0.010, inside=inside)


def _paint_neck(layer: Layer) -> None:
    shape = symmetric(_NECK)
    inside = layer.mask(shape)
    layer.wash(shape, "#d99a78", "#eab391")
    layer.paint(ellipse(0.012, 0.575, 0.125, 0.066), "#8a4636", opacity=0.72, blur=0.022, inside=inside)
    layer.paint(ellipse(0.075, 0.66, 0.040, 0.10), "#a95c45", opacity=0.5, blur=0.022, inside=inside)
    for tendon in (
        [(-0.052, 0.60), (-0.038, 0.66), (-0.016, 0.715)],
        mirrored([(-0.052, 0.60), (-0.038, 0.66), (-0.016, 0.715)]),
    ):
        layer.paint(stroke(tendon, (0.0, 0.010, 0.004)), "#b96f55", opacity=0.30, blur=0.006, inside=inside)


def _paint_collar(layer: Layer) -> None:
    shape = symmetric(_COLLAR)
    inside = layer.mask(shape)
    opening = symmetric(((0.0, 0.690), (0.06, 0.681), (0.104, 0.676), (0.085, 0.704), (0.0, 0.722)))
    layer.wash(shape, "#379a97", "#24757a")
    layer.paint(opening, "#0d3a44", opacity=0.92, blur=0.003, inside=inside)
    throat = symmetric(((0.0, 0.640), (0.082, 0.650), (0.094, 0.680), (0.070, 0.699), (0.0, 0.712)))
    layer.wash(throat, "#d9997a", "#c88465")
    layer.paint(ellipse(0.02, 0.645, 0.09, 0.03), "#9a523d", opacity=0.45, blur=0.018, inside=layer.mask(throat))
    for number in range(-9, 10):
        x = number * 0.0125
        rib = stroke([(x * 1.02, 0.722 - abs(x) * 0.25), (x * 0.98, 0.79 - abs(x) * 0.55)], (0.003, 0.004))
        layer.paint(rib, "#14525a", opacity=0.45, blur=0.0012, inside=inside)
    layer.paint(ellipse(-0.07, 0.724, 0.045, 0.012), "#9be0d4", opacity=0.5, blur=0.010, inside=inside)
