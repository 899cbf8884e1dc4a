"""What every annotation format comes down to: named boxes of one image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import UserError
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Hashable

    import numpy as np
    from numpy.typing import NDArray

SMALLEST_SIDE = 0.5
"""Pixels; a box with a shorter side holds no cell, and rounding could leave nothing of it."""


class AnnotationError(UserError):
    """Annotations that cannot be read or written; the message names the file and the remedy."""


@dataclass(frozen=True, eq=False)
class AnnotatedImage:
    """The boxes of one image, N cells.

    ``file_name`` is the image's name as the annotation gives it; where a format does not give it (YOLO, points,
    GeoJSON, ROI), the name of the annotation file without its suffix. ``width`` and ``height`` are those of the
    upright image in pixels. ``boxes`` float32 (N, 4) ``x1 y1 x2 y2`` in pixels of it; ``names`` the N class names;
    ``scores`` float32 (N,) in 0 to 1, None without any. With ``points`` only the centres of the boxes were annotated.
    ``contours``: of each cell float32 (K, 2) ``x y`` in pixels, K = 0 where only the box is known; None without any.
    ``image_id`` is the open image that the annotation was matched to, None if it was not; ``refused`` counts the cells
    of the file that could not be used; of the classes in ``crowds`` some cells are marked together, and not given.
    The arrays are read-only, so that crossing threads is safe.
    """

    file_name: str
    width: int
    height: int
    boxes: NDArray[np.float32]
    names: tuple[str, ...]
    scores: NDArray[np.float32] | None = None
    points: bool = False
    contours: tuple[NDArray[np.float32], ...] | None = None
    image_id: Hashable = None
    refused: int = 0
    crowds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.names)
        others = [each for each in (self.scores, self.contours) if each is not None]
        if self.boxes.shape != (count, 4) or any(len(each) != count for each in others):
            raise ValueError(gettext("boxes, names, scores and contours must describe the same cells"))
        for array in (self.boxes, *([] if self.scores is None else [self.scores]), *(self.contours or ())):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.names)


def base_name(file_name: str) -> str:
    """Return a file name without folders, whichever system they were written on."""
    return re.split(r"[/\\]", file_name)[-1]
