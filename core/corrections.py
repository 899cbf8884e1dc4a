"""A person's corrections, laid over what the model found in one image.

The found cells never change. A correction takes one of them away, and may put a cell of the person's
own in its place or anywhere else; a cell taken away goes on suppressing its doubles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.detections import Detections, Origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.session_values import Cell

_NO_CONTOUR = np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class Corrections:
    """The corrections of one image.

    ``touched`` bool (M,) marks the found cells that a person took away or replaced; ``cells`` are the
    person's own, in the order in which they were first touched. ``homeless`` counts those whose class the
    model does not know: they are kept, but not counted. ``corrected`` is the number of cells that are not
    as the model left them.
    """

    touched: NDArray[np.bool_]
    cells: Detections
    homeless: int = 0
    corrected: int = 0

    @classmethod
    def of(cls, found: Detections, overlay: Mapping[int, Cell | None], classes: Sequence[str]) -> Corrections:
        """Lay the last state of each corrected cell (None: taken away), by id, over the found cells."""
        there = set(found.ids.tolist()) if overlay else set[int]()
        changed = {
            number: cell
            for number, cell in overlay.items()
            if not (number in there and cell is not None and cell.origin == Origin.MODEL)  # put back as it was found
        }
        touched = np.isin(found.ids, np.fromiter(changed, np.int64, len(changed)))
        put = [(number, cell) for number, cell in changed.items() if cell is not None and cell.class_name in classes]
        homeless = sum(cell is not None and cell.class_name not in classes for cell in changed.values())
        corrected = len(there & changed.keys()) + sum(n not in there and c is not None for n, c in changed.items())
        labels = {name: label for label, name in enumerate(classes)}
        return cls(
            touched,
            Detections(
                np.array([cell.box for _, cell in put], np.float32).reshape(-1, 4),
                np.array([cell.score for _, cell in put], np.float32),
                np.array([labels[cell.class_name] for _, cell in put], np.int32),
                np.array([number for number, _ in put], np.int64),
                np.array([cell.origin for _, cell in put], np.uint8),
            ),
            homeless,
            corrected,
        )

    @classmethod
    def none(cls, found: Detections) -> Corrections:
        """Return no corrections."""
        return cls(np.zeros(len(found), bool), Detections.empty())

    def over(self, found: Detections) -> Detections:
        """Return the found cells, all of them, followed by the person's own.

        A found cell that a person confirmed or gave another class keeps its contour; one whose box a person moved
        or resized has none, since the contour no longer fits it.
        """
        if not len(self.cells):
            return found
        parts = (found, self.cells)
        return Detections(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.labels for part in parts]),
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.origin for part in parts]),
            None if found.contours is None else found.contours + self._contours(found, found.contours),
        )

    def _contours(
        self, found: Detections, contours: tuple[NDArray[np.float32], ...]
    ) -> tuple[NDArray[np.float32], ...]:
        """Return the contours of the person's own cells: those of the found cells that still have the same box."""
        row_of = {number: row for row, number in enumerate(found.ids.tolist())}
        rows = [row_of.get(number) for number in self.cells.ids.tolist()]
        return tuple(
            contours[row] if row is not None and np.array_equal(found.boxes[row], box) else _NO_CONTOUR
            for row, box in zip(rows, self.cells.boxes, strict=True)
        )
