"""The errors of a count as places: true and false positives, and missed cells."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from core.errors import check_cancelled
from core.geometry.boxes import iou_matrix
from core.geometry.matching import UNMATCHED
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from core.errors import CancelFlag
    from core.verification.cases import Case
    from core.verification.figures import VerificationFigures
    from core.verification.request import VerifiedImage


SAME_PLACE = 0.3
"""An added cell that overlaps a missed one by this much is taken for it; of a point, the cell must contain it."""


MOST_EXPLAINED = 1000
"""Beyond this many errors only their number matters."""


@dataclass(frozen=True)
class CountError:
    """One cell that was counted but is not of its class (``cell``, its id), or that was missed (``truth``).

    ``truth`` is the position in the image's ground truth; ``box`` is ``x1 y1 x2 y2`` in pixels of the image,
    without size for a point; ``score`` is that of the counted cell.
    """

    image: int
    class_name: str
    box: tuple[float, float, float, float]
    cell: int | None = None
    truth: int | None = None
    score: float | None = None

    @property
    def missed(self) -> bool:
        """Whether it is a false negative; else it is a false positive."""
        return self.truth is not None


def find_errors(
    cases: Iterable[Case], classes: tuple[str, ...], thresholds: Mapping[str, float], iou: float = 0.5
) -> list[CountError]:
    """Return every error in the images in which places are known, at thresholds by class name.

    Images stay in order, then classes; false positives come first, the likeliest first, as they are the
    clearest disagreements.
    """
    return [error for case in cases if case.located for error in _errors_of(case, classes, thresholds, iou)]


def _errors_of(
    case: Case, classes: tuple[str, ...], thresholds: Mapping[str, float], iou: float
) -> Iterator[CountError]:
    counted = case.counted(thresholds, classes)
    labels = case.truth.labels(classes)
    for label, (name, truth_count) in enumerate(zip(classes, case.true_counts(classes), strict=True)):
        if truth_count is None:
            continue
        mine = counted[case.cells.labels[counted] == label]
        true = np.flatnonzero((labels == label) & case.in_frame)
        matched = case.match(mine, true, iou)
        for cell in mine[matched == UNMATCHED].tolist():
            x1, y1, x2, y2 = case.cells.boxes[cell].tolist()
            number, score = int(case.cells.ids[cell]), float(case.cells.scores[cell])
            yield CountError(case.image, name, (x1, y1, x2, y2), cell=number, score=score)
        for place in np.setdiff1d(true, true[matched[matched != UNMATCHED]]).tolist():
            x1, y1, x2, y2 = case.truth.boxes[place].tolist()
            yield CountError(case.image, name, (x1, y1, x2, y2), truth=place)


class Verdict(Enum):
    """What a cell is in the comparison."""

    TRUE = gettext("true positive")
    FALSE = gettext("false positive")
    MISSED = gettext("false negative")


@dataclass(frozen=True)
class Place:
    """One cell of the comparison.

    ``box`` is ``x1 y1 x2 y2`` in pixels of the image, without size for a point. ``cell`` is the id of the counted
    cell, None for a missed one; ``hint`` that of the likeliest detection of its class at the place of a missed one,
    below the threshold. ``diameter`` is that of a red cell of the image. ``settled``: it is corrected already.
    ``note``: what is to be said of it in place of its score.
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
    note: str = ""


def find_places(
    figures: VerificationFigures, name: str, threshold: float, verdict: Verdict, cancel: CancelFlag | None = None
) -> list[Place]:
    """Return the cells of a class that a number of the table counts, in the order of the images."""
    request = figures.request
    thresholds = {**request.settings.thresholds, name: threshold}
    places: list[Place] = []
    for case, checked in zip(figures.cases, request.checked, strict=True):
        check_cancelled(cancel)
        if not case.located:
            continue
        if verdict is Verdict.TRUE:
            places += _true_places(case, checked.diameter, request.classes, name, thresholds, request.options.iou)
            continue
        errors = find_errors([case], request.classes, thresholds, request.options.iou)
        wanted = [error for error in errors if error.class_name == name]
        places += [
            _place_of(error, case, checked, request.classes)
            if len(places) < MOST_EXPLAINED
            else Place(verdict, error.image, name, error.box, checked.diameter, error.cell, error.score)
            for error in wanted
            if error.missed == (verdict is Verdict.MISSED)
        ]
    return places


def first_errors(figures: VerificationFigures, cancel: CancelFlag | None = None) -> tuple[str, Verdict] | None:
    """Return the first class that has errors at the thresholds that are set, and of which kind: too many comes first.

    None if there is no error.
    """
    request = figures.request
    found: set[tuple[str, bool]] = set()
    for case in figures.cases:
        check_cancelled(cancel)
        errors = find_errors([case], request.classes, request.settings.thresholds, request.options.iou)
        found.update((error.class_name, error.missed) for error in errors)
    kinds = ((name, verdict) for name in request.classes for verdict in (Verdict.FALSE, Verdict.MISSED))
    return next(((name, verdict) for name, verdict in kinds if (name, verdict is Verdict.MISSED) in found), None)


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


def _place_of(error: CountError, case: Case, checked: VerifiedImage, classes: tuple[str, ...]) -> Place:
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
