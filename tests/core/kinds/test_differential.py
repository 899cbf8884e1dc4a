"""The differential count and its intervals; agreement of two users."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from core.kinds.differential import corrected_white_cells, differential
from core.kinds.tree import white_cell_kinds
from core.statistics.kappa import kappa, kappa_of_table

RUMKE = {
    0: (0, 4), 1: (0, 6), 2: (0, 8), 3: (0, 9), 4: (1, 10), 5: (1, 12), 6: (2, 13), 7: (2, 14), 8: (3, 16), 9: (4, 17),
    10: (4, 18), 15: (8, 24), 20: (12, 30), 25: (16, 35), 30: (21, 40), 35: (25, 46), 40: (30, 51), 45: (35, 56),
    50: (39, 61),
}  # fmt: skip
"""Rümke 1985: 95 % limits in per cent of a share that was counted in 100 cells."""

COUNTS = {
    "segmented-neutrophil": 52, "band-neutrophil": 6, "myelocyte": 2, "lymphocyte": 30, "monocyte": 7,
    "eosinophil": 2, "basophil": 1, "erythroblast": 8, "no-cell": 5,
}  # fmt: skip


@pytest.mark.parametrize(("cells", "limits"), RUMKE.items())
def test_intervals_are_those_of_rumke(cells: int, limits: tuple[int, int]):
    counts = {"lymphocyte": cells, "neutrophil": 100 - cells}
    [row] = [row for row in differential(counts, white_cell_kinds(), "WBC").rows if row.kind == "lymphocyte"]
    low, high = row.interval
    assert (math.floor(100 * low), math.ceil(100 * high)) == limits


def test_erythroblasts_and_what_is_no_cell_are_not_among_the_white_cells():
    result = differential(COUNTS, white_cell_kinds(), "WBC", target=100, analyser=10.8)
    assert result.cells == 100
    assert result.complete
    shares = {row.kind: row.share for row in result.rows}
    assert shares["lymphocyte"] == 0.3
    assert sum(shares.values()) == pytest.approx(1)
    assert result.erythroblasts is not None
    assert result.erythroblasts.value == 8
    assert result.white_cells == pytest.approx(10.0)
    assert result.neutrophils is not None
    assert result.neutrophils.value == pytest.approx(5.8)
    [lymphocytes] = [row.absolute for row in result.rows if row.kind == "lymphocyte"]
    assert lymphocytes is not None
    assert lymphocytes.value == pytest.approx(3.0)
    assert result.immature_to_total is not None
    assert result.immature_to_total.value == pytest.approx(8 / 60)


def test_an_analyser_that_leaves_erythroblasts_out_is_not_corrected():
    result = differential(COUNTS, white_cell_kinds(), "WBC", analyser=10.8, corrected=True)
    assert result.white_cells == 10.8
    assert not result.complete
    assert corrected_white_cells(12.0, 20) == pytest.approx(10.0)


def test_nothing_counted_is_no_estimate():
    result = differential({}, white_cell_kinds(), "WBC", target=100, analyser=5.0)
    assert (result.cells, result.neutrophils, result.erythroblasts, result.immature_to_total) == (0, None, None, None)
    assert {row.share for row in result.rows} == {0.0}


def test_kappa_and_its_interval_are_those_of_the_textbook():
    """Fleiss, Levin and Paik 2003, table 18.1: 0.676, from 0.50 to 0.85."""
    found = kappa_of_table(("psychotic", "neurotic", "organic"), np.array([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found is not None
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.interval == pytest.approx((0.504, 0.848), abs=1e-3)
    assert found.agreed == pytest.approx(0.89)


def test_kappa_is_that_of_scikit_learn():
    rng = np.random.default_rng(2)
    first = [str(kind) for kind in rng.integers(0, 4, 300)]
    second = [kind if rng.random() < 0.7 else str(rng.integers(0, 4)) for kind in first]
    found = kappa(first, second)
    assert found is not None
    assert found.value == pytest.approx(cohen_kappa_score(first, second))
    assert kappa([], []) is None
    assert kappa(["a", "a"], ["a", "a"]) is None
