"""Quantiles of the gamma and the beta distribution, which exact confidence intervals are made of.

Two functions of scipy.special, which would make the installed program 70 MB larger. The tests compare them.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE_SHAPE = 2e3
_LARGE_PART = 1e5
_PRECISION = 1e-15
_SETTLED = 1e-14
_TINY = 1e-300


def gamma_quantile(shape: float, probability: float) -> float:
    """Return the value below which a gamma distribution of scale 1 has ``probability``."""
    spread = math.sqrt(shape)
    nearly = shape + spread * _cornish_fisher(probability, 2 / spread, 6 / shape)
    if shape > _LARGE_SHAPE:
        return nearly + _third_order(probability) / shape
    return _gamma_solve(shape, probability, nearly if nearly > 0 else shape, shape + 10 * spread + 40)


def _gamma_solve(shape: float, probability: float, value: float, high: float) -> float:
    """Return the quantile by Newton's steps from a value, by halving where one leads astray: every edit needs it."""
    low = 0.0
    while True:
        error = _gamma_below(shape, value) - probability
        low, high = (low, value) if error > 0 else (value, high)
        density = math.exp((shape - 1) * math.log(value) - value - math.lgamma(shape))
        following = value - error / density if density > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - value) <= _SETTLED * value or not low < following < high:
            return following
        value = following


def beta_quantile(first: float, second: float, probability: float) -> float:
    """Return the value, 0 to 1, below which a beta distribution has ``probability``."""
    if min(first, second) > _LARGE_PART:
        total = first + second
        spread = math.sqrt(first * second / (total + 1)) / total
        skewness = 2 * (second - first) * math.sqrt(total + 1) / ((total + 2) * math.sqrt(first * second))
        excess = 6 * ((first - second) ** 2 * (total + 1) - first * second * (total + 2))
        excess /= first * second * (total + 2) * (total + 3)
        return first / total + spread * _cornish_fisher(probability, skewness, excess)
    return _solve(lambda value: _beta_below(first, second, value) - probability, 0.0, 1.0)


def _cornish_fisher(probability: float, skewness: float, excess: float) -> float:
    """Return the quantile of a nearly normal distribution, in standard deviations (Cornish and Fisher 1938)."""
    z = NormalDist().inv_cdf(probability)
    return (
        z + (z**2 - 1) * skewness / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
    )  # fmt: skip


def _third_order(probability: float) -> float:
    """Return the next order of that series for a gamma distribution, in units of 1 / shape."""
    z = NormalDist().inv_cdf(probability)
    second, fourth = z**2 - 1, z**4 - 6 * z**2 + 3
    return 24 * fourth / 120 - 12 * (fourth + second) / 24 + 8 * (12 * fourth + 19 * second) / 324


def _gamma_below(shape: float, value: float) -> float:
    """Return the regularised lower incomplete gamma function (Abramowitz and Stegun 6.5.29 and 6.5.31)."""
    if value <= 0:
        return 0.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        term = total = 1 / shape
        step = shape
        while term > total * _PRECISION:
            step += 1
            term *= value / step
            total += term
        return total * front
    return 1 - front * _continued_fraction(
        1 / (value + 1 - shape), value + 1 - shape, lambda i: (-i * (i - shape), value + 1 - shape + 2 * i)
    )


def _beta_below(first: float, second: float, value: float) -> float:
    """Return the regularised incomplete beta function (Abramowitz and Stegun 26.5.8)."""
    if value <= 0 or value >= 1:
        return float(value >= 1)
    if value > (first + 1) / (first + second + 2):
        return 1 - _beta_below(second, first, 1 - value)
    front = math.exp(
        math.lgamma(first + second) - math.lgamma(first) - math.lgamma(second)
        + first * math.log(value) + second * math.log1p(-value)
    )  # fmt: skip

    def coefficients(step: int) -> tuple[float, float]:
        half = step // 2
        if step % 2:
            return -(first + half) * (first + second + half) * value / ((first + step - 1) * (first + step)), 1.0
        return half * (second - half) * value / ((first + step - 1) * (first + step)), 1.0

    return front / first * _continued_fraction(1.0, 1.0, coefficients)


def _continued_fraction(start: float, denominator: float, coefficients: Callable[[int], tuple[float, float]]) -> float:
    """Return 1 / (b0 + a1 / (b1 + a2 / (b2 + ...))) by Lentz's method; ``coefficients(i)`` are ``ai`` and ``bi``."""
    result, c, d = start, 1 / _TINY, 1 / denominator
    step = 0
    while True:
        step += 1
        a, b = coefficients(step)
        d = 1 / (b + a * d or _TINY)
        c = b + a / c or _TINY
        result *= d * c
        if abs(d * c - 1) < _PRECISION:
            return result


def _solve(rising: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function is zero, to the last digits."""
    while True:
        middle = (low + high) / 2
        if not low < middle < high:
            return middle
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
