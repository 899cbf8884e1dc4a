"""Models compared on the same images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from core.cells import Detections
from core.verification.comparison import ModelResult, compare_models
from core.verification.verify import Verification

if TYPE_CHECKING:
    from core.verification.cases import Case

from tests.core.verification.fields import CLASSES, cases_of, field


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
