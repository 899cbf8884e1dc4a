"""The look of an image: a few numbers that tell whether it resembles what a model was trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections
    from core.models.card import ModelCard

LIGHT_FALL, LIGHT_TINT = "light fall", "light tint"
STAIN_DENSITY, STAIN_RED, STAIN_BLUE = "stain density", "stain red", "stain blue"
BLUR, SIZE, UNCERTAIN = "blur", "size", "uncertain "

_FEWEST = 10  # cells or candidates; fewer say nothing of an image
_MOST = 400  # red cells
_INNER, _POINTS = 0.3, 7  # of the side of a box, from its middle; points along it
_LEAST_DENSITY = 0.02  # below, a ratio of densities is one of noise
_REACH = 0.15  # of a score from its threshold: uncertain


def look_of(
    image: NDArray[np.uint8],
    light: NDArray[np.float32] | None,
    cells: Detections,
    diameter: float,
    blur: float | None,
    card: ModelCard,
) -> dict[str, float]:
    """Measure the look of an image.

    Parameters
    ----------
    image
        uint8 RGB (H, W, 3).
    light
        Its light, float32 (h, w, 3) on a coarse grid; None if it was not estimated.
    cells
        What was found in it, in pixels, at the thresholds of the card and below.
    diameter
        Red cell diameter in pixels.
    blur
        ``core.imaging.focus.edge_blur``.

    Returns
    -------
    Those of these that can be told: ``LIGHT_FALL`` and ``LIGHT_TINT``, how much the brightness of the light and its
    colour differ across the field (natural logarithms); ``STAIN_DENSITY``, how much green red cells absorb (the same),
    and ``STAIN_RED`` and ``STAIN_BLUE``, red and blue as shares of it; ``BLUR`` in red cell diameters; ``SIZE``, the
    red cell diameter in pixels; and for each class ``UNCERTAIN`` with its name, the share of its candidates whose
    score is near the threshold.
    """
    look = {SIZE: float(diameter)}
    if blur is not None:
        look[BLUR] = float(blur)
    if light is not None:
        look |= _light(light) | _stain(image, light, cells, card)
    for label, name in enumerate(card.classes):
        above = cells.scores[cells.labels == label] - card.thresholds[name]
        near = np.abs(above) < _REACH
        if (candidates := int((near | (above >= 0)).sum())) >= _FEWEST:
            look[UNCERTAIN + name] = int(near.sum()) / candidates
    return {name: round(value, 4) for name, value in look.items() if math.isfinite(value)}


def _light(light: NDArray[np.float32]) -> dict[str, float]:
    log = np.log(light)
    tints = (log - log[..., 1:2])[..., [0, 2]].reshape(-1, 2)
    return {LIGHT_FALL: float(np.ptp(log[..., 1])), LIGHT_TINT: float(np.ptp(tints, axis=0).max())}


def _stain(
    image: NDArray[np.uint8], light: NDArray[np.float32], cells: Detections, card: ModelCard
) -> dict[str, float]:
    limits = np.array([card.thresholds[name] for name in card.classes], np.float32)
    red = np.isin(cells.labels, card.red_labels) & (cells.scores >= limits[cells.labels])
    boxes = cells.boxes[red][:_MOST]
    if len(boxes) < _FEWEST:
        return {}
    middle, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    steps = np.linspace(-_INNER, _INNER, _POINTS, dtype=np.float32)
    offsets = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, -1, 2)
    points = (middle[:, None] + offsets * sides[:, None]).reshape(-1, 2)
    size = np.array(image.shape[1::-1])
    x, y = np.clip(points.astype(np.int64), 0, size - 1).T
    grid = np.array(light.shape[1::-1])
    column, row = np.clip((points * (grid / size)).astype(np.int64), 0, grid - 1).T
    seen = np.maximum(image[y, x].astype(np.float32), 1.0) / light[row, column]
    density = -np.log(np.median(seen, axis=0))
    look = {STAIN_DENSITY: float(density[1])}
    if density[1] > _LEAST_DENSITY:
        look |= {STAIN_RED: float(density[0] / density[1]), STAIN_BLUE: float(density[2] / density[1])}
    return look
