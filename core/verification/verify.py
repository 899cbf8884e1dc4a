"""Comparing the counts of many images with their truth, at every threshold at once."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from core.verification.ranking import ImageCells, Ranking
from core.verification.sweep import ClassSweep, threshold_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.statistics.metrics import PrecisionRecall
    from core.verification.cases import Case

AP_IOUS = np.arange(50, 100, 5) / 100
"""The overlaps that COCO averages over, float64 (10,)."""
NO_RIVAL: Mapping[str, float] = MappingProxyType({})
"""Thresholds of the other classes where none of their cells counts."""


class Verification:
    """Many images, counted at every threshold and compared with their truth.

    Each number is the one that ``core.counting.count.count`` gives at the threshold. One count at threshold 0 serves
    all of them: where boxes of two classes are one cell, a box loses only to likelier ones, and while it is
    above the threshold of its class, so are those of them that are of the same class. Nothing below a
    threshold changes what counts above it.

    Parameters
    ----------
    cases
        The images.
    classes
        The model's classes in the order of the labels.
    others
        None: every class is counted at the same threshold, as in the paper. Thresholds by class name: when
        one class is counted at some threshold, the other classes stay at these. ``NO_RIVAL``: each class is ranked
        by itself, whichever other class may claim a cell, as average precision is defined.
    """

    def __init__(
        self, cases: Sequence[Case], classes: tuple[str, ...], others: Mapping[str, float] | None = None
    ) -> None:
        self.cases = tuple(cases)
        self.classes = classes
        self.images = tuple(case.image for case in self.cases)
        self._rankings = self._rank(others)

    def _rank(self, others: Mapping[str, float] | None) -> dict[str, Ranking]:
        everything = dict.fromkeys(self.classes, 0.0)
        truths = [(case.true_counts(self.classes), case.truth.labels(self.classes)) for case in self.cases]
        counted = [case.counted(everything, self.classes) for case in self.cases]
        rankings: dict[str, Ranking] = {}
        for label, name in enumerate(self.classes):
            if others is not None:
                limits = {**dict.fromkeys(self.classes, np.inf), **others, name: 0.0}
                counted = [case.counted(limits, self.classes) for case in self.cases]
            images: list[ImageCells] = []
            for case, cells, (numbers, labels) in zip(self.cases, counted, truths, strict=True):
                if (number := numbers[label]) is not None:
                    true = np.flatnonzero((labels == label) & case.in_frame)
                    images.append(ImageCells(case, cells[case.cells.labels[cells] == label], true, number))
            rankings[name] = Ranking.of(images)
        return rankings

    def sweep(self, thresholds: NDArray[np.float64] | None = None, iou: float = 0.5) -> dict[str, ClassSweep]:
        """Return the sweep of each class; thresholds float64 (T,) ascending, the paper's if left out."""
        steps = threshold_steps() if thresholds is None else thresholds
        return {name: self.class_sweep(name, steps, iou) for name in self.classes}

    def class_sweep(self, name: str, thresholds: NDArray[np.float64], iou: float = 0.5) -> ClassSweep:
        """Count one class at thresholds float64 (T,), ascending, matching boxes at ``iou``."""
        return self._rankings[name].sweep(name, thresholds, iou)

    def ranking(self, name: str) -> Ranking:
        """Return all cells of a class by their score in each image, and which of them are true."""
        return self._rankings[name]

    def precision_recall(self, name: str, iou: float = 0.5) -> PrecisionRecall:
        """Return the precision-recall curve of a class, over the images in which places are known."""
        return self._rankings[name].precision_recall(iou)

    def average_precision(self, name: str, ious: NDArray[np.float64] = AP_IOUS) -> NDArray[np.float64]:
        """Return COCO's average precision of a class at each overlap, float64 of the shape of ``ious``."""
        return np.array([self.precision_recall(name, iou).average_precision for iou in ious.tolist()])
