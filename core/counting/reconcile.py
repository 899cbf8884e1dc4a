"""Counting again: which detections of a new count were edited before, and where the two disagree.

Edits are stored once and belong to no count: they are applied to the present detections. An added cell stays, since
it is not tied to a detection. A removed or replaced one is matched by place and class. Undone edits have no effect.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Cell, Origin
from core.geometry.boxes import iou_matrix
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from core.cells import CellChange, Detections

SAME_PLACE_IOU = 0.5
"""Boxes of two runs that overlap more than this are taken for the same cell."""


def found_cell(found: Detections, index: int, classes: Sequence[str]) -> Cell:
    """Return a detection as edits state it."""
    x1, y1, x2, y2 = (float(value) for value in found.boxes[index])
    return Cell(classes[int(found.labels[index])], (x1, y1, x2, y2), float(found.scores[index]), Origin.MODEL)


def effective(changes: Iterable[CellChange]) -> list[CellChange]:
    """Return the changes that still have an effect: not those that were undone."""
    return [change for change in changes if change.after is None or change.after.origin != Origin.MODEL]


def match_edit(change: CellChange, new: Detections, classes: Sequence[str]) -> list[int]:
    """Return the rows of a later count that match an edited cell, best first.

    They are at its place, and of the class that it had or was given.
    """
    if change.before is None:
        return []
    names = [cell.class_name for cell in (change.standing, change.before) if cell is not None]
    rows = _same_place(new, change.before.box).tolist()
    of_class = {row: classes[int(new.labels[row])] for row in rows}
    known = [row for row in rows if of_class[row] in names]
    return sorted(known, key=lambda row: (names.index(of_class[row]), -new.scores[row]))


def find_conflicts(
    changes: Iterable[CellChange], new: Detections, classes: Sequence[str], thresholds: Mapping[str, float]
) -> list[tuple[int, str]]:
    """Find where a new count contradicts the edits.

    Parameters
    ----------
    changes
        The edits of the image.
    new
        The detections of the new count.
    classes, thresholds
        Class names in the order of the labels, and the lowest scores that count.

    Returns
    -------
    Pairs (id of the edited cell or, where that was removed, of the new one; the contradiction as a sentence).
    """
    conflicts: list[tuple[int, str]] = []
    judged = np.zeros(len(new), bool)
    would_count = new.scores >= np.array([thresholds[name] for name in classes], np.float32)[new.labels]
    # an added cell outweighs a removed one at the same place
    for change in sorted(effective(changes), key=lambda change: change.standing is None):
        mine, opinion = change.standing, change.standing or change.before
        if opinion is None:
            continue
        known = [cell.class_name for cell in (mine, change.before) if cell is not None]
        for row in _same_place(new, opinion.box).tolist():
            name = classes[int(new.labels[row])]
            if not judged[row] and would_count[row] and name not in known:
                yours = (
                    gettext("{class_name} (by hand)").format(class_name=mine.class_name)
                    if mine is not None
                    else gettext("nothing (left out as no cell)")
                    if change.left_out
                    else gettext("nothing (removed by hand)")
                )
                cell = int(new.ids[row]) if mine is None else change.cell
                conflicts.append(
                    (cell, gettext("The model now finds {name} where there is {yours}.").format(name=name, yours=yours))
                )
            judged[row] = True
    return conflicts


@lru_cache(maxsize=8192)
def _same_place(found: Detections, box: tuple[float, float, float, float]) -> NDArray[np.int64]:
    return np.flatnonzero(iou_matrix(np.array([box], np.float32), found.boxes)[0] > SAME_PLACE_IOU)
