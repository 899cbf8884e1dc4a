"""Counts against a ground truth, at every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import count
from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.counting.region import Region
from core.statistics.metrics import ClassScore
from core.verification.cases import Case
from core.verification.errors import find_errors
from core.verification.ground_truth import GroundTruth
from core.verification.sweep import threshold_steps
from core.verification.verify import AP_IOUS, Verification
from tests.core.verification.fields import (
    CLASSES,
    SETTINGS,
    STEPS,
    as_points,
    cases_of,
    detections_of,
    field,
    found_cells,
    frames,
    naive_scores,
    settings_at,
    thresholds_by_class,
    true_cells,
    truth_of,
)


@pytest.mark.parametrize("rule", list(EdgeRule))
def test_a_point_belongs_to_the_frame_with_the_cell_found_round_it(rule: EdgeRule) -> None:
    boxes = [(x, y, x + 18, y + 18) for x in range(1, 100, 20) for y in range(1, 80, 20)]
    found = detections_of([(box, 0.05, 0) for box in boxes])
    frame = Frame(100, 80, rule, Region.between(24, 24, 88, 67))
    truth = truth_of([(box, 0) for box in boxes])
    case = Case.of(0, "", found, as_points(truth), settings_at({}, frame), frame)
    assert case.in_frame.tolist() == frame.inside(truth.boxes).tolist()
    alone = Case.of(0, "", detections_of([]), as_points(truth), settings_at({}, frame), frame)
    assert alone.in_frame.tolist() == frame.inside(as_points(truth).boxes).tolist()


@pytest.mark.slow
@given(
    st.lists(st.tuples(found_cells, true_cells), min_size=1, max_size=3),
    frames,
    st.sampled_from([0.3, 0.5, 0.8]),
    st.booleans(),
)
def test_a_sweep_is_counting_at_each_threshold(
    images: list[tuple[list, list]], frame: Frame | None, iou: float, points: bool
) -> None:
    pairs = [(detections_of(found), truth_of(true)) for found, true in images]
    if points:
        pairs = [(found, as_points(truth)) for found, truth in pairs]
    settings = settings_at({}, frame)
    cases = [Case.of(n, "", found, truth, settings, frame) for n, (found, truth) in enumerate(pairs)]
    sweeps = Verification(cases, CLASSES).sweep(STEPS, iou)
    for place, threshold in enumerate(map(float, STEPS)):
        at: dict[str, float] = dict.fromkeys(CLASSES, threshold)
        expected = [naive_scores(found, truth, at, frame, iou) for found, truth in pairs]
        for name, sweep in sweeps.items():
            for image, scores in enumerate(expected):
                numbers = sweep.truth[image], sweep.counted[image, place], sweep.matched[image, place]
                assert ClassScore(*map(int, numbers)) == scores[name]
            assert sweep.score(place) == sum((scores[name] for scores in expected), ClassScore())


@pytest.mark.slow
@given(found_cells, true_cells, thresholds_by_class, st.sampled_from([0.3, 0.5]))
def test_one_class_can_be_swept_while_the_others_stay(
    found_list: list, true: list, others: dict[str, float], iou: float
) -> None:
    found, truth = detections_of(found_list), truth_of(true)
    verification = Verification([Case.of(1, "", found, truth, SETTINGS)], CLASSES, others)
    for name, sweep in verification.sweep(STEPS, iou).items():
        for place, threshold in enumerate(STEPS.tolist()):
            expected = naive_scores(found, truth, {**others, name: threshold}, None, iou)[name]
            assert sweep.score(place) == expected


@pytest.mark.slow
@given(found_cells, true_cells, thresholds_by_class, frames, st.booleans())
def test_errors_are_the_cells_that_the_scores_count(
    found_list: list, true: list, thresholds: dict[str, float], frame: Frame | None, points: bool
) -> None:
    found, truth = detections_of(found_list), truth_of(true)
    truth = as_points(truth) if points else truth
    case = Case.of(7, "", found, truth, settings_at({}, frame), frame)
    errors = find_errors([case], CLASSES, thresholds)
    for name, score in naive_scores(found, truth, thresholds, frame, 0.5).items():
        mine = [error for error in errors if error.class_name == name]
        assert sum(not error.missed for error in mine) == score.counted - score.matched
        assert sum(error.missed for error in mine) == score.truth - score.matched
    counted = count(found, settings_at(thresholds, frame), CLASSES, None, frame).counted
    for error in errors:
        assert error.image == 7
        if error.truth is not None:
            assert truth.names[error.truth] == error.class_name
            assert error.box == tuple(truth.boxes[error.truth].tolist())
            assert error.cell is None
        else:
            (place,) = np.flatnonzero(found.ids == error.cell)
            assert counted[place]
            assert error.box == tuple(found.boxes[place].tolist())
            assert error.score == found.scores[place]


def test_the_table_has_every_figure_and_marks_the_best_rows() -> None:
    (pair,) = field(1, 1)
    (case,) = cases_of([pair])
    rows = Verification([case], CLASSES).sweep()["RBC"].rows()
    assert [row.threshold for row in rows] == threshold_steps().tolist()
    for row in rows:
        score = naive_scores(*pair, dict.fromkeys(CLASSES, row.threshold), None, 0.5)["RBC"]
        assert (row.truth, row.counted, row.tp) == (score.truth, score.counted, score.matched)
        assert (row.fp, row.fn) == (score.counted - score.matched, score.truth - score.matched)
        assert row.f1 == (score.f1 if score.counted else 0)
        assert row.accuracy == score.accuracy
        assert row.most_accurate == (row.accuracy == max(r.accuracy or 0 for r in rows))
        assert row.best_f1 == (row.f1 == max(r.f1 or 0 for r in rows))


def test_a_ratio_of_nothing_is_none() -> None:
    case = Case.of(1, "", Detections.empty(), truth_of([]), SETTINGS)
    row = Verification([case], CLASSES).sweep()["RBC"].rows()[0]
    assert (row.accuracy, row.precision, row.recall, row.f1) == (None,) * 4
    assert (row.truth, row.counted, row.tp, row.fp, row.fn) == (0,) * 5
    assert not row.most_accurate


def test_totals_among_boxes_are_in_the_accuracy_only() -> None:
    boxes, typed = field(2, 2)
    cases = cases_of([boxes, (typed[0], GroundTruth.typed({"red cells": 44}))])
    sweep = Verification(cases, CLASSES).sweep()["RBC"]
    alone = Verification(cases[:1], CLASSES).sweep()["RBC"]
    for row, one, total in zip(sweep.rows(), alone.rows(), sweep.counted.sum(axis=0).tolist(), strict=True):
        assert (row.tp, row.fp, row.fn, row.f1) == (one.tp, one.fp, one.fn, one.f1)
        assert (row.truth, row.counted) == (84, total)
        assert row.accuracy == min(84, total) / max(84, total)
    assert find_errors(cases[1:], CLASSES, SETTINGS.thresholds) == []


def test_an_image_in_which_nobody_looked_for_a_class_is_left_out() -> None:
    looked, unknown = field(3, 2)
    cases = cases_of([looked, (unknown[0], GroundTruth.typed({"WBC": 3, "NRBC": 2}))])
    sweeps = Verification(cases, CLASSES).sweep()
    assert sweeps["RBC"].images.tolist() == [0]
    assert sweeps["WBC"].images.tolist() == [1]
    assert sweeps["WBC"].rows()[0].truth == 3
    assert sweeps["Platelets"].rows()[0].counted == 0


def test_the_model_is_verified_unless_corrections_are_given() -> None:
    found = detections_of([((0, 0, 20, 20), 0.9, 0), ((40, 0, 60, 20), 0.8, 0), ((80, 0, 99, 20), 0.3, 0)])
    new = Cell("RBC", (120.0, 0.0, 140.0, 20.0), 1.0, Origin.PERSON)
    corrections = CellEdits.from_edits(found, [CellChange(1, None, None), CellChange(9, None, new)], CLASSES)
    truth = truth_of([((0, 0, 20, 20), 0), ((120, 0, 140, 20), 0), ((160, 0, 180, 20), 0)])
    model = Case.of(1, "", found, truth, SETTINGS)
    corrected = Case.of(1, "", found, truth, SETTINGS, edits=corrections)
    steps = np.array([0.2, 0.5, 0.95])
    by_model = Verification([model], CLASSES).class_sweep("RBC", steps)
    by_person = Verification([corrected], CLASSES).class_sweep("RBC", steps)
    assert (by_model.counted.tolist(), by_model.matched.tolist()) == ([[3, 2, 0]], [[1, 1, 0]])
    assert (by_person.counted.tolist(), by_person.matched.tolist()) == ([[3, 2, 1]], [[2, 2, 1]])
    errors = find_errors([corrected], CLASSES, SETTINGS.thresholds)
    assert [(error.cell, error.truth) for error in errors] == [(None, 2)]
    precision_recall = Verification([corrected], CLASSES).precision_recall("RBC")
    assert precision_recall.points[0].tolist() == pytest.approx([np.inf, 0.9, 0.3])


def test_steps() -> None:
    assert threshold_steps(0.1, 0.3, 0.1).tolist() == [0.1, 0.2, 0.3]
    assert threshold_steps(0.5, 0.5).tolist() == [0.5]
    assert threshold_steps(0.2, 0.31, 0.05).tolist() == [0.2, 0.25, 0.3]
    assert len(threshold_steps(0, 1, 0.001)) == 1001
    for wrong in ((0.5, 0.4, 0.1), (-0.1, 0.5, 0.1), (0, 1.1, 0.1), (0, 1, 0)):
        with pytest.raises(ValueError, match="thresholds"):
            threshold_steps(*wrong)


def test_an_overlap_that_was_not_prepared_is_refused() -> None:
    verification = Verification(cases_of(field(1, 1)), CLASSES)
    with pytest.raises(ValueError, match=r"0\.1 to 1"):
        verification.sweep(iou=0.05)


def test_average_precision_falls_with_the_overlap() -> None:
    verification = Verification(cases_of(field(4, 5, noise=3)), CLASSES)
    falling = verification.average_precision("RBC")
    assert falling.shape == AP_IOUS.shape
    assert (np.diff(falling) <= 0).all()
    assert falling[0] == verification.precision_recall("RBC", 0.5).average_precision > 0.9 > falling[-1]
    assert np.isnan(verification.average_precision("WBC")).all(), "no truth"


def test_a_precision_recall_curve_is_the_sweep() -> None:
    verification = Verification(cases_of(field(5, 4)), CLASSES)
    scores, precision, recall = verification.precision_recall("RBC").points
    sweep = verification.class_sweep("RBC", np.sort(scores).astype(np.float64))
    for place, (p, r) in enumerate(zip(precision[::-1], recall[::-1], strict=True)):
        assert (sweep.score(place).precision, sweep.score(place).recall) == (p, r)
