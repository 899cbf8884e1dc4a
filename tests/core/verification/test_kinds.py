"""Kinds that users gave to cells against those of a ground truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.kinds.tree import NO_CELL, red_cell_kinds, white_cell_kinds
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth
from core.verification.kinds import NamedCell, kind_agreement, matched_kinds
from tests.core.verification.fields import CLASSES, SETTINGS, as_points, detections_of, truth_of

TREE = white_cell_kinds().with_kinds(red_cell_kinds().kinds)
BOXES = [(place * 50, 0, place * 50 + 30, 30) for place in range(6)]
WBC, RBC = CLASSES.index("WBC"), CLASSES.index("RBC")
AT: dict[str, float] = dict.fromkeys(CLASSES, 0.5)


def truth(*finer: str) -> GroundTruth:
    return replace(truth_of([(box, WBC) for box in BOXES[: len(finer)]]), finer=finer)


def case_of(given: GroundTruth, label: int = WBC) -> Case:
    found = detections_of([(box, 0.9, label) for box in BOXES])
    return Case.of(7, "a.jpg", found, given, SETTINGS)


@pytest.mark.parametrize("points", [False, True])
def test_cells_are_compared_with_the_true_ones_at_their_places(points: bool) -> None:
    given = truth("Neutrophils", "lymphocyte", "WBC: Monocyte", "something else", "")
    case = case_of(as_points(given) if points else given)
    typed = dict(zip(case.cells.ids.tolist(), ("band-neutrophil", "monocyte", "", "eosinophil", "blast"), strict=False))
    [(name, cells)] = matched_kinds(case, typed, TREE, CLASSES, AT, 0.5).items()
    assert name == "WBC"
    found = kind_agreement(cells, TREE)
    assert found is not None
    assert [(cell.true, cell.said) for cell in found.cells] == [
        ("neutrophil", "neutrophil"),
        ("lymphocyte", "monocyte"),
    ]
    assert found.unnamed == 1  # the monocyte
    assert found.kinds == ("neutrophil", "lymphocyte", "monocyte")
    assert found.confusion.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert [(row.recall.value, row.precision.value) for row in found.rows] == [(1, 1), (0, None), (None, 0)]
    assert (found.agreed.part, found.agreed.whole) == (1, 2)
    assert [cell.cell for cell in found.of("lymphocyte", "monocyte")] == [case.cells.ids[1]]


def test_a_cell_of_another_class_or_below_the_threshold_is_not_compared() -> None:
    given = truth("lymphocyte")
    typed = {int(cell): "lymphocyte" for cell in case_of(given).cells.ids}
    assert not matched_kinds(case_of(given, RBC), typed, TREE, CLASSES, AT, 0.5)
    assert not matched_kinds(case_of(given), typed, TREE, CLASSES, dict.fromkeys(CLASSES, 0.95), 0.5)


def test_truth_without_kinds_of_the_tree_says_nothing() -> None:
    assert matched_kinds(case_of(truth("leukocyte")), {}, TREE, CLASSES, AT, 0.5) == {}
    assert matched_kinds(case_of(replace(truth(""), finer=())), {}, TREE, CLASSES, AT, 0.5) == {}
    assert kind_agreement([NamedCell(1, 1, "", "lymphocyte")], TREE) is None


def test_a_second_word_may_be_no_cell() -> None:
    found = kind_agreement([NamedCell(1, 1, NO_CELL, "lymphocyte"), NamedCell(1, 2, NO_CELL, NO_CELL)], TREE)
    assert found is not None
    assert found.kinds == ("lymphocyte", NO_CELL)
    assert found.confusion.tolist() == [[0, 0], [1, 1]]


def test_finer_names_stay_with_their_cells() -> None:
    given = truth("lymphocyte", "", "monocyte")
    again = GroundTruth.from_stored(given.only(np.array([True, False, True])).stored())
    assert again.finer == ("lymphocyte", "monocyte")
    assert "finer" not in truth_of([(BOXES[0], WBC)]).stored()  # sign-offs of earlier truths still hold
    with pytest.raises(ValueError, match="same cells"):
        replace(given, finer=("lymphocyte",))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Segmented_Neutrophil", "segmented-neutrophil"),
        ("BASOPHILS", "basophil"),
        ("immature granulocyte", "immature-granulocyte"),
        ("RBC: Target cells", "target-cell"),
        ("neutro", None),
    ],
)
def test_files_call_kinds_by_usual_names(text: str, key: str | None) -> None:
    found = TREE.named(text)
    assert (None if found is None else found.key) == key
