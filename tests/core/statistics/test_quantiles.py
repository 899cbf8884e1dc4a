"""Quantiles against scipy's."""

from __future__ import annotations

import itertools

import pytest
from scipy import special  # pyright: ignore[reportMissingTypeStubs]

from core.statistics.quantiles import beta_quantile, gamma_quantile

PROBABILITIES = (0.005, 0.025, 0.3, 0.5, 0.975, 0.995)
COUNTS = (0.5, 1, 2, 7.25, 60, 999, 31_000, 99_999, 100_001, 4e6, 1e9, 1e12)


@pytest.mark.parametrize("shape", COUNTS)
def test_gamma(shape: float) -> None:
    for probability in PROBABILITIES:
        expected = float(special.gammaincinv(shape, probability))
        assert gamma_quantile(shape, probability) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(COUNTS[:10], repeat=2)))
def test_beta(first: float, second: float) -> None:
    for probability in PROBABILITIES:
        expected = float(special.betaincinv(first, second, probability))
        assert beta_quantile(first, second, probability) == pytest.approx(expected, rel=1e-8)
