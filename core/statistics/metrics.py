"""How well a count agrees with what is there: accuracy, precision, recall, F1, average precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from core.geometry.matching import UNMATCHED, match_boxes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def ratio(part: ArrayLike, whole: ArrayLike) -> NDArray[np.float64]:
    """Return ``part / whole``, float64 of the shape that both broadcast to; NaN where ``whole`` is 0."""
    part, whole = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole != 0)


def accuracy(truth: ArrayLike, counted: ArrayLike) -> NDArray[np.float64]:
    """Return ``min(true, counted) / max(true, counted)``: agreement with a manual count (Entropy 2021, eq. 4).

    The paper's tables show that the intersection of its formula is the smaller of the two numbers, wherever the
    cells are: what is missed and what is counted too much make up for each other.
    """
    return ratio(np.minimum(truth, counted), np.maximum(truth, counted))


def f1_score(truth: ArrayLike, counted: ArrayLike, matched: ArrayLike) -> NDArray[np.float64]:
    """Return ``2 TP / (2 TP + FP + FN)``, the harmonic mean of precision and recall (Entropy 2021, eq. 7)."""
    return ratio(2 * np.asarray(matched), np.add(counted, truth))


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
        return float(ratio(self.matched, self.counted))

    @property
    def recall(self) -> float:
        """``TP / (TP + FN)``: the share of the true cells that were counted (Entropy 2021, eq. 6)."""
        return float(ratio(self.matched, self.truth))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall, see ``f1_score``."""
        return float(f1_score(self.truth, self.counted, self.matched))

    @property
    def accuracy(self) -> float:
        """The agreement of the two counts, see ``accuracy``."""
        return float(accuracy(self.truth, self.counted))

    @property
    def count_error(self) -> float:
        """``(counted - true) / true``: the signed relative error of the count."""
        return float(ratio(self.counted - self.truth, self.truth))


class ScoredBoxes(Protocol):
    """The cells of an image: ``boxes`` float32 (N, 4), ``scores`` float32 (N,) and ``labels`` int32 (N,)."""

    @property
    def boxes(self) -> NDArray[np.float32]: ...  # noqa: D102
    @property
    def scores(self) -> NDArray[np.float32]: ...  # noqa: D102
    @property
    def labels(self) -> NDArray[np.int32]: ...  # noqa: D102


def score_image(
    detections: ScoredBoxes,
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
        Detections of the image and which of them count, bool (N,), as from ``core.counting.count.count``.
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
        return np.nan_to_num(f1_score(self.truth, self.counted, self.matched))

    def at(self, index: int) -> ClassScore:
        """Return the score at one of the thresholds."""
        return ClassScore(self.truth, int(self.counted[index]), int(self.matched[index]))


_RECALLS = np.linspace(0, 1, 101)


def average_precision(is_true: NDArray[np.bool_], truth: int) -> NDArray[np.float64]:
    """Return COCO's average precision: the mean over 101 points of recall; NaN if there is no truth.

    At each point the best precision with that recall or more counts, 0 if it is never reached.

    Parameters
    ----------
    is_true
        Which of K cells in descending order of score are true, bool (..., K).
    truth
        How many cells are there.

    Returns
    -------
    float64 (...).
    """
    *several, cells = is_true.shape
    if not truth or not cells:
        return np.full(several, 0.0 if truth else np.nan)
    hits = np.cumsum(is_true, axis=-1).reshape(-1, cells)
    precision = hits / np.arange(1, cells + 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    best = np.concatenate([best, np.zeros((len(hits), 1))], axis=1)
    needed = np.searchsorted(np.arange(truth + 1) / truth, _RECALLS)
    # All rows one after the other are one ascending row if each starts above the one before
    row = np.arange(len(hits))[:, None]
    above = row * (truth + 1)
    places = np.searchsorted((hits + above).ravel(), needed + above) - row * cells
    return np.take_along_axis(best, places, axis=1).mean(axis=1).reshape(several)


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """How precision falls as recall rises, over all thresholds, of one class.

    ``scores`` float32 (K,) in descending order and ``is_true`` bool (K,): the cells that can be counted, and
    which of them are true; ``truth`` cells are there. Cells of equal score stay in the order of the images,
    as in COCO's tools, which lets it decide about the average precision.
    """

    scores: NDArray[np.float32]
    is_true: NDArray[np.bool_]
    truth: int

    @classmethod
    def of(cls, scores: NDArray[np.float32], is_true: NDArray[np.bool_], truth: int) -> PrecisionRecall:
        """Make the curve of cells in the order of the images."""
        order = np.argsort(-scores, kind="stable")
        return cls(scores[order], is_true[order], truth)

    @property
    def points(self) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        """Each score that occurs as the threshold (D,), descending, with precision and recall there (D,)."""
        last = np.flatnonzero(np.append(self.scores[1:] != self.scores[:-1], True)[: len(self.scores)])
        hits = np.cumsum(self.is_true)[last]
        return self.scores[last], ratio(hits, last + 1), ratio(hits, self.truth)

    @property
    def average_precision(self) -> float:
        """COCO's average precision, see ``average_precision``."""
        return float(average_precision(self.is_true, self.truth))

    @property
    def area(self) -> float:
        """PASCAL VOC's average precision since 2010: the area under the same steps; NaN if there is no truth."""
        if not self.truth:
            return float("nan")
        recall, best = self._envelope()
        return float(np.sum(np.diff(recall, prepend=0.0) * best))

    def _envelope(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return recall (K,) after each cell, and the best precision (K,) from there on."""
        hits = np.cumsum(self.is_true)
        precision = hits / np.arange(1, len(hits) + 1)
        return hits / self.truth, np.maximum.accumulate(precision[::-1])[::-1]
