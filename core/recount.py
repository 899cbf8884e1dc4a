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
    old: Detections,
    new: Detections,
    classes: Sequence[str],
    thresholds: Mapping[str, float],
) -> tuple[list[Change], list[tuple[int, str]]]:
    """Carry corrections over from the ``old`` found cells to the ``new``.

    What a person put stays, since it is not tied to a found cell. What a person took away or replaced is
    taken away again where the model finds it again.

    Returns
    -------
    The changes to record, and the conflicts: (id of a new cell, what speaks against the person's opinion).
    """
    changes: dict[int, Change] = {}
    conflicts: list[tuple[int, str]] = []
    limits = np.array([thresholds[name] for name in classes], np.float32)
    would_count = new.scores >= limits[new.labels]
    place = {int(number): index for index, number in enumerate(old.ids)}
    for number, mine in overlay.items():
        original = found_cell(old, place[number], classes) if number in place else None
        if original is not None:
            again = _same_place(original, new) & (new.labels == classes.index(original.class_name))
            for index in np.flatnonzero(again):
                changes[int(new.ids[index])] = Change(int(new.ids[index]), found_cell(new, int(index), classes), None)
        opinion = mine or original
        if opinion is None:
            continue
        known = {cell.class_name for cell in (mine, original) if cell is not None}
        other = ~np.isin(new.labels, [label for label, name in enumerate(classes) if name in known])
        for index in np.flatnonzero(_same_place(opinion, new) & other & would_count):
            now = classes[new.labels[index]]
            yours = f"{mine.class_name} (by hand)" if mine is not None else "nothing (taken away by hand)"
            conflicts.append((int(new.ids[index]), f"The model now finds {now} where there is {yours}."))
    return list(changes.values()), conflicts


def _same_place(cell: Cell, found: Detections) -> NDArray[np.bool_]:
    return iou_matrix(np.array([cell.box], np.float32), found.boxes)[0] > SAME_PLACE_IOU
