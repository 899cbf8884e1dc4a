"""Intervals, against published figures and scipy.stats."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.statistics.intervals import (
    Interval,
    count_more,
    poisson_interval,
    proportion_interval,
    ratio_interval,
)

levels = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(1, 100, 0.0, 5.4), (20, 200, 6.2, 15.0), (200, 400, 45.0, 55.0)]
)
def test_published_intervals_of_a_differential_count(part: int, whole: int, low: float, high: float) -> None:
    """In percent, as laboratories know them from tables for manual differential counts."""
    assert [round(100 * limit, 1) for limit in proportion_interval(part, whole)] == [low, high]


@given(st.integers(0, 5000), st.integers(0, 5000), levels)
def test_a_proportion_has_the_interval_of_scipy(part: int, rest: int, level: float) -> None:
    if part + rest:
        expected = stats.binomtest(part, part + rest).proportion_ci(level, "exact")
        assert proportion_interval(part, part + rest, level) == pytest.approx((expected.low, expected.high), abs=1e-9)
    else:
        assert proportion_interval(0, 0, level) == (0, 1)


@given(st.integers(0, 10**6), levels)
def test_a_count_has_the_interval_of_the_chi_squared_distribution(count: int, level: float) -> None:
    """Ulm 1990, Am. J. Epidemiol. 131, 373."""
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * count) / 2 if count else 0
    high = stats.chi2.ppf(1 - tail, 2 * count + 2) / 2
    assert poisson_interval(count, level) == pytest.approx((low, high), rel=1e-9)


def test_published_intervals_of_counts() -> None:
    """Garwood 1936, Biometrika 28, 437."""
    published = {0: (0, 3.69), 1: (0.0253, 5.57), 5: (1.62, 11.67), 10: (4.80, 18.39), 30: (20.24, 42.83)}
    for count, limits in published.items():
        assert poisson_interval(count) == pytest.approx(limits, abs=0.005)


@pytest.mark.parametrize("mean", [0.3, 2, 11.5, 80])
def test_the_interval_of_a_count_holds_the_mean_often_enough(mean: float) -> None:
    counts = np.arange(int(mean + 12 * mean**0.5 + 12))
    held = [low <= mean <= high for low, high in map(poisson_interval, counts.tolist())]
    assert stats.poisson.pmf(counts[held], mean).sum() >= 0.95


def test_a_ratio_of_two_counts() -> None:
    low, high = ratio_interval(50, 1000)
    assert low < 0.05 < high
    share = proportion_interval(50, 1050)
    assert (low / (1 + low), high / (1 + high)) == pytest.approx(share)
    assert ratio_interval(3, 0).high == float("inf")
    assert ratio_interval(0, 0) == (0, float("inf"))
    assert ratio_interval(0, 7).low == 0


@pytest.mark.parametrize("count", [0, 1, 37, 400, 1556, 1557, 9000])
@pytest.mark.parametrize("within", [0.5, 0.05, 0.01])
def test_so_many_more_cells_are_enough_and_one_fewer_is_not(count: int, within: float) -> None:
    more = count_more(count, within)

    def half_width(total: int) -> float:
        low, high = poisson_interval(total)
        return (high - low) / (2 * total)

    assert more >= 0
    assert half_width(count + more) <= within
    if more:
        assert count + more == 1 or half_width(count + more - 1) > within
    if within == 0.05:
        assert count + more == max(count, 1557)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        poisson_interval(-1)
    for part, whole in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError, match="part"):
            proportion_interval(part, whole)
    with pytest.raises(ValueError, match="anybody"):
        count_more(5, 0)


def test_an_interval_scales() -> None:
    assert Interval(1, 3).times(2) == (2, 6)
    assert Interval(0, float("inf")).times(2) == (0, float("inf"))


def test_starting_the_program_does_not_wait_for_scipy() -> None:
    load = "import sys, core.statistics.agreement, core.verification.verify"
    code = f"{load}; sys.exit(any(m.startswith('scipy') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
