"""Boxes and contours of images that a camera stored on their side.

Some programs draw on the image as a viewer shows it, upright; others on the rows as they are stored. The EXIF
orientation of the image says how the one becomes the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

    from numpy.typing import NDArray

Size = tuple[int, int]
UPRIGHT = 1
ON_THEIR_SIDE = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""

_FLIPPED_X, _FLIPPED_Y = (2, 3, 6, 7), (3, 4, 7, 8)


@dataclass(frozen=True)
class ImageInfo:
    """An image that annotations may be about.

    ``width`` and ``height`` are those of the upright image in pixels; ``orientation`` is the EXIF orientation of the
    file, 1 to 8; ``id`` tells images apart, and ``path`` names the file to the user.
    """

    width: int
    height: int
    orientation: int = UPRIGHT
    id: Hashable = None
    path: Path | None = None

    @property
    def size(self) -> Size:
        """Width and height of the upright image."""
        return self.width, self.height

    @property
    def stored_size(self) -> Size:
        """Width and height of the rows as they are stored."""
        return (self.height, self.width) if self.orientation in ON_THEIR_SIDE else self.size


def upright_points(points: NDArray[np.float64], stored: Size, orientation: int) -> NDArray[np.float64]:
    """Return points float64 (N, 2) of the stored rows, ``stored`` wide and high, in pixels of the upright image."""
    x, y = points[:, 0], points[:, 1]
    width, height = stored
    if orientation in ON_THEIR_SIDE:
        x, y, width, height = y, x, height, width
    if orientation in _FLIPPED_X:
        x = width - x
    if orientation in _FLIPPED_Y:
        y = height - y
    return np.stack([x, y], axis=1)


def upright_boxes(boxes: NDArray[np.float64], stored: Size, orientation: int) -> NDArray[np.float64]:
    """Return boxes float64 (N, 4) ``x1 y1 x2 y2`` of the stored rows in pixels of the upright image."""
    if orientation == UPRIGHT:
        return boxes
    first = upright_points(boxes[:, :2], stored, orientation)
    second = upright_points(boxes[:, 2:], stored, orientation)
    return np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis=1)
