"""The cells found in one image."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Origin(IntEnum):
    """Who put a cell there; ``SORTING`` put none, but left it out, as no cell."""

    MODEL = 0
    PERSON = 1
    IMPORTED = 2
    SORTING = 3


@dataclass(frozen=True)
class Cell:
    """One cell as a person's edit saw it; ``box`` is ``x1 y1 x2 y2`` in pixels of the image."""

    class_name: str
    box: tuple[float, float, float, float]
    score: float
    origin: Origin


@dataclass(frozen=True)
class CellChange:
    """What an edit did to one cell: ``before`` None if it was added, ``after`` None if removed.

    An ``after`` of ``Origin.SORTING`` is the cell as it was when the sorting by kinds left it out.
    """

    cell: int
    before: Cell | None
    after: Cell | None

    @property
    def left_out(self) -> bool:
        """Whether the sorting by kinds left the cell out, as no cell."""
        return self.after is not None and self.after.origin == Origin.SORTING

    @property
    def standing(self) -> Cell | None:
        """The cell that stands now; None if it was removed or left out."""
        return None if self.left_out else self.after

    @property
    def is_correction(self) -> bool:
        """Whether the cell was added, removed, left out, or given another class or box; not if it was confirmed."""
        before, after = self.before, self.standing
        if before is None or after is None:
            return before is not after
        return (before.class_name, before.box) != (after.class_name, after.box)


@dataclass(frozen=True, eq=False)
class Detections:
    """Cells of one image as a struct of arrays, N cells in descending order of score.

    ``boxes`` float32 (N, 4) ``x1 y1 x2 y2`` in pixels of the full, orientation-corrected image;
    ``scores`` float32 (N,) in 0 to 1; ``labels`` int32 (N,), indices into the model's classes;
    ``ids`` int64 (N,), stable through edits; ``origin`` uint8 (N,), values of ``Origin``; ``contours``: of each cell
    its outline, float32 (K, 2) ``x y`` in pixels, without points where a person put it; None where a model gives
    boxes alone.
    The arrays are read-only, so that crossing threads is safe.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    ids: NDArray[np.int64]
    origin: NDArray[np.uint8]
    contours: tuple[NDArray[np.float32], ...] | None = None

    def __post_init__(self) -> None:
        count = len(self.scores)
        columns = (self.labels, self.ids, self.origin)
        if self.boxes.shape != (count, 4) or any(len(column) != count for column in columns):
            raise ValueError("boxes, scores, labels, ids and origin must describe the same cells")
        if self.contours is not None and len(self.contours) != count:
            raise ValueError("there must be one contour for each cell")
        for array in (self.boxes, self.scores, *columns, *(self.contours or ())):
            array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def from_model(
        cls,
        boxes: NDArray[np.float32],
        scores: NDArray[np.float32],
        labels: NDArray[np.int32],
        contours: tuple[NDArray[np.float32], ...] | None = None,
    ) -> Detections:
        """Make detections of a model's output; ids count from 0 in descending order of score."""
        order = np.argsort(-scores, kind="stable")
        return cls(
            boxes[order].astype(np.float32),
            scores[order].astype(np.float32),
            labels[order].astype(np.int32),
            np.arange(len(order), dtype=np.int64),
            np.full(len(order), Origin.MODEL, np.uint8),
            None if contours is None else tuple(contours[place] for place in order),
        )

    def numbered_from(self, first: int) -> Detections:
        """Return the same cells with consecutive ids from ``first``."""
        ids = np.arange(first, first + len(self), dtype=np.int64)
        return Detections(self.boxes, self.scores, self.labels, ids, self.origin, self.contours)

    def relabelled(self, labels: NDArray[np.int32]) -> Detections:
        """Return the cells with label ``i`` turned into ``labels[i]``; those that become negative are left out."""
        new = labels[self.labels]
        kept = new >= 0
        contours = self.contours and tuple(self.contours[place] for place in np.flatnonzero(kept))
        return Detections(self.boxes[kept], self.scores[kept], new[kept], self.ids[kept], self.origin[kept], contours)

    def taken(self, rows: NDArray[np.int64]) -> Detections:
        """Return some of the cells; ``rows`` int64 (K,), in ascending order, are their positions."""
        contours = self.contours and tuple(self.contours[place] for place in rows)
        return Detections(
            self.boxes[rows], self.scores[rows], self.labels[rows], self.ids[rows], self.origin[rows], contours
        )

    @classmethod
    def empty(cls) -> Detections:
        """Return no detections."""
        return cls.from_model(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))
