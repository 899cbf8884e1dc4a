"""What every annotation format comes down to: named boxes of one image."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    import numpy as np
    from numpy.typing import NDArray

SMALLEST_SIDE = 0.5
"""Pixels; a box with a shorter side holds no cell, and rounding could leave nothing of it."""

_SYNONYMS = (
    frozenset({"rbc", "rbcs", "red blood cell", "red blood cells", "red cell", "red cells"})
    | frozenset({"erythrocyte", "erythrocytes"}),
    frozenset({"wbc", "wbcs", "white blood cell", "white blood cells", "white cell", "white cells"})
    | frozenset({"leukocyte", "leukocytes", "leucocyte", "leucocytes"}),
    frozenset({"platelet", "platelets", "plt", "plts", "thrombocyte", "thrombocytes"}),
)


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
    of the file that could not be used.
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

    def __post_init__(self) -> None:
        count = len(self.names)
        others = [each for each in (self.scores, self.contours) if each is not None]
        if self.boxes.shape != (count, 4) or any(len(each) != count for each in others):
            raise ValueError("boxes, names, scores and contours must describe the same cells")
        for array in (self.boxes, *([] if self.scores is None else [self.scores]), *(self.contours or ())):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.names)


def canonical_class(name: str, known: Iterable[str]) -> str | None:
    """Return the known class that a name stands for, None if it is none of them.

    Case, blanks, hyphens and underscores do not matter, and the usual synonyms of red cells, white cells
    and platelets are understood: ``Red-Blood_cells`` is ``RBC``. An equal name goes before a synonym.
    """
    known, wanted = tuple(known), _plain(name)
    if name in known:
        return name
    meanings = next((synonyms for synonyms in _SYNONYMS if wanted in synonyms), frozenset[str]())
    for same in ({wanted}, meanings):
        for item in known:
            if _plain(item) in same:
                return item
    return None


def base_name(file_name: str) -> str:
    """Return a file name without folders, whichever system they were written on."""
    return re.split(r"[/\\]", file_name)[-1]


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()
