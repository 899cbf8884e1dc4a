"""Comparing what was counted with what is there: matching, precision, recall, F1, count errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.boxes import iou_matrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.detections import Detections

UNMATCHED = -1


def match_boxes(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], truth: NDArray[np.float32], iou: float = 0.5
) -> NDArray[np.int64]:
    """Match found boxes with true ones, each with at most one (as in PASCAL VOC and COCO).

    Goes through the found boxes in descending order of score (ties: first given first); each takes the
    still free true box that it overlaps most, if the intersection over union is at least ``iou``.
    What a box takes does not depend on the boxes after it, so one matching serves every threshold.

    Parameters
    ----------
    boxes, scores
        Found boxes float32 (N, 4) ``x1 y1 x2 y2`` and their scores (N,).
    truth
        True boxes float32 (M, 4).

    Returns
    -------
    int64 array (N,): the true box of each found one, or ``UNMATCHED``.
    """
    matched = np.full(len(boxes), UNMATCHED, np.int64)
    if len(boxes) == 0 or len(truth) == 0:
        return matched
    order = np.argsort(truth[:, 0], kind="stable")
    sorted_truth = truth[order]
    left = sorted_truth[:, 0]
    widest = float((sorted_truth[:, 2] - left).max())
    first = np.searchsorted(left, boxes[:, 0] - widest, side="left")
    last = np.searchsorted(left, boxes[:, 2], side="right")
    free = np.ones(len(truth), bool)
    for found in np.argsort(-scores, kind="stable"):
        near = slice(int(first[found]), int(last[found]))
        overlap = np.where(free[near], iou_matrix(boxes[found][None], sorted_truth[near])[0], 0)
        if overlap.size and overlap.max() >= iou:
            best = near.start + int(overlap.argmax())
            free[best] = False
            matched[found] = order[best]
    return matched


@dataclass(frozen=True)
class ClassScore:
    """How the count of one class compares with the truth.

    ``truth`` cells are there, ``counted`` were counted, ``matched`` of these are true. Scores of
    several images add up with ``+``. Ratios whose denominator is 0 are NaN.
    """

    truth: int = 0
    counted: int = 0
    matched: int = 0

    def __add__(self, other: ClassScore) -> ClassScore:
        return ClassScore(self.truth + other.truth, self.counted + other.counted, self.matched + other.matched)

    @property
    def precision(self) -> float:
        """``TP / (TP + FP)``: the share of the counted cells that are true (Entropy 2021, eq. 5)."""
        return _ratio(self.matched, self.counted)

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``: the share of the true cells that were counted (Entropy 2021, eq. 6)."""
        return _ratio(self.matched, self.truth)

    @property
    def f1(self) -> float:
        """``2 TP / (2 TP + FP + FN)``, the harmonic mean of precision and recall (Entropy 2021, eq. 7)."""
        return _ratio(2 * self.matched, self.counted + self.truth)

    @property
    def accuracy(self) -> float:
        """``TP / max(true, counted)``: agreement with a manual count (Entropy 2021, eq. 4)."""
        return _ratio(self.matched, max(self.truth, self.counted))

    @property
    def count_error(self) -> float:
        """``(counted - true) / true``: the signed relative error of the count."""
        return _ratio(self.counted - self.truth, self.truth)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def score_image(
    detections: Detections,
    counted: NDArray[np.bool_],
    truth_boxes: NDArray[np.float32],
    truth_labels: NDArray[np.integer],
    classes: tuple[str, ...],
    iou: float = 0.5,
) -> dict[str, ClassScore]:
    """Compare the counted cells of one image with the truth, class by class.

    Parameters
    ----------
    detections, counted
        Detections of the image and which of them count, bool (N,), as from ``core.counting.count``.
    truth_boxes, truth_labels
        True boxes float32 (M, 4) in pixels of the image, and their classes (M,).
    classes
        Class names in the order of the labels.
    """
    scores = {}
    for label, name in enumerate(classes):
        cells = np.flatnonzero(counted & (detections.labels == label))
        truth = truth_boxes[truth_labels == label]
        matched = match_boxes(detections.boxes[cells], detections.scores[cells], truth, iou)
        scores[name] = ClassScore(len(truth), len(cells), int((matched != UNMATCHED).sum()))
    return scores


@dataclass(frozen=True)
class ThresholdCurve:
    """Scores of one class at each of a row of thresholds.

    ``thresholds`` float64 (T,); ``counted`` and ``matched`` int64 (T,): cells with at least that score,
    and how many of them are true; ``truth`` cells are there.
    """

    thresholds: NDArray[np.float64]
    counted: NDArray[np.int64]
    matched: NDArray[np.int64]
    truth: int

    @classmethod
    def of(
        cls,
        thresholds: NDArray[np.float64],
        scores: NDArray[np.float32],
        is_true: NDArray[np.bool_],
        truth: int,
    ) -> ThresholdCurve:
        """Make the curve of found cells, scores (N,) and whether each is a true cell, bool (N,)."""
        order = np.argsort(scores)
        # float32 limits, because counting compares in float32
        start = np.searchsorted(scores[order], thresholds.astype(np.float32), side="left")
        true_from = np.append(np.cumsum(is_true[order][::-1])[::-1], 0)
        return cls(thresholds, len(scores) - start, true_from[start].astype(np.int64), truth)

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 at each threshold, float64 (T,); 0 where nothing is there and nothing is counted."""
        return 2 * self.matched / np.maximum(self.counted + self.truth, 1)

    def at(self, index: int) -> ClassScore:
        """Return the score at one of the thresholds."""
        return ClassScore(self.truth, int(self.counted[index]), int(self.matched[index]))
