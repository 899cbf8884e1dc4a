"""From detections to a count: the one place where a number is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.boxes import NeighbourIndex, iou_matrix, suppress_by_class
from core.corrections import Corrections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from core.detections import Detections
    from core.model_card import ModelCard

SAME_CELL_IOU = 0.75
"""Boxes of two classes that overlap more than this are one cell, and count as the likelier class."""


@dataclass(frozen=True)
class CountSettings:
    """What decides a count besides the detections: enough to reproduce it.

    ``thresholds``: class name to the lowest score that counts; ``nms_iou``: the overlap above which
    two boxes of a class are one cell.
    """

    thresholds: Mapping[str, float]
    nms_iou: float = 0.5

    @classmethod
    def suggested_by(cls, card: ModelCard) -> CountSettings:
        """Return the settings that a model's card suggests."""
        return cls(dict(card.thresholds), card.nms_iou)


@dataclass(frozen=True)
class Ledger:
    """How a class's count came about: ``model`` - ``removed`` + ``added``."""

    model: int
    added: int
    removed: int

    @property
    def total(self) -> int:
        """The count."""
        return self.model + self.added - self.removed


@dataclass(frozen=True)
class CountResult:
    """The count of one image.

    ``counted`` bool (N,) marks the cells that count: the found ones, followed by the person's own.
    ``counts``, ``mean_scores`` and ``ledger`` are by class name; a mean score is that of the counted
    cells that the model found, None where there are none.
    """

    counted: NDArray[np.bool_]
    counts: dict[str, int]
    mean_scores: dict[str, float | None]
    ledger: dict[str, Ledger]


