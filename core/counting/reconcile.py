"""Counting again: which cells of a new count are those that a person corrected, and where the two disagree.

Corrections are stored once, as they were made, and belong to no count: they are laid over whatever the model finds
now. What a person put stays, since it is not tied to a found cell. What a person took away or replaced is looked
for again by its place and class. What was undone is as if it had never been.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Cell, Origin
from core.geometry.boxes import iou_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from core.cells import CellChange, Detections

SAME_PLACE_IOU = 0.5
"""Boxes of two runs that overlap more than this are taken for the same cell."""


def found_cell(found: Detections, index: int, classes: Sequence[str]) -> Cell:
    """Return a found cell as corrections state it."""
    x1, y1, x2, y2 = (float(value) for value in found.boxes[index])
    return Cell(classes[int(found.labels[index])], (x1, y1, x2, y2), float(found.scores[index]), Origin.MODEL)


def standing(changes: Iterable[CellChange]) -> list[CellChange]:
    """Return the changes without those that were undone, which left a cell as a model found it."""
    return [change for change in changes if change.after is None or change.after.origin != Origin.MODEL]


def found_again(change: CellChange, new: Detections, classes: Sequence[str]) -> list[int]:
    """Return the rows of a later count that are the cell which a person corrected, the best first.

    They are in the place where it was found, and of the class that it had then or was given.
    """
    if change.before is None:
        return []
    names = [cell.class_name for cell in (change.after, change.before) if cell is not None]
    rows = _same_place(new, change.before.box).tolist()
    of_class = {row: classes[int(new.labels[row])] for row in rows}
    known = [row for row in rows if of_class[row] in names]
    return sorted(known, key=lambda row: (names.index(of_class[row]), -new.scores[row]))


def find_conflicts(
    changes: Iterable[CellChange], new: Detections, classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[tuple[int, str]]:
    """Find where a new count speaks against what a person corrected.

    Parameters
    ----------
    changes
        What became of each corrected cell.
    new
        What the model finds now.
    classes, thresholds
        Class names in the order of the labels, and the lowest scores that count.

    Returns
    -------
    Pairs (id of the person's cell or, where that was taken away, of the new one; what speaks against it).
    """
    conflicts: list[tuple[int, str]] = []
    judged = np.zeros(len(new), bool)
    would_count = new.scores >= np.array([thresholds[name] for name in classes], np.float32)[new.labels]
    # what a person put outweighs what was taken away in the same place
    for change in sorted(standing(changes), key=lambda change: change.after is None):
        mine, opinion = change.after, change.after or change.before
        if opinion is None:
            continue
        known = [cell.class_name for cell in (mine, change.before) if cell is not None]
        for row in _same_place(new, opinion.box).tolist():
            name = classes[int(new.labels[row])]
            if not judged[row] and would_count[row] and name not in known:
                yours = f"{mine.class_name} (by hand)" if mine is not None else "nothing (taken away by hand)"
                cell = int(new.ids[row]) if mine is None else change.cell
                conflicts.append((cell, f"The model now finds {name} where there is {yours}."))
            judged[row] = True
    return conflicts


@lru_cache(maxsize=8192)
def _same_place(found: Detections, box: tuple[float, float, float, float]) -> NDArray[np.int64]:
    return np.flatnonzero(iou_matrix(np.array([box], np.float32), found.boxes)[0] > SAME_PLACE_IOU)
