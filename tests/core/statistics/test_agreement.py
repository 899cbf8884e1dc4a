"""Estimates, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from core.statistics.agreement import (
    agreement,
    density,
    diameters,
    disagreement,
    per_other,
    platelets_by_field,
    platelets_by_ratio,
)
from core.statistics.intervals import poisson_interval, ratio_interval


def test_white_cells_per_thousand_red_cells() -> None:
    estimate = per_other(3, 1500, 1000)
    assert estimate is not None
    assert estimate.value == 2
    assert estimate.interval == pytest.approx([1000 * limit for limit in ratio_interval(3, 1500)])
    assert per_other(3, 0, 1000) is None


def test_one_platelet_to_twenty_red_cells_is_250() -> None:
    estimate = platelets_by_ratio(1, 20, 5.0)
    assert estimate is not None
    assert estimate.value == pytest.approx(250)
    assert estimate.interval.low < 250 < estimate.interval.high
    many = platelets_by_ratio(100, 2000, 5.0)
    assert many is not None
    assert many.value == pytest.approx(250)
    assert 200 < many.interval.low < many.interval.high < 310


def test_an_estimate_waits_for_its_inputs() -> None:
    assert platelets_by_ratio(10, 200, None) is None
    assert platelets_by_ratio(10, 0, 5.0) is None
    assert platelets_by_field([5, 6], None) is None
    assert platelets_by_field([], 15.0) is None
    assert density(10, 1000, None) is None


def test_platelets_by_field_are_the_mean_times_the_factor() -> None:
    estimate = platelets_by_field([10, 14, 12], 20.0)
    assert estimate is not None
    assert estimate.value == pytest.approx(240)
    assert estimate.interval == pytest.approx([limit / 3 * 20 for limit in poisson_interval(36)])


def test_the_disagreement_of_two_estimates() -> None:
    ratio, field = platelets_by_ratio(1, 20, 5.0), platelets_by_field([10], 15.0)
    assert disagreement(ratio, field) == pytest.approx((150 - 250) / 200)
    assert disagreement(ratio, None) is None
    nothing = platelets_by_field([0], 15.0)
    assert disagreement(nothing, nothing) is None


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf")])
def test_a_scale_or_factor_must_be_positive(wrong: float) -> None:
    for call in (
        lambda: platelets_by_ratio(1, 20, wrong),
        lambda: platelets_by_field([1], wrong),
        lambda: density(1, 100, wrong),
        lambda: density(1, wrong, 0.1),
        lambda: diameters(np.zeros((0, 4), np.float32), 9, 9, wrong),
    ):
        with pytest.raises(ValueError, match="positive"):
            call()


def test_the_density_of_cells() -> None:
    """1000 by 500 pixels of 0.2 micrometres are 0.2 mm by 0.1 mm."""
    estimate = density(100, 500_000, 0.2)
    assert estimate is not None
    assert estimate.value == pytest.approx(5000)
    assert estimate.interval == pytest.approx([50 * limit for limit in poisson_interval(100)])


def test_diameters_of_whole_cells() -> None:
    boxes = np.array([[10, 10, 50, 50], [10, 10, 26, 74], [0, 20, 40, 60], [60, 40, 99.5, 80], [20, 50, 60, 89.5]])
    sizes = diameters(boxes.astype(np.float32), 100, 90, 0.2)
    assert sizes.tolist() == pytest.approx([8.0, 6.4])


def test_bias_and_limits_of_agreement() -> None:
    """Bland and Altman 1986, table 1: peak expiratory flow by two meters, in litres a minute."""
    wright = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
    mini = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
    result = agreement(mini, wright)
    assert result is not None
    assert result.bias == pytest.approx(-2.1, abs=0.05)
    assert result.deviation == pytest.approx(38.8, abs=0.05)
    assert result.limits is not None
    assert result.limits.low == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.2)
    assert result.limits.high == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.2)
    assert result.means[0] == 503
    assert result.differences[0] == -18


def test_agreement_of_one_image_or_none() -> None:
    one = agreement([10], [12])
    assert one is not None
    assert (one.bias, one.deviation, one.limits) == (2, None, None)
    assert agreement([], []) is None
    with pytest.raises(ValueError, match="each image"):
        agreement([1, 2], [1])
