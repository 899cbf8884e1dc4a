"""Verification: every number is that of counting and matching at the threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import CountSettings, count
from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.counting.region import Region
from core.geometry.matching import UNMATCHED, match_points
from core.session.session import Session
from core.statistics.metrics import ClassScore, score_image
from core.verification.cases import Case
from core.verification.comparison import ModelResult, compare_models
from core.verification.errors import find_errors
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from core.verification.sweep import ClassSweep, threshold_steps
from core.verification.thresholds import ThresholdRecord, choose_threshold
from core.verification.verify import AP_IOUS, Verification

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CLASSES = ("RBC", "WBC", "Platelets")
SETTINGS = CountSettings(dict.fromkeys(CLASSES, 0.5))
STEPS = np.array([0.0, 0.2, 0.25, 0.5, 0.75, 1.0])

# Boxes of nearly one size and place, so that many pairs are one cell or nearly so; few scores, for ties.
box = st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(20, 24), st.integers(20, 24)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
label = st.integers(0, 2)
found_cells = st.lists(st.tuples(box, st.integers(0, 20).map(lambda n: n / 20), label), max_size=20)
true_cells = st.lists(st.tuples(box, label), max_size=12)
threshold = st.integers(0, 20).map(lambda n: n / 20)
thresholds_by_class = st.tuples(threshold, threshold, threshold).map(lambda t: dict(zip(CLASSES, t, strict=True)))
frames = st.sampled_from([None, Frame(50, 30, EdgeRule.TOP_LEFT), Frame(40, 28, EdgeRule.BOTTOM_RIGHT)])


def detections_of(cells: Sequence[tuple[tuple[int, int, int, int], float, int]]) -> Detections:
    return Detections.from_model(
        np.array([b for b, _, _ in cells], np.float32).reshape(-1, 4),
        np.array([s for _, s, _ in cells], np.float32),
        np.array([k for _, _, k in cells], np.int32),
    )


def truth_of(cells: Sequence[tuple[tuple[int, int, int, int], int]]) -> GroundTruth:
    boxes = np.array([b for b, _ in cells], np.float32).reshape(-1, 4)
    return GroundTruth(TruthKind.BOXES, TruthSource.IMPORTED, CLASSES, tuple(CLASSES[k] for _, k in cells), boxes)


def as_points(truth: GroundTruth) -> GroundTruth:
    return replace(truth, kind=TruthKind.POINTS, boxes=np.tile(truth.points, 2))


def settings_at(thresholds: dict[str, float], frame: Frame | None) -> CountSettings:
    return CountSettings(thresholds, SETTINGS.nms_iou, EdgeRule.ALL if frame is None else frame.rule)


def naive_scores(
    found: Detections, truth: GroundTruth, thresholds: dict[str, float], frame: Frame | None, iou: float
) -> dict[str, ClassScore]:
    """Count the image anew, and match what counts with the truth in the frame."""
    counted = count(found, settings_at(thresholds, frame), CLASSES, None, frame).counted
    if frame is not None:
        truth = truth.only(Case.of(0, "", found, truth, settings_at(thresholds, frame), frame).in_frame)
    if truth.kind == TruthKind.BOXES:
        return score_image(found, counted, truth.boxes, truth.labels(CLASSES), CLASSES, iou)
    scores = {}
    for place, name in enumerate(CLASSES):
        mine, points = counted & (found.labels == place), truth.points[truth.labels(CLASSES) == place]
        matched = match_points(found.boxes[mine], found.scores[mine], points)
        scores[name] = ClassScore(len(points), int(mine.sum()), int((matched != UNMATCHED).sum()))
    return scores


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


def field(seed: int, images: int, noise: float = 2.0, number: int = 40) -> list[tuple[Detections, GroundTruth]]:
    """Return images of red cells, nearly all found; the false ones have low scores."""
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(images):
        place = rng.permutation(100)[: number + 10]
        corner = np.stack([place % 10, place // 10], axis=1) * 40.0
        boxes = np.concatenate([corner, corner + 30], axis=1)
        scores = np.where(np.arange(len(boxes)) < number, rng.beta(6, 3, len(boxes)), rng.beta(2, 6, len(boxes)))
        found = Detections.from_model(
            (boxes + rng.normal(0, noise, boxes.shape)).astype(np.float32),
            scores.astype(np.float32),
            np.zeros(len(boxes), np.int32),
        )
        names = ("RBC",) * number
        truth = GroundTruth(
            TruthKind.BOXES, TruthSource.IMPORTED, CLASSES[:1], names, boxes[:number].astype(np.float32)
        )
        pairs.append((found, truth))
    return pairs


def cases_of(pairs: list[tuple[Detections, GroundTruth]], first: int = 0) -> list[Case]:
    return [Case.of(n, f"{n}.jpg", found, truth, SETTINGS) for n, (found, truth) in enumerate(pairs, first)]


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


# -- choosing a threshold ------------------------------------------------------------------------


def sweep_of(truth: list[int], counted: list[list[int]], matched: list[list[int]] | None = None) -> ClassSweep:
    steps = np.round(np.arange(1, len(counted[0]) + 1) / 10, 6)
    places = matched is not None
    return ClassSweep(
        "RBC",
        np.arange(len(truth)) + 100,
        steps,
        np.array(truth),
        np.array(counted),
        np.full(len(truth), places),
        np.array(matched) if matched is not None else np.zeros_like(counted),
    )


def best_by_hand(truth: np.ndarray, counted: np.ndarray) -> int:
    quality = [min(truth.sum(), c) / max(truth.sum(), c) for c in counted.sum(axis=0).tolist()]
    tied = [place for place, value in enumerate(quality) if value == max(quality)]
    return tied[len(tied) // 2]


def test_leaving_one_out_equals_doing_so_by_hand() -> None:
    rng = np.random.default_rng(8)
    truth = rng.integers(5, 60, 17)
    counted = np.sort((truth[:, None] * rng.uniform(0.5, 1.6, (17, 14))).astype(int), axis=1)[:, ::-1]
    sweep = sweep_of(truth.tolist(), counted.tolist())
    choice = choose_threshold(sweep)
    assert choice is not None
    others = [np.arange(17) != image for image in range(17)]
    folds = [best_by_hand(truth[rest], counted[rest]) for rest in others]
    assert choice.folds == tuple(sweep.thresholds[folds])
    assert choice.threshold == sorted(choice.folds)[8]
    total = sum(int(counted[image, fold]) for image, fold in enumerate(folds))
    assert choice.accuracy == min(total, truth.sum()) / max(total, truth.sum())
    assert choice.interval is not None
    assert choice.interval.low <= (choice.accuracy or 0) <= choice.interval.high
    assert choice.cross_validated
    assert choice.warning == ""
    assert choice.images == tuple(range(100, 117))
    assert choice == choose_threshold(sweep), "the draws are seeded"
    other = choose_threshold(sweep, seed=1)
    assert other is not None
    assert (other.threshold, other.accuracy) == (choice.threshold, choice.accuracy)
    assert other.interval != choice.interval


def test_with_few_images_a_choice_warns() -> None:
    choice = choose_threshold(sweep_of([10] * 9, [[12, 10, 9]] * 9))
    assert choice is not None
    assert (choice.threshold, choice.accuracy, choice.cross_validated, choice.interval) == (0.2, 1.0, False, None)
    assert "9 images" in choice.warning
    one = choose_threshold(sweep_of([10], [[12, 10, 9]]))
    assert one is not None
    assert "one image," in one.warning
    enough = choose_threshold(sweep_of([10] * 10, [[12, 10, 9]] * 10))
    assert enough is not None
    assert enough.cross_validated
    assert enough.interval == (1.0, 1.0)


def test_a_class_that_is_nowhere_has_no_best_threshold() -> None:
    assert choose_threshold(sweep_of([0, 0], [[3, 2, 0]] * 2)) is None
    assert choose_threshold(sweep_of([4], [[3, 2, 0]]), "f1") is None, "F1 needs places"


def test_a_class_in_a_single_image_can_be_cross_validated() -> None:
    choice = choose_threshold(sweep_of([8] + [0] * 9, [[9, 8, 0]] + [[1, 0, 0]] * 9))
    assert choice is not None
    assert choice.threshold == 0.2
    assert choice.folds[0] in (0.2, 0.3), "without the one image the best count is none"


def test_equal_accuracy_goes_to_the_better_f1_and_then_to_the_middle() -> None:
    choice = choose_threshold(sweep_of([10], [[10] * 5], [[5, 9, 9, 9, 8]]))
    assert choice is not None
    assert choice.threshold == 0.3


def test_the_best_f1_can_be_asked_for() -> None:
    sweep = sweep_of([10], [[20, 10, 8]], [[10, 6, 8]])
    choices = {measure: choose_threshold(sweep, measure) for measure in ("accuracy", "f1")}
    assert {measure: choice.threshold for measure, choice in choices.items() if choice} == {"accuracy": 0.2, "f1": 0.3}


def test_a_session_remembers_where_a_threshold_comes_from(tmp_path: Path) -> None:
    choice = choose_threshold(sweep_of([10, 11] * 6, [[12, 10, 9]] * 12))
    assert choice is not None
    names = tuple(f"{image}.jpg" for image in choice.images)
    record = ThresholdRecord(choice, names, 0.5, "RN30", "ab" * 32, datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    with Session.create(tmp_path / "work.smearcount") as session:
        session.settings.put("origin RBC", record)
    with Session.open(tmp_path / "work.smearcount") as session:
        assert session.settings.threshold_record("RBC") == record
    with pytest.raises(ValueError, match="names"):
        ThresholdRecord.from_stored({"choice": msgspec.to_builtins(choice)})


# -- comparing models ----------------------------------------------------------------------------


def model(name: str, cases: list[Case], classes: tuple[str, ...] = CLASSES, at: float = 0.4) -> ModelResult:
    return ModelResult(name, name * 2, classes, dict.fromkeys(classes, at), cases)


def test_a_worse_model_is_clearly_worse_and_an_equal_one_is_not() -> None:
    pairs = field(6, 12)
    rng = np.random.default_rng(1)
    blind = []
    for found, truth in pairs:
        seen = rng.random(len(found)) < 0.8
        detections = Detections.from_model(found.boxes[seen], found.scores[seen], found.labels[seen])
        blind.append((detections, truth))
    rows = compare_models([model("a", cases_of(pairs)), model("b", cases_of(pairs)[::-1]), model("c", cases_of(blind))])
    a, b, c = (row for row in rows if row.class_name == "RBC")
    assert (a.model, b.model, c.model) == ("a", "b", "c")
    assert a.accuracy_difference is a.f1_difference is None
    assert b.f1_difference is not None
    assert (b.f1_difference.value, tuple(b.f1_difference.interval), b.f1_difference.clear) == (0, (0, 0), False)
    assert c.accuracy_difference is not None
    assert c.f1_difference is not None
    assert c.f1_difference.clear
    assert c.f1_difference.interval.high < 0
    assert c.f1 is not None
    assert a.f1 is not None
    assert c.f1_difference.value == pytest.approx(c.f1 - a.f1)
    assert a.f1_interval is not None
    assert a.f1_interval.low < a.f1 < a.f1_interval.high
    paired = c.f1_difference.interval.high - c.f1_difference.interval.low
    assert c.f1_interval is not None
    unpaired = (c.f1_interval.high - c.f1_interval.low) + (a.f1_interval.high - a.f1_interval.low)
    assert paired < unpaired
    sweep = Verification(cases_of(pairs), CLASSES).class_sweep("RBC", np.array([0.4]))
    (expected,) = sweep.rows()
    assert (a.truth, a.counted, a.accuracy, a.precision, a.recall, a.f1) == (
        expected.truth,
        expected.counted,
        expected.accuracy,
        expected.precision,
        expected.recall,
        expected.f1,
    )
    assert a.images == 12
    assert a.average_precision == Verification(cases_of(pairs), CLASSES).precision_recall("RBC").average_precision


def test_models_are_compared_on_the_images_that_both_counted() -> None:
    pairs = field(7, 4)
    other = ("Red blood cells", "WBC")
    rows = compare_models([model("a", cases_of(pairs)), model("b", cases_of(pairs[1:3], first=1), other)])
    assert [(row.class_name, row.model, row.images) for row in rows] == [
        ("RBC", "a", 2),
        ("RBC", "b", 2),
        ("WBC", "a", 0),
        ("WBC", "b", 0),
        ("Platelets", "a", 0),
    ]
    assert rows[1].f1_difference is not None
    with pytest.raises(ValueError, match="no image"):
        compare_models([model("a", cases_of(pairs)), model("b", cases_of(pairs, first=9))])
