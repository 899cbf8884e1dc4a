"""Counting: what a threshold does, and one cell counts once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.boxes import iou_matrix, suppress_by_class
from core.counting import SAME_CELL_IOU, CountSettings, count
from core.detections import Detections

CLASSES = ("RBC", "WBC", "Platelets")

Cell = tuple[tuple[int, int, int, int], float, int]


def detections_of(cells: list[Cell]) -> Detections:
    return Detections.from_model(
        np.array([box for box, _, _ in cells], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in cells], np.float32),
        np.array([label for _, _, label in cells], np.int32),
    )


def settings_of(thresholds: tuple[float, float, float], nms_iou: float = 0.5) -> CountSettings:
    return CountSettings(dict(zip(CLASSES, thresholds, strict=True)), nms_iou)


# Boxes of nearly one size and place, so that many pairs are one cell or nearly so.
box = st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(20, 24), st.integers(20, 24)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
cell = st.tuples(box, st.integers(0, 100).map(lambda n: n / 100), st.integers(0, 2))
fields = st.lists(cell, max_size=25).map(detections_of)
threshold = st.integers(0, 100).map(lambda n: n / 100)
thresholds = st.tuples(threshold, threshold, threshold)
overlaps = st.sampled_from([0.3, 0.5, 0.7])


def count_by_definition(cells: Detections, settings: CountSettings) -> list[bool]:
    """Drop what is under its threshold, suppress within classes, then let the likelier class win."""
    limits = np.array([settings.thresholds[name] for name in CLASSES], np.float32)
    above = np.flatnonzero(cells.scores >= limits[cells.labels])
    kept = above[suppress_by_class(cells.boxes[above], cells.scores[above], cells.labels[above], settings.nms_iou)]
    overlap = iou_matrix(cells.boxes, cells.boxes)
    counted: list[int] = []
    for i in kept.tolist():
        if not any(overlap[i, j] > SAME_CELL_IOU and cells.labels[i] != cells.labels[j] for j in counted):
            counted.append(i)
    return [i in counted for i in range(len(cells))]


@given(fields, thresholds, overlaps)
def test_suppressing_once_equals_suppressing_after_the_threshold(
    cells: Detections, limits: tuple[float, float, float], nms_iou: float
):
    """The program suppresses once and then only thresholds, so that a slider is fast."""
    settings = settings_of(limits, nms_iou)
    assert count(cells, settings, CLASSES).counted.tolist() == count_by_definition(cells, settings)


@given(fields, thresholds, st.integers(0, 2), threshold, overlaps)
def test_raising_a_threshold_never_raises_its_count(
    cells: Detections, limits: tuple[float, float, float], label: int, other: float, nms_iou: float
):
    low, high = list(limits), list(limits)
    low[label], high[label] = sorted((limits[label], other))
    name = CLASSES[label]
    before = count(cells, settings_of((low[0], low[1], low[2]), nms_iou), CLASSES).counts[name]
    after = count(cells, settings_of((high[0], high[1], high[2]), nms_iou), CLASSES).counts[name]
    assert after <= before


@given(fields, thresholds)
def test_counts_and_means_are_those_of_the_counted_cells(cells: Detections, limits: tuple[float, float, float]):
    result = count(cells, settings_of(limits), CLASSES)
    for label, name in enumerate(CLASSES):
        scores = cells.scores[result.counted & (cells.labels == label)]
        assert result.counts[name] == len(scores)
        mean = pytest.approx(float(np.mean(scores))) if len(scores) else None
        assert result.mean_scores[name] == mean
        assert (scores >= np.float32(limits[label])).all()


def test_a_cell_of_two_classes_counts_once_as_the_likelier():
    cells = detections_of([((0, 0, 50, 50), 0.8, 1), ((1, 0, 50, 51), 0.6, 0)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 0, "WBC": 1, "Platelets": 0}


def test_the_other_class_counts_when_the_likelier_is_under_its_threshold():
    cells = detections_of([((0, 0, 50, 50), 0.8, 1), ((1, 0, 50, 51), 0.6, 0)])
    assert count(cells, settings_of((0.5, 0.9, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 0}


def test_a_cell_that_gave_way_does_not_displace_another():
    """Red and white are one cell, white and platelet nearly; the white box counts for neither."""
    cells = detections_of([((0, 0, 50, 50), 0.9, 0), ((6, 0, 56, 50), 0.8, 1), ((12, 0, 62, 50), 0.7, 2)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 1}


def test_a_platelet_on_a_red_cell_counts_beside_it():
    cells = detections_of([((0, 0, 60, 60), 0.9, 0), ((20, 20, 40, 40), 0.6, 2)])
    assert count(cells, settings_of((0.5, 0.5, 0.5)), CLASSES).counts == {"RBC": 1, "WBC": 0, "Platelets": 1}


def test_a_score_at_the_threshold_counts():
    cells = detections_of([((0, 0, 60, 60), 0.7, 0)])
    assert count(cells, settings_of((0.7, 0.5, 0.5)), CLASSES).counts["RBC"] == 1


def test_an_empty_field_counts_nothing():
    result = count(Detections.empty(), settings_of((0.5, 0.5, 0.5)), CLASSES)
    assert result.counts == dict.fromkeys(CLASSES, 0)
    assert result.mean_scores == dict.fromkeys(CLASSES)


def test_detections_come_in_descending_order_and_cannot_be_changed():
    cells = detections_of([((0, 0, 9, 9), 0.2, 0), ((50, 0, 59, 9), 0.9, 1), ((0, 50, 9, 59), 0.5, 2)])
    assert cells.labels.tolist() == [1, 2, 0]
    assert cells.ids.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        cells.scores[0] = 0


def test_detections_must_be_of_one_length():
    with pytest.raises(ValueError, match="the same cells"):
        Detections(
            np.zeros((2, 4), np.float32),
            np.zeros(2, np.float32),
            np.zeros(3, np.int32),
            np.zeros(2, np.int64),
            np.zeros(2, np.uint8),
        )
