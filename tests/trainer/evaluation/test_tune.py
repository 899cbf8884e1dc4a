from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from core.counting.count import CountSettings
from core.models.card import ModelCard
from core.statistics.metrics import ThresholdCurve
from trainer.evaluation.predict import total_scores
from trainer.evaluation.tune import NEAR_TIE, NMS_OVERLAPS, before_and_after, best_threshold, tune, tune_thresholds

CARD = ModelCard(
    name="card",
    architecture="none",
    classes=("RBC", "WBC", "Platelets"),
    thresholds={"RBC": 0.4, "WBC": 0.4, "Platelets": 0.37},
    red_cell_diameter=64,
)


def rows(pitch: float, count: int) -> np.ndarray:
    """Return boxes of 40 pixels in a row, ``pitch`` pixels apart."""
    x = pitch * np.arange(count)
    return np.stack([x, x * 0, x + 40, x * 0 + 40], axis=1).astype(np.float32)


def test_the_threshold_goes_between_true_and_false_cells(make: Any) -> None:
    boxes = np.concatenate([rows(50, 7), rows(50, 7) + np.array([0, 100, 0, 100], np.float32)])
    scores = np.concatenate([np.linspace(0.61, 0.9, 7), np.linspace(0.1, 0.55, 7)]).astype(np.float32)
    labels = np.zeros(14, np.int32)
    field = make.field((boxes, scores, labels), (boxes[:7], np.zeros(7, np.int64)))
    tuning = tune_thresholds([field], CARD, 0.5)
    assert 0.55 < tuning.settings.thresholds["RBC"] <= 0.61
    assert tuning.scores["RBC"].f1 == 1
    assert tuning.settings.thresholds["Platelets"] == 0.37, "no platelets to tune on"


def test_the_overlap_is_the_one_that_keeps_touching_cells(make: Any) -> None:
    touching = rows(40 / 3, 8)  # neighbours overlap by an IoU of 0.5
    apart = rows(50, 8) + np.array([0, 100, 0, 100], np.float32)
    doubles = apart + np.array([0, 9, 0, 9], np.float32)  # an IoU of 0.63 with their cell
    boxes = np.concatenate([touching, apart, doubles])
    found = (boxes, np.linspace(0.9, 0.7, len(boxes), dtype=np.float32), np.zeros(len(boxes), np.int32))
    field = make.field(found, (boxes[:16], np.zeros(16, np.int64)))
    tunings = tune([field], CARD)
    assert sorted(tuning.settings.nms_iou for tuning in tunings) == sorted(NMS_OVERLAPS)
    assert 0.5 <= tunings[0].settings.nms_iou <= 0.6
    assert tunings[0].scores["RBC"].f1 == 1


def test_near_ties_go_to_the_truest_count() -> None:
    curve = ThresholdCurve(np.array([0.3, 0.4, 0.5]), np.array([1100, 1001, 900]), np.array([1000, 950, 900]), 1000)
    assert np.ptp(curve.f1) < 0.006
    assert curve.f1.argmax() != 1
    assert curve.f1.max() - curve.f1[1] < 0.003 <= NEAR_TIE
    assert best_threshold(curve) == 1


def test_the_total_of_a_few_cells_decides_nothing() -> None:
    thresholds = np.arange(20, 81) / 100
    counted = np.where(thresholds < 0.3, 130, np.where(thresholds < 0.6, 101, np.where(thresholds < 0.7, 100, 60)))
    curve = ThresholdCurve(thresholds, counted, np.minimum(counted, 100), 100)
    assert counted[thresholds == 0.65] == curve.truth, "where the total is true"
    assert thresholds[best_threshold(curve)] == pytest.approx(0.5), "the middle of 0.3 to 0.7"


@pytest.mark.parametrize("seed", range(5))
def test_the_scores_of_a_tuning_are_those_of_counting_at_its_settings(make: Any, seed: int) -> None:
    fields = [make.noisy_field(100 * seed + number) for number in range(6)]
    tuning = tune_thresholds(fields, CARD, 0.5)
    counted = [
        make.field(
            (r.image.found.detections.boxes, r.image.found.detections.scores, r.image.found.detections.labels),
            (r.boxes, r.labels),
            CountSettings(tuning.settings.thresholds, 0.5),
        )
        for r in fields
    ]
    assert total_scores(counted, make.classes) == tuning.scores


def test_before_and_after_tell_what_tuning_gained(make: Any) -> None:
    boxes = np.concatenate([rows(50, 7), rows(50, 7) + np.array([0, 100, 0, 100], np.float32)])
    scores = np.concatenate([np.linspace(0.61, 0.9, 7), np.linspace(0.41, 0.55, 7)]).astype(np.float32)
    field = make.field((boxes, scores, np.zeros(14, np.int32)), (boxes[:7], np.zeros(7, np.int64)))
    nothing, before, tuned = before_and_after([field], CARD, tune([field], CARD)[0].settings)
    assert [item.name for item in (nothing, before, tuned)] == ["nothing filtered", "before", "tuned"]
    assert before.mean_f1 == nothing.mean_f1 == 2 / 3, "all that is wrong is above the card's threshold"
    assert tuned.mean_f1 == 1
    assert before.settings.thresholds == CARD.thresholds
    assert tuned.mean_ap50_counted == 1


def test_thresholds_cut_the_ranking_short_and_suppression_cleans_it(make: Any) -> None:
    apart = rows(50, 8)
    doubles = apart + np.array([0, 6, 0, 6], np.float32)
    boxes = np.concatenate([apart, doubles])
    found = (boxes, np.linspace(0.9, 0.2, 16, dtype=np.float32), np.zeros(16, np.int32))
    field = make.field(found, (np.concatenate([apart, rows(50, 2) + 300]), np.zeros(10, np.int64)))
    strict = CountSettings({**CARD.thresholds, "RBC": 0.75}, 0.5)
    nothing, _, item = before_and_after([field], CARD, strict)
    assert item.mean_ap50 == nothing.mean_ap50
    assert item.mean_ap50_counted < item.mean_ap50
    assert item.mean_f1 < nothing.mean_f1


def test_a_class_that_a_field_does_not_judge_is_tuned_on_the_others(make: Any) -> None:
    boxes = rows(50, 8)
    truth = (boxes, np.zeros(8, np.int64))
    found = (boxes, np.linspace(0.6, 0.9, 8, dtype=np.float32), np.zeros(8, np.int32))
    good = make.field(found, truth)
    unjudged = dataclasses.replace(make.field(found, (boxes[:0], truth[1][:0])), unjudged=frozenset({"RBC"}))
    assert tune([good, unjudged], CARD)[0] == tune([good], CARD)[0]
