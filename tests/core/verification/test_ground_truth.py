"""Ground truth: what it says, and that a session gives back what was put in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.annotations.base import AnnotatedImage
from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import CountSettings, count
from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource

CLASSES = ("RBC", "WBC", "Platelets")


def same(first: GroundTruth, second: GroundTruth) -> bool:
    return first.stored() == second.stored() and np.array_equal(first.boxes, second.boxes)


def some_boxes() -> GroundTruth:
    boxes = np.array([[0.1, 0, 10, 10], [50, 50, 60.3, 61], [5, 5, 9, 9]], np.float32)
    return GroundTruth.imported(AnnotatedImage("a.jpg", 100, 80, boxes, ("RBC", "WBC", "RBC")), CLASSES)


def test_totals_say_how_many_and_nothing_of_places() -> None:
    truth = GroundTruth.typed({"WBC": 2, "RBC": 0})
    assert truth.counts() == {"WBC": 2, "RBC": 0}
    assert truth.counts_for(CLASSES) == [0, 2, None], "platelets were not counted"
    assert len(truth) == len(truth.points) == 0
    assert truth.within(lambda boxes: np.zeros(len(boxes), bool)).counts() == truth.counts()


def test_a_tally_grows_mark_by_mark_and_loses_the_last() -> None:
    truth = GroundTruth.tally(CLASSES, blind=True).with_point("WBC", 3, 4.5).with_point("RBC", 7, 8)
    assert truth.counts() == {"RBC": 1, "WBC": 1, "Platelets": 0}
    assert truth.points.tolist() == [[3, 4.5], [7, 8]]
    assert truth.without(-1).names == ("WBC",)
    assert truth.without(0).names == ("RBC",)
    assert truth.blind
    assert truth.with_point("NRBC", 1, 1).counts()["NRBC"] == 1
    with pytest.raises(ValueError, match="points"):
        some_boxes().with_point("RBC", 1, 1)


def test_imported_boxes_can_be_taken_as_points() -> None:
    boxes = np.array([[0, 0, 10, 20]], np.float32)
    image = AnnotatedImage("a.jpg", 100, 80, boxes, ("Band cell",))
    truth = GroundTruth.imported(image, CLASSES, points=True)
    assert truth.kind == TruthKind.POINTS
    assert truth.boxes.tolist() == [[5, 10, 5, 10]]
    assert truth.counts() == {"RBC": 0, "WBC": 0, "Platelets": 0, "Band cell": 1}


def test_a_reviewed_image_is_what_counts_after_the_corrections() -> None:
    found = Detections.from_model(
        np.array([[0, 0, 9, 9], [20, 0, 29, 9], [40, 0, 49, 9]], np.float32),
        np.array([0.9, 0.8, 0.2], np.float32),
        np.array([0, 0, 1], np.int32),
    )
    new = Cell("WBC", (60.0, 0.0, 70.0, 10.0), 1.0, Origin.PERSON)
    corrections = CellEdits.from_edits(found, [CellChange(0, None, None), CellChange(9, None, new)], CLASSES)
    result = count(found, CountSettings(dict.fromkeys(CLASSES, 0.5)), CLASSES, corrections)
    truth = GroundTruth.reviewed(corrections.apply(found), result.counted, CLASSES)
    assert truth.counts() == result.counts == {"RBC": 1, "WBC": 1, "Platelets": 0}
    assert truth.boxes.tolist() == [[20, 0, 29, 9], [60, 0, 70, 10]]
    assert truth.source == TruthSource.REVIEWED


def test_a_frame_holds_some_of_the_cells() -> None:
    truth = some_boxes().within(Frame(100, 80, EdgeRule.TOP_LEFT).inside)
    assert truth.names == ("WBC", "RBC")
    assert truth.counts() == {"RBC": 1, "WBC": 1, "Platelets": 0}


def test_a_models_classes_are_known_by_any_usual_name() -> None:
    boxes = np.zeros((3, 4), np.float32)
    image = AnnotatedImage("a.jpg", 100, 80, boxes, ("Red blood cells", "NRBC", "thrombocyte"))
    truth = GroundTruth.imported(image, ())
    assert truth.labels(CLASSES).tolist() == [0, -1, 2]
    assert truth.counts_for(CLASSES) == [1, None, 1]
    both = GroundTruth.typed({"RBC": 3, "erythrocytes": 4})
    assert both.counts_for(("WBC", "Red cell")) == [None, 7]


@pytest.mark.parametrize(
    "make",
    [
        lambda: GroundTruth(TruthKind.TOTALS, TruthSource.TYPED, ("RBC",)),
        lambda: GroundTruth.typed({"RBC": -1}),
        lambda: GroundTruth(TruthKind.POINTS, TruthSource.TALLY, ("RBC",), ("WBC",), np.zeros((1, 4), np.float32)),
        lambda: GroundTruth(TruthKind.POINTS, TruthSource.TALLY, ("RBC",), ("RBC",)),
        lambda: GroundTruth(TruthKind.POINTS, TruthSource.TALLY, ("RBC",), totals={"RBC": 1}),
        lambda: GroundTruth.tally(CLASSES).with_point("RBC", float("nan"), 0),
    ],
)
def test_what_contradicts_itself_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"cells|totals"):
        make()


names: st.SearchStrategy[str] = st.sampled_from(list[str](CLASSES))
side = st.floats(-10, 5000, width=32)
truths = st.one_of(
    st.dictionaries(names, st.integers(0, 10**6)).map(GroundTruth.typed),
    st.lists(st.tuples(names, side, side)).map(
        lambda marks: GroundTruth(
            TruthKind.POINTS,
            TruthSource.TALLY,
            CLASSES,
            tuple(name for name, _, _ in marks),
            np.array([(x, y, x, y) for _, x, y in marks], np.float32).reshape(-1, 4),
            blind=len(marks) % 2 == 0,
        )
    ),
    st.lists(st.tuples(names, st.tuples(side, side, side, side))).map(
        lambda cells: GroundTruth(
            TruthKind.BOXES,
            TruthSource.IMPORTED,
            CLASSES,
            tuple(name for name, _ in cells),
            np.array([box for _, box in cells], np.float32).reshape(-1, 4),
        )
    ),
)


@given(truths)
def test_what_is_stored_comes_back(truth: GroundTruth) -> None:
    again = GroundTruth.from_stored(truth.stored())
    assert same(again, truth)
    assert (again.kind, again.source, again.blind) == (truth.kind, truth.source, truth.blind)
    assert again.counts() == truth.counts()


def test_the_boxes_of_an_earlier_version_are_read() -> None:
    truth = GroundTruth.from_stored([["WBC", [1, 2, 3, 4]], ["RBC", [5.5, 6, 7, 8]], ["WBC", [0, 0, 1, 1]]])
    assert truth.counts() == {"WBC": 2, "RBC": 1}
    assert truth.boxes.tolist() == [[1, 2, 3, 4], [5.5, 6, 7, 8], [0, 0, 1, 1]]
    assert (truth.kind, truth.source) == (TruthKind.BOXES, TruthSource.IMPORTED)
    assert len(GroundTruth.from_stored([])) == 0


@pytest.mark.parametrize(
    "value",
    [
        7,
        {},
        [["RBC"]],
        [["RBC", [1, 2, 3]]],
        {"kind": "points", "source": "tally", "classes": ["RBC"], "cells": [["RBC", 1]]},
        {"kind": "points", "source": "tally", "classes": ["RBC"], "cells": [["RBC", 1, 2, 3, 4]]},
        {"kind": "points", "source": "tally", "classes": ["RBC"], "cells": [["WBC", 1, 2]]},
        {"kind": "boxes", "source": "tally", "classes": ["RBC"], "cells": [[1, 2, 3, 4, "RBC"]]},
        {"kind": "totals", "source": "typed", "classes": ["RBC"]},
        {"kind": "totals", "source": "typed", "classes": ["RBC"], "totals": {"RBC": 1.5}},
        {"kind": "areas", "source": "typed", "classes": []},
        {"kind": "points", "source": "tally", "classes": [], "colour": "red"},
    ],
)
def test_a_damaged_truth_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        GroundTruth.from_stored(value)
