"""Errors as places: which cells a number of the table is about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from core.errors import Cancelled
from core.geometry.boxes import iou_matrix
from core.geometry.matching import UNMATCHED
from core.verification.errors import find_errors

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from core.verification.cases import Case
    from core.verification.errors import CountError
    from core.verification.figures import Answer
    from core.verification.request import Checked

SAME_PLACE = 0.3
"""Overlap from which on a cell that a person put is taken for a missed one; with a point, it must hold it."""


MOST_EXPLAINED = 1000
"""Of more errors than that only the number is wanted."""


class Verdict(Enum):
    """What a cell is in the comparison."""

    TRUE = "true positive"
    FALSE = "false positive"
    MISSED = "false negative"


@dataclass(frozen=True)
class Place:
    """One cell of the comparison.

    ``box`` is ``x1 y1 x2 y2`` in pixels of the picture, without size for a point. ``cell`` is the id of the counted
    cell, None for a missed one; ``hint`` that of the likeliest cell of its class that the model saw at a missed
    one's place, below the threshold. ``diameter`` is that of a red cell of the picture. ``settled``: the person has
    corrected it already.
    """

    verdict: Verdict
    image: int
    class_name: str
    box: tuple[float, float, float, float]
    diameter: float
    cell: int | None = None
    score: float | None = None
    hint: int | None = None
    settled: bool = False


def find_places(
    answer: Answer, name: str, threshold: float, verdict: Verdict, cancel: threading.Event | None = None
) -> list[Place]:
    """Return the cells of a class that a number of the table counts, in the order of the pictures."""
    question = answer.question
    thresholds = {**question.settings.thresholds, name: threshold}
    places: list[Place] = []
    for case, checked in zip(answer.cases, question.checked, strict=True):
        if cancel is not None and cancel.is_set():
            raise Cancelled
        if not case.located:
            continue
        if verdict is Verdict.TRUE:
            places += _true_places(case, checked.diameter, question.classes, name, thresholds, question.options.iou)
            continue
        errors = find_errors([case], question.classes, thresholds, question.options.iou)
        wanted = [error for error in errors if error.class_name == name]
        places += [
            _place_of(error, case, checked, question.classes)
            if len(places) < MOST_EXPLAINED
            else Place(verdict, error.image, name, error.box, checked.diameter, error.cell, error.score)
            for error in wanted
            if error.missed == (verdict is Verdict.MISSED)
        ]
    return places


def _true_places(
    case: Case, diameter: float, classes: tuple[str, ...], name: str, thresholds: dict[str, float], iou: float
) -> Iterator[Place]:
    label = classes.index(name)
    counted = case.counted(thresholds, classes)
    mine = counted[case.cells.labels[counted] == label]
    true = np.flatnonzero((case.truth.labels(classes) == label) & case.in_frame)
    for cell in mine[case.match(mine, true, iou) != UNMATCHED].tolist():
        x1, y1, x2, y2 = case.cells.boxes[cell].tolist()
        number, score = int(case.cells.ids[cell]), float(case.cells.scores[cell])
        yield Place(Verdict.TRUE, case.image, name, (x1, y1, x2, y2), diameter, number, score)


def _place_of(error: CountError, case: Case, checked: Checked, classes: tuple[str, ...]) -> Place:
    label = classes.index(error.class_name)
    own = checked.corrections.cells
    if not error.missed:
        place = np.flatnonzero(checked.found.ids == error.cell)
        touched = len(place) > 0 and bool(checked.corrections.edited[place[0]])
        kept = np.isin(checked.corrections.replaces[own.labels == label], place).any()
        return Place(
            Verdict.FALSE,
            error.image,
            error.class_name,
            error.box,
            checked.diameter,
            error.cell,
            error.score,
            settled=touched and not bool(kept),
        )
    box = np.array([error.box], np.float32)
    put = _fits(box, own.boxes[own.labels == label])
    seen = np.flatnonzero(_fits(box, case.cells.boxes) & (case.cells.labels == label))
    hint = int(seen[np.argmax(case.cells.scores[seen])]) if len(seen) else None
    return Place(
        Verdict.MISSED,
        error.image,
        error.class_name,
        error.box,
        checked.diameter,
        score=None if hint is None else float(case.cells.scores[hint]),
        hint=None if hint is None else int(case.cells.ids[hint]),
        settled=bool(put.any()),
    )


def _fits(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Tell which of other boxes (N, 4) are at the place of a box or point (1, 4), bool (N,)."""
    x1, y1, x2, y2 = box[0]
    if x2 > x1 or y2 > y1:
        return iou_matrix(box, others)[0] >= SAME_PLACE
    return (others[:, 0] <= x1) & (x1 <= others[:, 2]) & (others[:, 1] <= y1) & (y1 <= others[:, 3])
