"""Counting again: a person's corrections are carried over to what the model finds now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.boxes import iou_matrix
from core.detections import Origin
from core.session_values import Cell, Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.detections import Detections

SAME_PLACE_IOU = 0.5
"""Boxes of two runs that overlap more than this are taken for the same cell."""


def found_cell(found: Detections, index: int, classes: Sequence[str]) -> Cell:
    """Return a found cell as corrections state it."""
    x1, y1, x2, y2 = (float(value) for value in found.boxes[index])
    return Cell(classes[int(found.labels[index])], (x1, y1, x2, y2), float(found.scores[index]), Origin.MODEL)


def carry_over(
    overlay: Mapping[int, Cell | None],
    originals: Mapping[int, Cell],
    new: Detections,
    classes: Sequence[str],
    thresholds: Mapping[str, float],
) -> tuple[list[Change], list[tuple[int, str]]]:
    """Carry corrections over to what the model finds now.

    What a person put stays, since it is not tied to a found cell. What a person took away or replaced is
    taken away again where the model finds it again. What was undone is as if it had never been.

    Parameters
    ----------
    overlay, originals
        Each corrected cell as it is now (None: taken away), and those that a model found as it found them.
    new
        What the model finds now.
    classes, thresholds
        Class names in the order of the labels, and the lowest scores that count.

    Returns
    -------
    The changes to record, and the conflicts: (id of the person's cell or, where that was taken away, of the new
    one, what speaks against the person's opinion).
    """
    changes: dict[int, Change] = {}
    conflicts: list[tuple[int, str]] = []
    judged = np.zeros(len(new), bool)
    names = np.array(classes)[new.labels]
    would_count = new.scores >= np.array([thresholds[name] for name in classes], np.float32)[new.labels]
    # what a person put outweighs what was taken away in the same place
    for number, mine in sorted(overlay.items(), key=lambda item: item[1] is None):
        original = originals.get(number)
        if mine is not None and mine.origin == Origin.MODEL:  # an undone correction: the new count decides
            changes[number] = Change(number, mine, None)
            continue
        if original is not None:
            for index in np.flatnonzero(_same_place(original, new) & (names == original.class_name)):
                cell = int(new.ids[index])
                changes[cell] = Change(cell, found_cell(new, int(index), classes), None)
        opinion = mine or original
        if opinion is None:
            continue
        here = _same_place(opinion, new) & ~judged
        judged |= here
        known = [cell.class_name for cell in (mine, original) if cell is not None]
        for index in np.flatnonzero(here & ~np.isin(names, known) & would_count):
            yours = f"{mine.class_name} (by hand)" if mine is not None else "nothing (taken away by hand)"
            cell = int(new.ids[index]) if mine is None else number
            conflicts.append((cell, f"The model now finds {names[index]} where there is {yours}."))
    return list(changes.values()), conflicts


def _same_place(cell: Cell, found: Detections) -> NDArray[np.bool_]:
    return iou_matrix(np.array([cell.box], np.float32), found.boxes)[0] > SAME_PLACE_IOU
