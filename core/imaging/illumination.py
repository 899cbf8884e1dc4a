"""Field illumination: estimate the light that reaches the camera where there is no cell.

A smear photograph is the light of the empty field times the transmittance of the cells. The light
differs between microscopes (colour cast, exposure, vignetting); the transmittance is what tells one
cell from another. Dividing the light out brings the fields of different laboratories together.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHITE = 235.0
"""Pixel value that the empty field gets; the head room above keeps refractile rims unclipped."""

_SAMPLE_SIDE = 64
_POINTS = 8
_LARGEST_AVERAGED = 1536
_HALVED = 256
_QUANTILE = 0.90
_ABOVE, _BELOW = np.float32(_QUANTILE**2), np.float32((1 - _QUANTILE) ** 2)
_ITERATIONS = 12
_SETTLED = 2e-4  # of the logarithm; further iterations would change nothing that can be seen
_MAX_FALL = 0.45
_DARKEST_LIGHT = 24.0


def estimate_light(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Estimate the light of the empty field.

    A quadratic surface is fitted to the logarithm of each channel at its 90 % quantile
    (expectile-weighted least squares), since cells only ever darken the field. Its fall across the
    image is limited, so that a large dark cell in a corner is not taken for vignetting.

    Parameters
    ----------
    image
        uint8 RGB, shape (H, W, 3).

    Returns
    -------
    float32 array of shape (64, 64, 3): the light in pixel values on a coarse grid over the image.
    """
    log = np.log(np.maximum(_sample(image), 1.0)).reshape(-1, 3)
    basis, products, ridge = _surface()
    values = np.ascontiguousarray(log.T)
    fit = np.broadcast_to(np.quantile(values, _QUANTILE, axis=1, keepdims=True), values.shape)
    for _ in range(_ITERATIONS):
        above = np.where(values > fit, _ABOVE, _BELOW)
        weight = above / np.maximum(np.abs(values - fit), 0.02)
        system = (weight @ products.T).reshape(3, 6, 6) + ridge * weight.mean(axis=1)[:, None, None]
        before, fit = fit, np.linalg.solve(system, ((weight * values) @ basis.T)[..., None])[..., 0] @ basis
        if np.abs(fit - before).max() < _SETTLED:
            break
    surface = np.maximum(fit, fit.max(axis=1, keepdims=True) - _MAX_FALL).T
    light = np.exp(surface).reshape(_SAMPLE_SIDE, _SAMPLE_SIDE, 3)
    return np.clip(light, _DARKEST_LIGHT, 255.0).astype(np.float32)


@cache
def _surface() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the terms of a quadratic surface on the grid (6, N), their products (36, N), and a ridge (6, 6)."""
    axis = np.linspace(-1.0, 1.0, _SAMPLE_SIDE, dtype=np.float32)
    y, x = (grid.ravel() for grid in np.meshgrid(axis, axis, indexing="ij"))
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    ridge = np.diag(np.array([0, 1, 1, 2, 2, 2], np.float32)) * np.float32(0.01 * len(x))
    return basis, (basis[:, None] * basis).reshape(36, -1), ridge


def _sample(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a coarse grid of the image, float32 (64, 64, 3), on which the field is still seen.

    In a large image a cell of the grid spans several blood cells, and its mean would be no field;
    there the grid holds the 90 % quantile of 8 by 8 points instead.
    """
    height, width = image.shape[:2]
    if max(height, width) <= _LARGEST_AVERAGED:
        side = (_SAMPLE_SIDE, _SAMPLE_SIDE)
        if min(height, width) >= _HALVED:  # halving is much quicker than what is left to do then
            even = image[: height // 2 * 2, : width // 2 * 2]
            half = cv2.resize(even, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            image = np.asarray(half, np.uint8)
        return cv2.resize(image, side, interpolation=cv2.INTER_AREA).astype(np.float32)
    points = _SAMPLE_SIDE * _POINTS
    rows = np.arange(points) * height // points
    columns = np.arange(points) * width // points
    grid = image[rows][:, columns].reshape(_SAMPLE_SIDE, _POINTS, _SAMPLE_SIDE, _POINTS, 3)
    blocks = grid.transpose(0, 2, 1, 3, 4).reshape(_SAMPLE_SIDE, _SAMPLE_SIDE, -1, 3)
    rank = int(_QUANTILE * (_POINTS * _POINTS - 1))
    return np.partition(blocks, rank, axis=2)[:, :, rank].astype(np.float32)


def divide_light(image: NDArray[np.uint8], light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the image under even white light: ``image / light * WHITE``, uint8 (H, W, 3).

    ``light`` covers the same area as ``image`` on any grid; it is interpolated to the image's size. Both may be one
    channel.
    """
    height, width = image.shape[:2]
    gain = cv2.resize(WHITE / light, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(image, gain, dtype=cv2.CV_8U), np.uint8)
