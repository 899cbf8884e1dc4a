"""A person's corrections, laid over what the model found in one image.

The found cells never change. A correction takes one of them away, and may put a cell of the person's
own in its place or anywhere else; a cell taken away goes on suppressing its doubles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Detections
from core.counting.reconcile import found_again, found_cell, standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from core.cells import Cell, CellChange

_NO_CONTOUR = np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class Corrections:
    """The corrections of one image.

    ``touched`` bool (M,) marks the found cells that a person took away or replaced; ``cells`` are the
    person's own, N in the order in which they were first touched. ``replaces`` int64 (N,) are the positions of the
    found cells that those are, confirmed or changed; -1 where there is none. ``homeless`` counts those whose class
    the model does not know: they are kept, but not counted. ``corrected`` is the number of cells that a person
    decided on.
    """

    touched: NDArray[np.bool_]
    cells: Detections
    replaces: NDArray[np.int64]
    homeless: int = 0
    corrected: int = 0

    @classmethod
    def of(cls, found: Detections, changes: Iterable[CellChange], classes: Sequence[str]) -> Corrections:
        """Lay what became of each corrected cell over the found cells.

        A cell of an earlier count is looked for among the found ones. Where it is found again with a box that no
        person changed, it has the new box.
        """
        changes = standing(changes)
        rows = _rows_by_id(found, changes)
        touched = np.zeros(len(found), bool)
        touched[rows[rows >= 0]] = True
        taken = set(rows.tolist())
        own: list[tuple[int, Cell, int]] = []
        for change, row in zip(changes, rows.tolist(), strict=True):
            cell, here = change.after, row
            if row < 0 and (again := found_again(change, found, classes)):
                touched[again] = True
                here = next((place for place in again if cell is not None and place not in taken), -1)
            if cell is None:
                continue
            if here != row:
                taken.add(here)
                if change.before is not None and cell.box == change.before.box:
                    seen = found_cell(found, here, classes)
                    cell = replace(cell, box=seen.box, score=seen.score)
            own.append((change.cell, cell, here))
        put = [(number, cell, row) for number, cell, row in own if cell.class_name in classes]
        labels = {name: label for label, name in enumerate(classes)}
        return cls(
            touched,
            Detections(
                np.array([cell.box for _, cell, _ in put], np.float32).reshape(-1, 4),
                np.array([cell.score for _, cell, _ in put], np.float32),
                np.array([labels[cell.class_name] for _, cell, _ in put], np.int32),
                np.array([number for number, _, _ in put], np.int64),
                np.array([cell.origin for _, cell, _ in put], np.uint8),
            ),
            np.array([row for _, _, row in put], np.int64),
            len(own) - len(put),
            sum(change.before is not None or change.after is not None for change in changes),
        )

    @classmethod
    def none(cls, found: Detections) -> Corrections:
        """Return no corrections."""
        return cls(np.zeros(len(found), bool), Detections.empty(), np.zeros(0, np.int64))

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
        return tuple(
            contours[row] if row >= 0 and np.array_equal(found.boxes[row], box) else _NO_CONTOUR
            for row, box in zip(self.replaces.tolist(), self.cells.boxes, strict=True)
        )


def _rows_by_id(found: Detections, changes: Sequence[CellChange]) -> NDArray[np.int64]:
    """Return the positions int64 (N,) of the found cells that were corrected; -1 for those of no or another count."""
    numbers = np.fromiter((change.cell for change in changes), np.int64, len(changes))
    return np.where(np.isin(numbers, found.ids), np.searchsorted(found.ids, numbers), -1)
