"""From detections to a count: the one place where a number is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.boxes import NeighbourIndex, suppress_by_class

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
class CountResult:
    """The count of one image.

    ``counted`` bool (N,) marks the detections that count; ``counts`` and ``mean_scores`` are by class
    name, a mean score being None where nothing is counted.
    """

    counted: NDArray[np.bool_]
    counts: dict[str, int]
    mean_scores: dict[str, float | None]


@lru_cache(maxsize=1024)
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


def count(detections: Detections, settings: CountSettings, classes: tuple[str, ...]) -> CountResult:
    """Count the cells of an image.

    Parameters
    ----------
    detections
        Everything above the model's score floor, in descending order of score.
    settings
        Thresholds by class name, and the NMS overlap.
    classes
        Class names in the order of the labels.
    """
    kept, pairs = _candidates(detections, settings.nms_iou)
    limits = np.array([settings.thresholds[name] for name in classes], np.float32)
    counted = kept & (detections.scores >= limits[detections.labels])
    for likelier, other in pairs:
        if counted[likelier] and counted[other]:
            counted[other] = False
    counts: dict[str, int] = {}
    means: dict[str, float | None] = {}
    for label, name in enumerate(classes):
        scores = detections.scores[counted & (detections.labels == label)]
        counts[name] = len(scores)
        means[name] = float(scores.mean()) if len(scores) else None
    counted.flags.writeable = False
    return CountResult(counted, counts, means)
