"""All cells of one class by their score, and which of them are true."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from core.geometry.matching import UNMATCHED, box_pairs, point_pairs, take_best, take_most
from core.statistics.metrics import PrecisionRecall
from core.text import gettext
from core.verification.ground_truth import TruthKind
from core.verification.sweep import ClassSweep

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.verification.cases import Case

LEAST_IOU = 0.1
"""The smallest overlap that can be asked for."""


class ImageCells(NamedTuple):
    """The cells of one class in one image: positions of those that count, the likeliest first, and of the true ones.

    ``number`` is how many are true, which typed counts say without places.
    """

    case: Case
    counted: NDArray[np.int64]
    true: NDArray[np.int64]
    number: int


@dataclass(frozen=True, eq=False)
class Ranking:
    """The cells of one class that count at some threshold, K in I images, and what they may match.

    ``image`` int64 (K,): a place among the I images; ``scores`` float32 (K,), descending in each image.
    ``numbers`` int64 (I,): what the session calls the images; ``truth`` int64 (I,) and ``located`` bool (I,) as
    in ``ClassSweep``. ``pairs`` int64 (2, P): found and true cells, counted through all images, that
    may be one, in the order of ``core.geometry.matching.Pairs``; ``overlap`` float64 (P,): their IoU, NaN for points.
    """

    image: NDArray[np.int64]
    scores: NDArray[np.float32]
    numbers: NDArray[np.int64]
    truth: NDArray[np.int64]
    located: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    overlap: NDArray[np.float64]
    _is_true: dict[float, NDArray[np.bool_]] = field(default_factory=dict[float, "NDArray[np.bool_]"], init=False)

    @classmethod
    def of(cls, images: Sequence[ImageCells]) -> Ranking:
        """Put the cells of images together."""
        pairs, overlaps, scores = [np.zeros((2, 0), np.int64)], [np.zeros(0)], [np.zeros(0, np.float32)]
        before = np.zeros((2, 1), np.int64)
        for case, counted, true, _ in images:
            boxes, truth = case.cells.boxes[counted], case.truth.boxes[true]
            if case.truth.kind == TruthKind.POINTS:
                found, other = point_pairs(boxes, truth[:, :2])
                overlap = np.full(len(found), np.nan)
            else:
                found, other, overlap = box_pairs(boxes, truth, LEAST_IOU)
            scores.append(case.scores[counted])
            pairs.append(np.stack([found, other]) + before)
            overlaps.append(overlap)
            before = before + np.array([[len(counted)], [len(true)]])
        return cls(
            np.repeat(np.arange(len(images)), [len(image.counted) for image in images]),
            np.concatenate(scores),
            np.array([image.case.image for image in images], np.int64),
            np.array([image.number for image in images], np.int64),
            np.array([image.case.located for image in images], bool),
            np.concatenate(pairs, axis=1),
            np.concatenate(overlaps),
        )

    def is_true(self, iou: float) -> NDArray[np.bool_]:
        """Return which of the cells are true, bool (K,); none of those in images without places.

        Raises
        ------
        ValueError
            If ``iou`` is below ``LEAST_IOU``.
        """
        if not LEAST_IOU <= iou <= 1:
            raise ValueError(
                gettext("boxes are matched at an overlap of {LEAST_IOU:g} to 1").format(LEAST_IOU=LEAST_IOU)
            )
        if iou not in self._is_true:
            sizes = len(self.scores), int(self.truth[self.located].sum())
            points = np.isnan(self.overlap)
            by_point = take_most(_lists(self.pairs[:, points]), *sizes)
            by_box = take_best(_lists(self.pairs[:, self.overlap >= iou]), *sizes)
            matched = np.maximum(np.array(by_point, np.int64), np.array(by_box, np.int64))
            self._is_true[iou] = matched != UNMATCHED
        return self._is_true[iou]

    def sweep(self, name: str, thresholds: NDArray[np.float64], iou: float) -> ClassSweep:
        """Count at thresholds float64 (T,), ascending."""
        # float32 limits, because counting compares in float32
        passed = np.searchsorted(thresholds.astype(np.float32), self.scores, side="right")
        true = self.is_true(iou)
        return ClassSweep(
            name,
            self.numbers,
            thresholds,
            self.truth,
            self._per_image(passed, len(thresholds)),
            self.located,
            self._per_image(passed, len(thresholds), true),
        )

    def _per_image(
        self, passed: NDArray[np.int64], steps: int, only: NDArray[np.bool_] | None = None
    ) -> NDArray[np.int64]:
        """Return how many cells of each image are at or above each threshold, int64 (I, T)."""
        chosen = slice(None) if only is None else only
        place = self.image[chosen] * (steps + 1) + passed[chosen]
        table = np.bincount(place, minlength=len(self.truth) * (steps + 1)).reshape(len(self.truth), steps + 1)
        return np.cumsum(table[:, :0:-1], axis=1)[:, ::-1].astype(np.int64)

    def precision_recall(self, iou: float) -> PrecisionRecall:
        """Return the curve over the images in which places are known."""
        here = self.located[self.image]
        return PrecisionRecall.of(self.scores[here], self.is_true(iou)[here], int(self.truth[self.located].sum()))


def _lists(pairs: NDArray[np.int64]) -> tuple[list[int], list[int]]:
    found, true = pairs.tolist()
    return found, true