@lru_cache(maxsize=64)
def _candidates(detections: Detections, nms_iou: float) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the survivors of non-maximum suppression, and the pairs (P, 2) that may be one cell.

    Suppression goes from high scores to low, so that it commutes with a threshold: a slider needs it
    only once. Pairs are (likelier, less likely) and ordered by the first one's score.
    """
    boxes, labels = detections.boxes, detections.labels
    kept = suppress_by_class(boxes, detections.scores, labels, nms_iou)
    survivors = np.flatnonzero(kept)
    index = NeighbourIndex(boxes[survivors])
    pairs: list[tuple[int, int]] = []
    for position in range(len(survivors)):
        near, overlap = index.overlaps(position)
        a = int(survivors[index.order[position]])
        for b in survivors[index.order[near][overlap > SAME_CELL_IOU]]:
            if labels[a] != labels[b] and a < b:
                pairs.append((a, int(b)))
    pairs.sort()
    return kept, np.array(pairs, np.int64).reshape(-1, 2)


@lru_cache(maxsize=8192)
def _covered(
    found: Detections, nms_iou: float, box: tuple[float, float, float, float], label: int
) -> NDArray[np.int64]:
    """Return the found cells that are the same cell as one that a person put there."""
    overlap = iou_matrix(np.array([box], np.float32), found.boxes)[0]
    return np.flatnonzero(overlap > np.where(found.labels == label, nms_iou, SAME_CELL_IOU))


@dataclass(frozen=True, eq=False)
class Countable:
    """What of one image can count at some threshold: a few kilobytes, so that thousands can be kept.

    ``size`` is the number of cells, found ones and the person's own. The K found cells that survive
    suppression have ``cells`` int64 (K,) (their positions), ``scores`` float32 (K,), ``labels`` int32
    (K,), and ``undone`` bool (K,): taken away, replaced or covered by a person. ``pairs`` int64 (P, 2) are
    those of them that may be one cell, the likelier first. The H cells that a person put have
    ``hand_labels`` int32 (H,) and ``confirms`` int64 (H,): which of the K they leave as it was but for
    its box, -1 if none.
    """

    size: int
    cells: NDArray[np.int64]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    undone: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    hand_labels: NDArray[np.int32]
    confirms: NDArray[np.int64]

    @classmethod
    def of(cls, found: Detections, corrections: Corrections, nms_iou: float) -> Countable:
        """Suppress doubles and lay the corrections over the rest."""
        kept, pairs = _candidates(found, nms_iou)
        cells = np.flatnonzero(kept)
        undone = corrections.touched.copy()
        hand = corrections.cells
        for box, label in zip(hand.boxes.tolist(), hand.labels.tolist(), strict=True):
            undone[_covered(found, nms_iou, tuple(box), label)] = True
        confirms = np.full(len(hand), -1, np.int64)
        if len(hand) and len(cells):
            place = np.minimum(np.searchsorted(found.ids[cells], hand.ids), len(cells) - 1)
            same = (found.ids[cells[place]] == hand.ids) & (found.labels[cells[place]] == hand.labels)
            confirms[same] = place[same]
        return cls(
            len(found) + len(hand),
            cells,
            found.scores[cells],
            found.labels[cells],
            undone[cells],
            np.searchsorted(cells, pairs),
            hand.labels,
            confirms,
        )

    def count(self, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> CountResult:
        """Count at the given thresholds; what a person put counts at any."""
        limits = np.array([thresholds[name] for name in classes], np.float32)
        by_model = self.scores >= limits[self.labels]
        for likelier, other in self.pairs:
            if by_model[likelier] and by_model[other]:
                by_model[other] = False
        counted = np.zeros(self.size, bool)
        counted[self.cells[by_model & ~self.undone]] = True
        counted[self.size - len(self.hand_labels) :] = True
        confirming = self.confirms >= 0
        confirming[confirming] = by_model[self.confirms[confirming]]
        confirmed = np.zeros(len(self.cells), bool)
        confirmed[self.confirms[confirming]] = True
        removed = by_model & self.undone & ~confirmed
        ledger: dict[str, Ledger] = {}
        means: dict[str, float | None] = {}
        for label, name in enumerate(classes):
            mine = self.labels == label
            ledger[name] = Ledger(
                int((by_model & mine).sum()),
                int(((self.hand_labels == label) & ~confirming).sum()),
                int((removed & mine).sum()),
            )
            scores = self.scores[by_model & mine & (~self.undone | confirmed)]
            means[name] = float(scores.mean()) if len(scores) else None
        counted.flags.writeable = False
        return CountResult(counted, {name: row.total for name, row in ledger.items()}, means, ledger)

    def doubtful(
        self, thresholds: Mapping[str, float], classes: tuple[str, ...], reach: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the found cells whose score is within ``reach`` of their threshold, the nearest first.

        Cells that a person decided on are no longer doubtful, nor is the less likely class of a cell that
        counts as another.

        Returns
        -------
        positions int64 (D,) and score minus threshold float32 (D,); negative: it does not count.
        """
        limits = np.array([thresholds[name] for name in classes], np.float32)
        margins = (self.scores - limits[self.labels]).astype(np.float32)
        open_ = ~self.undone & (np.abs(margins) <= reach)
        for likelier, other in self.pairs:
            if margins[likelier] >= 0:
                open_[other] = False
        doubtful = np.flatnonzero(open_)
        doubtful = doubtful[np.argsort(np.abs(margins[doubtful]), kind="stable")]
        return self.cells[doubtful], margins[doubtful]


def count(
    detections: Detections,
    settings: CountSettings,
    classes: tuple[str, ...],
    corrections: Corrections | None = None,
) -> CountResult:
    """Count the cells of an image.

    Parameters
    ----------
    detections
        Everything that the model found above its score floor, in descending order of score.
    settings
        Thresholds by class name, and the NMS overlap.
    classes
        Class names in the order of the labels.
    corrections
        What a person changed; nothing if left out.
    """
    corrections = corrections or Corrections.none(detections)
    return Countable.of(detections, corrections, settings.nms_iou).count(settings.thresholds, classes)
