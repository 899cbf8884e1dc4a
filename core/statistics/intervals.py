"""Confidence intervals of counts and proportions, and how many more cells narrow them.

All intervals are exact: they hold the true value in at least 95 of 100 samples, however few cells there are.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from core.statistics.quantiles import beta_quantile, gamma_quantile

if TYPE_CHECKING:
    from collections.abc import Callable

LEVEL = 0.95

_MOST = 10**12


class Interval(NamedTuple):
    """A confidence interval; ``high`` may be infinite."""

    low: float
    high: float

    def times(self, factor: float) -> Interval:
        """Return the interval of a figure that is ``factor`` (not negative) times as large."""
        return Interval(self.low * factor, self.high * factor if factor else 0.0)


@lru_cache(maxsize=4096)
def poisson_interval(count: float, level: float = LEVEL) -> Interval:
    """Return the exact interval of the mean of which ``count`` cells were counted (Garwood 1936).

    Cells that lie independently of each other on the slide make a count with a Poisson distribution.
    """
    if count < 0:
        raise ValueError("a count is not negative")
    tail = (1 - level) / 2
    low = gamma_quantile(count, tail) if count else 0.0
    return Interval(low, gamma_quantile(count + 1, 1 - tail))


def proportion_interval(part: float, whole: float, level: float = LEVEL) -> Interval:
    """Return the exact interval of the proportion of which ``part`` of ``whole`` cells is a sample.

    Clopper and Pearson 1934; 0 to 1 if nothing was counted.
    """
    if not 0 <= part <= whole:
        raise ValueError("a part is between nothing and the whole")
    tail = (1 - level) / 2
    low = beta_quantile(part, whole - part + 1, tail) if part else 0.0
    return Interval(low, beta_quantile(part + 1, whole - part, 1 - tail) if part < whole else 1.0)


def ratio_interval(part: int, other: int, level: float = LEVEL) -> Interval:
    """Return the exact interval of ``part / other``, two counts that do not overlap.

    Given the sum of two Poisson counts, one of them is binomial (Przyborowski and Wilenski 1940), so that the
    interval follows from that of the proportion. It reaches to infinity if ``other`` is 0.
    """
    low, high = proportion_interval(part, part + other, level)
    return Interval(low / (1 - low) if low < 1 else math.inf, high / (1 - high) if high < 1 else math.inf)


def count_more(count: int, within: float = 0.05, level: float = LEVEL) -> int:
    """Return how many more cells must be counted for an interval of plus or minus ``within`` of the count.

    Half the width of the exact interval is meant: 5 % takes 1,557 cells in all.
    """
    return max(_cells_for(within, level) - count, 0)


@lru_cache
def _cells_for(within: float, level: float) -> int:
    """Return how many cells it takes in all; finding that takes longer than a frame on the screen."""

    def width(total: int) -> float:
        low, high = poisson_interval(total, level)
        return (high - low) / (2 * total)

    return _smallest(1, lambda total: width(total) <= within)


def _smallest(start: int, enough: Callable[[int], bool]) -> int:
    """Return the smallest number from ``start`` on that is enough, for what more cells never make worse."""
    low, high = start - 1, start
    while not enough(high):
        low, high = high, 2 * high
        if high > _MOST:
            raise ValueError("so narrow an interval takes more cells than anybody can count")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
