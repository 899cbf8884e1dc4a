"""From deep samples to 8 bits: how bright a sample can be is found robustly, and alike for all images of a camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.imaging.containers.decoded import DeepSamples

_DEPTHS = (8, 10, 12, 14, 16, 20, 24, 32, 64)
_BEYOND = 0.01  # of the samples may lie beyond full scale: hot pixels, and the rims of what is burned in
_DARKEST = 0.0005  # of the samples; where zero is in the middle, a bright field has few below
_BURNED_IN = 0.15  # of the samples may hold the very largest value without being believed: bars, legends, text
_DARK_NOISE = 0.05  # of the largest value; so far below zero is what is left where a dark frame was subtracted
_LOOKED_AT = 2_000_000
_SLACK = 1.02
_LEAST_OF_CAMERA = 255.0
_MIDDLE = 2**15
_STRIP = 1024


@dataclass(frozen=True)
class Span:
    """The smallest and the largest sample that an image really uses, whatever a few pixels hold."""

    low: float
    high: float

    def __or__(self, other: Span) -> Span:
        """Return the span of two images."""
        return Span(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True)
class Camera:
    """What images must share to have one scale: what the file calls the camera, and how samples are stored."""

    name: str
    dtype: str
    bits: int | None


def camera_of(samples: DeepSamples) -> Camera:
    """Return the camera that an image comes from."""
    return Camera(samples.camera, samples.colour.dtype.newbyteorder("=").str, samples.bits)


def span_of(samples: DeepSamples) -> Span:
    """Return the span of an image, from at most two million of its samples."""
    colour = samples.colour
    step = max(1, math.isqrt(colour.size // _LOOKED_AT))
    values = colour[::step, ::step]
    if samples.alpha is not None:
        shown = samples.alpha[::step, ::step] > 0
        values = values[shown] if shown.any() else values
    values = values.ravel()
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return Span(0.0, 0.0)
    return Span(_end(values, values.min(), _DARKEST), _end(values, values.max(), 1 - _BEYOND))


def _end(values: NDArray[Any], extreme: Any, quantile: float) -> float:
    others = values[values != extreme]
    if others.size and 1 - others.size / values.size <= _BURNED_IN:
        values = others
    return float(np.quantile(values, quantile, method="closest_observation"))


def to_8_bits(samples: DeepSamples, span: Span) -> NDArray[np.uint8]:
    """Scale samples to 8 bits; uint8 of the same shape, 255 being white."""
    offset, full_scale = scale_of(camera_of(samples), span)
    colour = samples.colour
    if colour.dtype.kind in "iu" and colour.dtype.itemsize <= 2:
        info = np.iinfo(colour.dtype)
        every = np.arange(info.min, info.max + 1)
        table = _scaled(every, offset, full_scale)
        pixels = table[colour.astype(np.int32) - info.min] if info.min else table[colour]
    else:
        pixels = np.empty(colour.shape, np.uint8)
        for top in range(0, len(colour), _STRIP):
            pixels[top : top + _STRIP] = _scaled(colour[top : top + _STRIP], offset, full_scale)
    return 255 - pixels if samples.inverted else pixels


def _scaled(values: NDArray[Any], offset: float, full_scale: float) -> NDArray[np.uint8]:
    wide = np.nan_to_num(values.astype(np.float64), nan=0, posinf=0, neginf=0)
    return np.clip(np.rint((wide + offset) * (255 / full_scale)), 0, 255).astype(np.uint8)


def is_assumed(camera: Camera, span: Span) -> bool:
    """Tell whether the scale of an image is no more than likely: real numbers neither up to 1 nor as of a camera."""
    if np.dtype(camera.dtype).kind != "f":
        return False
    offset, white = scale_of(camera, span)
    of_camera = white >= _LEAST_OF_CAMERA and white / 2 < span.high <= white
    return offset != 0 or not (of_camera or 0.1 < span.high <= _SLACK)


def looks_shifted(camera: Camera, span: Span) -> bool:
    """Tell whether all samples lie just above the middle of 16 bits, as signed ones of fewer bits do if shifted."""
    is_16_bits = np.dtype(camera.dtype) == np.uint16
    return is_16_bits and span.low >= _MIDDLE and span.high < _MIDDLE + 2**14


def scale_of(camera: Camera, span: Span) -> tuple[float, float]:
    """Return what is added to a sample of an image with this span, and the sum that is white."""
    dtype, bits = np.dtype(camera.dtype), camera.bits
    if dtype == np.int8:
        return 128.0, 255.0
    negative = dtype.kind in "if" and span.low < -_DARK_NOISE * max(span.high, 0)
    if dtype.kind == "f" and max(span.high, -span.low) <= 16:
        most = max(span.high, -span.low)
        if negative:
            half = 2.0 ** math.ceil(math.log2(most / _SLACK))
            return half, 2 * half
        # small enough to be a share of full scale, unless it is so small that all would be black
        return 0.0, 1.0 if 0.1 < most <= _SLACK else most or 1.0
    depths = [depth for depth in _DEPTHS if dtype.kind == "f" or depth <= 8 * dtype.itemsize]
    if negative:
        need = max(-span.low, span.high + 1)
        half = next((2.0 ** (depth - 1) for depth in depths if need <= 2.0 ** (depth - 1)), need)
        return half, 2 * half - 1
    if dtype.kind == "i":
        depths = [*(depth for depth in depths if depth < 8 * dtype.itemsize), 8 * dtype.itemsize - 1]
    scales = [2.0**depth - 1 for depth in depths]
    if bits is not None and span.high <= 2.0**bits - 1:
        return 0.0, 2.0**bits - 1
    return 0.0, next((scale for scale in scales if span.high <= scale), span.high or 1.0)
