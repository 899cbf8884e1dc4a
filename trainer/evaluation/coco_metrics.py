"""COCO's figures of the boxes that a model found, by faster-coco-eval, with the caps on boxes lifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from core.counting.count import CountSettings
from core.geometry.boxes import suppress_by_class
from core.verification.verify import AP_IOUS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trainer.evaluation.predict import ImageResult

MAX_DETECTIONS: list[int] = [1, 100, 10_000]
"""COCO's caps on boxes per image; the last is the one that counts, and COCO's own 100 would lose cells."""

SIZES = ("all", "small", "medium", "large")
SIDES = (32, 96)
"""Pixels of the image: a box of less than 32 × 32 is small to COCO, one of more than 96 × 96 large."""

_NAN = float("nan")


@dataclass(frozen=True)
class CocoFigures:
    """COCO's figures of one class, or of all.

    ``truth``, ``ap`` and ``recall`` are by the size of the true cells: how many there are, the average precision
    and the largest recall, both the means over IoU 0.50 to 0.95; ``ap_by_iou`` has one for each of these, of
    cells of every size. NaN where there is no truth.
    """

    truth: dict[str, int]
    ap: dict[str, float]
    recall: dict[str, float]
    ap_by_iou: list[float]

    @property
    def ap50(self) -> float:
        """Average precision at IoU 0.50."""
        return self.ap_by_iou[0]

    @property
    def ap75(self) -> float:
        """Average precision at IoU 0.75."""
        return self.ap_by_iou[5]


@dataclass(frozen=True)
class CocoEvaluation:
    """COCO's evaluation: of all classes (the mean over those that are present), and of each."""

    max_detections: int
    ious: list[float]
    overall: CocoFigures
    classes: dict[str, CocoFigures]


def coco_evaluation(
    results: Sequence[ImageResult], classes: tuple[str, ...], nms_iou: float, thresholds: dict[str, float] | None = None
) -> CocoEvaluation:
    """Rank the candidates of each class that survive suppression within it, down to the model's score floor.

    Which other class may claim a cell does not matter here, as in any average precision.

    Parameters
    ----------
    results
        The fields. A class that cannot be judged in a field takes no part there.
    classes
        The model's classes in the order of the labels.
    nms_iou
        The overlap above which two boxes of a class are one cell.
    thresholds
        Thresholds by class name, to rank only what is counted at these.
    """
    truth, found = _annotations(results, classes, nms_iou, thresholds)
    numbers = _truth_by_size(truth, len(classes))
    if truth and found:
        precision, recall = _accumulated(results, classes, truth, found)
    else:  # which faster-coco-eval refuses
        there = np.where(numbers.T > 0, 0.0, -1.0)  # (class, size)
        precision = np.broadcast_to(there, (len(AP_IOUS), 1, *there.shape))
        recall = np.broadcast_to(there, (len(AP_IOUS), *there.shape))
    each = {
        name: _figures(numbers[:, label], precision[:, :, [label]], recall[:, [label]])
        for label, name in enumerate(classes)
    }
    overall = _figures(numbers.sum(axis=1), precision, recall)
    return CocoEvaluation(MAX_DETECTIONS[-1], AP_IOUS.tolist(), overall, each)


def _annotations(
    results: Sequence[ImageResult], classes: tuple[str, ...], nms_iou: float, thresholds: dict[str, float] | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the true and the found cells as COCO has them."""
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    for number, result in enumerate(results, start=1):
        judged = result.judged(classes)
        for box, label in zip(result.boxes[judged], result.labels[judged].tolist(), strict=True):
            truth.append(_annotation(number, box, label, id=len(truth) + 1, iscrowd=0))
        cells = result.image.found.detections
        if thresholds is None:
            ranked = suppress_by_class(cells.boxes, cells.scores, cells.labels, nms_iou)
        else:
            ranked = result.recount(CountSettings(thresholds, nms_iou), classes).counted
        for cell in np.flatnonzero(ranked).tolist():
            if classes[label := int(cells.labels[cell])] not in result.unjudged:
                found.append(_annotation(number, cells.boxes[cell], label, score=float(cells.scores[cell])))
    return truth, found


def _annotation(image: int, box: NDArray[np.float32], label: int, **more: Any) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(value) for value in box)
    width, height = x2 - x1, y2 - y1
    entry = {"image_id": image, "category_id": label, "bbox": [x1, y1, width, height]}
    return {**entry, "area": width * height, **more}


def _truth_by_size(truth: Sequence[dict[str, Any]], classes: int) -> NDArray[np.int64]:
    """Return how many true cells of each size and class there are, int64 (4, classes)."""
    labels = np.array([item["category_id"] for item in truth], np.int64)
    areas = np.array([item["area"] for item in truth], np.float64)
    small, large = (side**2 for side in SIDES)
    chosen = (areas >= 0, areas < small, (areas >= small) & (areas < large), areas >= large)
    return np.stack([np.bincount(labels[size], minlength=classes) for size in chosen])


def _accumulated(
    results: Sequence[ImageResult],
    classes: tuple[str, ...],
    truth: list[dict[str, Any]],
    found: list[dict[str, Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision (IoU, recall, class, size) and recall (IoU, class, size); -1 where there is no truth."""
    images = [
        {"id": number, "width": result.image.width, "height": result.image.height}
        for number, result in enumerate(results, start=1)
    ]
    categories = [{"id": label, "name": name} for label, name in enumerate(classes)]
    coco = COCO({"images": images, "annotations": truth, "categories": categories})
    run = COCOeval_faster(coco, coco.loadRes(found), "bbox")
    run.params.maxDets = MAX_DETECTIONS
    run.params.iouThrs = AP_IOUS
    run.evaluate()
    run.accumulate()
    sizes = [run.params.areaRngLbl.index(size) for size in SIZES]
    return run.eval["precision"][:, :, :, sizes, -1], run.eval["recall"][:, :, sizes, -1]


def _figures(numbers: NDArray[np.int64], precision: NDArray[np.float64], recall: NDArray[np.float64]) -> CocoFigures:
    return CocoFigures(
        dict(zip(SIZES, numbers.tolist(), strict=True)),
        {size: _mean_of_known(precision[..., place]) for place, size in enumerate(SIZES)},
        {size: _mean_of_known(recall[..., place]) for place, size in enumerate(SIZES)},
        [_mean_of_known(of_iou[..., 0]) for of_iou in precision],
    )


def _mean_of_known(values: NDArray[np.float64]) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else _NAN
