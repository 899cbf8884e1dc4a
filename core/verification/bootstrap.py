"""The bootstrap over images (Efron 1979): how a figure of all images would vary with other images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.statistics.intervals import LEVEL, Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROUNDS = 2000


def draws(images: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw images again with replacement, ``ROUNDS`` times: yield how often each is in the draw, int64 (images,).

    The same seed and number of images give the same draws, so that figures of two models are paired.
    """
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS):
        yield np.bincount(rng.integers(images, size=images), minlength=images).astype(np.int64)


def resampled_sums(columns: NDArray[np.integer], seed: int) -> NDArray[np.int64]:
    """Return the sums of numbers of each image, int (I, C), over each of the ``draws``, int64 (``ROUNDS``, C)."""
    return np.array([times @ columns for times in draws(len(columns), seed)], np.int64)


def percentile_interval(values: NDArray[np.float64], level: float = LEVEL) -> Interval | None:
    """Return the percentile interval of a figure over the draws; draws in which it is NaN do not count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
