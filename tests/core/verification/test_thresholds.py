"""The best threshold of a class, and how sure it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from core.session.session import Session
from core.verification.sweep import ClassSweep
from core.verification.thresholds import ThresholdRecord, choose_threshold

if TYPE_CHECKING:
    from pathlib import Path


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
