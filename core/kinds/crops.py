"""Cells cut out of an image as an embedding model sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.flat_field import FlatFieldImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.models.embedding import EmbeddingCard

_PICTURE_SIDE, _PICTURE_QUALITY = 96, 85


def even_pixels(image: NDArray[np.uint8], card: EmbeddingCard) -> NDArray[np.uint8]:
    """Return an image, uint8 RGB (H, W, 3), under the light that a model was made for."""
    field = FlatFieldImage.of(image, even_light=card.even_light)
    return field.crop(field.whole(), 1.0)


def cell_crops(pixels: NDArray[np.uint8], boxes: NDArray[np.float32], card: EmbeddingCard) -> NDArray[np.uint8]:
    """Cut cells out of an image.

    Parameters
    ----------
    pixels
        ``even_pixels`` of the image.
    boxes
        float32 (N, 4) ``x1 y1 x2 y2`` in pixels of the image.
    card
        That of the model which the cells are shown to.

    Returns
    -------
    uint8 RGB (N, S, S, 3): each cell in the middle; what lies outside the image repeats its border.
    """
    cells = np.empty((len(boxes), card.side, card.side, 3), np.uint8)
    for place, box in enumerate(boxes):
        cells[place] = _cut(pixels, box, card.side, card.context)
    return cells


def cell_picture(crop: NDArray[np.uint8]) -> bytes:
    """Return a small JPEG of a cell, uint8 RGB (S, S, 3), to be looked at."""
    small = cv2.resize(crop, (_PICTURE_SIDE, _PICTURE_SIDE), interpolation=cv2.INTER_AREA)
    quality = [cv2.IMWRITE_JPEG_QUALITY, _PICTURE_QUALITY]
    return cv2.imencode(".jpg", np.ascontiguousarray(small[..., ::-1]), quality)[1].tobytes()


def _cut(pixels: NDArray[np.uint8], box: NDArray[np.float32], side: int, context: float) -> NDArray[np.uint8]:
    x1, y1, x2, y2 = (float(value) for value in box)
    length = max(x2 - x1, y2 - y1, 1.0) * context
    scale = side / length
    if scale >= 1:
        return _square(pixels, (x1 + x2) / 2, (y1 + y2) / 2, scale, side)
    # shrunk by area: every pixel has a part in it
    whole = math.ceil(length)
    square = _square(pixels, (x1 + x2) / 2, (y1 + y2) / 2, whole / length, whole)
    return np.asarray(cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _square(pixels: NDArray[np.uint8], x: float, y: float, scale: float, side: int) -> NDArray[np.uint8]:
    """Return a square about a point at another scale."""
    onto = np.array([[scale, 0, side / 2 - x * scale], [0, scale, side / 2 - y * scale]])
    return np.asarray(
        cv2.warpAffine(pixels, onto, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
