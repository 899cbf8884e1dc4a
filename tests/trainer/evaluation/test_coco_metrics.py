"""The program's matching and ratios against faster-coco-eval and against plain loops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.detection import MeanAveragePrecision

from core.geometry.boxes import iou_matrix
from core.geometry.matching import UNMATCHED, match_boxes
from core.statistics.metrics import ClassScore, PrecisionRecall, ThresholdCurve, score_image
from trainer.evaluation.coco_metrics import coco_evaluation

if TYPE_CHECKING:
    from trainer.evaluation.predict import ImageResult

seeds = st.integers(0, 2**32 - 1)


def match_plainly(boxes: np.ndarray, scores: np.ndarray, truth: np.ndarray, iou: float) -> list[int]:
    matched, free = [UNMATCHED] * len(boxes), set(range(len(truth)))
    overlap = iou_matrix(boxes, truth)
    for found in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        best = max(free, key=lambda true: overlap[found, true], default=None)
        if best is not None and overlap[found, best] >= iou:
            matched[found] = best
            free.remove(best)
    return matched


@given(seeds, st.sampled_from([0.3, 0.5, 0.75]))
def test_matching_is_the_plain_greedy_one(make: Any, seed: int, iou: float) -> None:
    field = make.noisy_field(seed)
    found = field.image.found.detections
    matched = match_boxes(found.boxes, found.scores, field.boxes, iou)
    assert matched.tolist() == match_plainly(found.boxes, found.scores, field.boxes, iou)
    taken = matched[matched != UNMATCHED]
    assert len(set(taken.tolist())) == len(taken)


def test_matching_nothing() -> None:
    no_boxes, no_scores = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    box, score = np.array([[0, 0, 9, 9]], np.float32), np.ones(1, np.float32)
    assert match_boxes(no_boxes, no_scores, box).tolist() == []
    assert match_boxes(box, score, no_boxes).tolist() == [UNMATCHED]
    assert match_boxes(box, score, box + 100).tolist() == [UNMATCHED]


def average_precision(
    fields: list[ImageResult], classes: tuple[str, ...], nms_iou: float
) -> dict[str, tuple[float, float]]:
    """Return (AP at IoU 0.5, mean AP at IoU 0.50 to 0.95) by class name."""
    figures = coco_evaluation(fields, classes, nms_iou).classes
    return {name: (values.ap50, values.ap["all"]) for name, values in figures.items()}


def own_ap(field: ImageResult, label: int) -> float:
    """Return the program's own average precision at IoU 0.5."""
    found = field.image.found.detections
    cells = np.flatnonzero(found.labels == label)
    truth = field.boxes[field.labels == label]
    is_true = match_boxes(found.boxes[cells], found.scores[cells], truth) != UNMATCHED
    return PrecisionRecall.of(found.scores[cells], is_true, len(truth)).average_precision


@given(seeds)
def test_ap_by_coco_is_ap_by_the_programs_own_matching(make: Any, seed: int) -> None:
    field = make.noisy_field(seed)
    by_coco = average_precision([field], make.classes, nms_iou=1.0)
    for label, name in enumerate(make.classes):
        assert by_coco[name][0] == pytest.approx(own_ap(field, label), abs=1e-6, nan_ok=True)


def test_ap_ranks_a_class_by_itself(make: Any) -> None:
    box = np.array([[5, 5, 50, 50]], np.float32)
    found = (np.concatenate([box, box]), np.array([0.6, 0.4], np.float32), np.array([0, 1], np.int32))
    field = make.field(found, (box, np.array([1])))
    assert average_precision([field], make.classes, 0.5)["WBC"] == pytest.approx((1.0, 1.0))
    counted = coco_evaluation([field], make.classes, 0.5, dict.fromkeys(make.classes, 0.3)).classes
    assert counted["WBC"].ap50 == 0.0  # it counts as the red cell that it more likely is


def test_ap_of_several_fields_is_that_of_torchmetrics(make: Any) -> None:
    fields = [make.noisy_field(seed) for seed in range(12)]
    metric = MeanAveragePrecision(
        backend="faster_coco_eval",
        class_metrics=True,
        max_detection_thresholds=[1, 100, 10_000],
        rec_thresholds=np.linspace(0, 1, 101).tolist(),  # its own are rounded to float32
    )
    for field in fields:
        found = field.image.found.detections
        said = {
            "boxes": torch.tensor(found.boxes),
            "scores": torch.tensor(found.scores),
            "labels": torch.tensor(found.labels).long(),
        }
        metric.update([said], [{"boxes": torch.tensor(field.boxes), "labels": torch.tensor(field.labels)}])
    expected = metric.compute()
    ours = average_precision(fields, make.classes, nms_iou=1.0)
    assert np.mean([ap50 for ap50, _ in ours.values()]) == pytest.approx(float(expected["map_50"]), abs=1e-6)
    assert [ap for _, ap in ours.values()] == pytest.approx(expected["map_per_class"].tolist(), abs=1e-6)


def test_ap_has_no_cap_on_boxes(make: Any) -> None:
    side = np.arange(40) * 10
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    boxes = np.stack([x, y, x + 8, y + 8], axis=1).astype(np.float32)
    labels = np.zeros(len(boxes), np.int32)
    scores = np.linspace(0.9, 0.1, len(boxes), dtype=np.float32)
    field = make.field((boxes, scores, labels), (boxes, labels.astype(np.int64)))
    assert average_precision([field], make.classes, 0.5)["RBC"] == pytest.approx((1.0, 1.0))


def test_ap_where_nothing_is_or_nothing_is_found(make: Any) -> None:
    nothing = (np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int32))
    one = (np.array([[5, 5, 50, 50]], np.float32), np.zeros(1, np.int64))
    empty = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    missed = average_precision([make.field(nothing, one)], make.classes, 0.5)
    assert missed["RBC"] == (0.0, 0.0)
    assert math.isnan(missed["WBC"][0])
    found = (one[0], np.ones(1, np.float32), np.zeros(1, np.int32))
    assert math.isnan(average_precision([make.field(found, empty)], make.classes, 0.5)["RBC"][0])


def test_ratios() -> None:
    score = ClassScore(truth=10, counted=8, matched=6)
    assert score.precision == pytest.approx(6 / 8)
    assert score.recall == pytest.approx(6 / 10)
    assert score.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert score.accuracy == pytest.approx(8 / 10)
    assert score.count_error == pytest.approx(-0.2)
    assert score + ClassScore(1, 2, 1) == ClassScore(11, 10, 7)
    assert all(math.isnan(value) for value in (ClassScore().precision, ClassScore().recall, ClassScore().f1))


@given(seeds)
def test_a_threshold_curve_is_counting_at_each_threshold(make: Any, seed: int) -> None:
    field = make.noisy_field(seed)
    found = field.image.found.detections
    cells = found.labels == 0
    truth = field.boxes[field.labels == 0]
    is_true = match_boxes(found.boxes[cells], found.scores[cells], truth) != UNMATCHED
    thresholds = np.array([0.0, 0.25, 0.5, float(found.scores[0]), 1.0])
    curve = ThresholdCurve.of(thresholds, found.scores[cells], is_true, len(truth))
    for place, threshold in enumerate(thresholds):
        counted = cells & (found.scores >= np.float32(threshold))
        expected = score_image(found, counted, field.boxes, field.labels, make.classes)["RBC"]
        assert curve.at(place) == expected
        if expected.truth + expected.counted:
            assert curve.f1[place] == pytest.approx(expected.f1)
