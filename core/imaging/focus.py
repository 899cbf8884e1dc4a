"""How sharp and how bright a field is; blur is measured in red cells so that magnification does not matter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.imaging.flat_field import FlatFieldImage

_WORKING_DIAMETER = 40.0  # pixels; smaller averages the noise away, larger tells less blur
_SMOOTHING, _REBLUR = 1.0, 2.0  # pixels
_STRONG = 0.6  # edges of at least this share of the strongest ones: borders of cells and nuclei
_STRONGEST_QUANTILE = 0.995
_LEAST_SLOPE = 1.0  # grey values per pixel; below there is nothing but noise
_MIDDLE_QUANTILE = 0.8
_SOBEL_GAIN = 8.0
_DARK_QUANTILE = 0.02
_EVERY = 4  # pixels; enough to tell how bright a field is


def edge_blur(field: NDArray[np.uint8], diameter: float) -> float | None:
    """Measure how far the borders of cells are smeared out.

    A step edge under a Gaussian blur ``s`` loses steepness by ``sqrt((s² + r²) / s²)`` when it is blurred
    once more by ``r``, whatever its contrast; that gives ``s`` (Zhuo and Sim 2011, Pattern Recognition
    44, 1852). Flanks of an edge lose less than its middle, so the upper fifth of the losses decides. Edges
    are the steepest places of the green channel, which red cells and nuclei absorb.

    Parameters
    ----------
    field
        uint8 RGB (H, W, 3), the image or a part of it.
    diameter
        Red cell diameter in its pixels.

    Returns
    -------
    The standard deviation of the blur as a share of the red cell diameter, or None where there are
    no edges. A red cell is thinner at its border, which is no step: sharp fields have 0.00 to 0.05.
    """
    shrink = _shrink(diameter)
    green = np.ascontiguousarray(field[..., 1])
    if shrink < 1:
        size = (max(round(green.shape[1] * shrink), 1), max(round(green.shape[0] * shrink), 1))
        green = np.asarray(cv2.resize(green, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _blur_of_edges(green, shrink * diameter)


def edge_blur_of(image: FlatFieldImage, diameter: float) -> float | None:
    """Measure how far the borders of cells are smeared out in a part of an image, as ``edge_blur``."""
    shrink = _shrink(diameter)
    return _blur_of_edges(image.green(shrink), shrink * diameter)


def _shrink(diameter: float) -> float:
    return min(1.0, _WORKING_DIAMETER / diameter)


def _blur_of_edges(green: NDArray[np.uint8], diameter: float) -> float | None:
    """Measure the blur of a field (H, W) at the working size; ``diameter`` is that of red cells in it."""
    smooth = _blurred(green.astype(np.float32), _SMOOTHING)
    slope = _slope(smooth)
    strongest = float(np.quantile(slope, _STRONGEST_QUANTILE))
    if strongest < _LEAST_SLOPE:
        return None
    edges = slope >= _STRONG * strongest
    loss = slope[edges] / np.maximum(_slope(_blurred(smooth, _REBLUR))[edges], 1e-3)
    ratio = max(float(np.quantile(loss, _MIDDLE_QUANTILE)), 1.001)
    blur = _REBLUR / math.sqrt(ratio**2 - 1)
    return math.sqrt(max(blur**2 - _SMOOTHING**2, 0.0)) / diameter


def levels(field: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the darkest and the brightest grey values of a field uint8 RGB (H, W, 3): quantiles of its green channel.

    The brightest is the empty background between the cells, the darkest are cells and nuclei.
    """
    dark, bright = np.quantile(field[::_EVERY, ::_EVERY, 1], (_DARK_QUANTILE, 1 - _DARK_QUANTILE))
    return float(dark), float(bright)


def _blurred(grey: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), deviation), np.float32)


def _slope(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the steepness of a float32 image (H, W), in grey values per pixel."""
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(x, y) / _SOBEL_GAIN, np.float32)
