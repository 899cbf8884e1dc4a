"""The edits of one image, laid over its detections.

Detections never change. An edit removes one of them, or puts another cell in its place or anywhere else; a removed
detection still suppresses its duplicates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Detections
from core.counting.reconcile import effective, found_cell, match_edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from core.cells import Cell, CellChange

_NO_CONTOUR = np.zeros((0, 2), np.float32)


@dataclass(frozen=True, eq=False)
class CellEdits:
    """The edits of one image.

    ``edited`` bool (M,) marks the detections that were removed or replaced; ``cells`` are the N cells that the user
    added, confirmed or changed, in the order of their first edit. ``replaces`` int64 (N,) are the positions of the
    detections that they confirm or change; -1 for an added cell. ``unclassed`` counts those whose class the model
    does not know: they are kept, but not counted. ``edited_cells`` is the number of cells that were corrected: added,
    removed, or given another class or box; one that is only confirmed is not among them. ``left_out`` bool (M,) marks
    those of the edited detections that the sorting by kinds left out, as no cell.
    """

    edited: NDArray[np.bool_]
    cells: Detections
    replaces: NDArray[np.int64]
    left_out: NDArray[np.bool_]
    unclassed: int = 0
    edited_cells: int = 0

    @classmethod
    def from_edits(cls, found: Detections, changes: Iterable[CellChange], classes: Sequence[str]) -> CellEdits:
        """Match the edits to the detections.

        An edit of an earlier count is matched by place and class. A matched cell whose box nobody changed takes the
        box of the new detection.
        """
        changes = effective(changes)
        if not changes:
            return cls.none(found)
        rows = _rows_by_id(found, changes)
        edited = np.zeros(len(found), bool)
        edited[rows[rows >= 0]] = True
        left_out = np.zeros(len(found), bool)
        taken = set(rows.tolist())
        own: list[tuple[int, Cell, int]] = []
        for change, row in zip(changes, rows.tolist(), strict=True):
            cell, here = change.standing, row
            left_out[row if row >= 0 else []] |= change.left_out
            if row < 0 and (again := match_edit(change, found, classes)):
                edited[again] = True
                left_out[again] |= change.left_out
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
            edited,
            Detections(
                np.array([cell.box for _, cell, _ in put], np.float32).reshape(-1, 4),
                np.array([cell.score for _, cell, _ in put], np.float32),
                np.array([labels[cell.class_name] for _, cell, _ in put], np.int32),
                np.array([number for number, _, _ in put], np.int64),
                np.array([cell.origin for _, cell, _ in put], np.uint8),
            ),
            np.array([row for _, _, row in put], np.int64),
            left_out,
            len(own) - len(put),
            sum(change.is_correction for change in changes),
        )

    @classmethod
    def none(cls, found: Detections) -> CellEdits:
        """Return no edits."""
        none = np.zeros(len(found), bool)
        return cls(none, Detections.empty(), np.zeros(0, np.int64), none)

    def apply(self, found: Detections) -> Detections:
        """Return all detections, followed by the cells of the user.

        A detection that was confirmed or given another class keeps its contour; one whose box was moved or resized
        has none, since the contour no longer fits.
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
        """Return the contours of the user's cells: those of the detections that still have the same box."""
        return tuple(
            contours[row] if row >= 0 and np.array_equal(found.boxes[row], box) else _NO_CONTOUR
            for row, box in zip(self.replaces.tolist(), self.cells.boxes, strict=True)
        )


def _rows_by_id(found: Detections, changes: Sequence[CellChange]) -> NDArray[np.int64]:
    """Return the positions int64 (N,) of the edited detections; -1 for added cells and those of another count."""
    numbers = np.fromiter((change.cell for change in changes), np.int64, len(changes))
    return np.where(np.isin(numbers, found.ids), np.searchsorted(found.ids, numbers), -1)
