"""Errors as places: the cells that were counted and are none, and those that were missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.geometry.matching import UNMATCHED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from core.verification.cases import Case


@dataclass(frozen=True)
class CountError:
    """One cell that was counted and is none of its class (``cell``, its id), or that was missed (``truth``).

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
