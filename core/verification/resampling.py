"""The bootstrap over images (Efron 1979): how a figure of all images would vary with other images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.intervals import LEVEL, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROUNDS = 2000


def resampled_sums(columns: NDArray[np.integer], seed: int) -> NDArray[np.int64]:
    """Draw the images again with replacement, and add up each draw.

    The same seed and number of images give the same draws, so that figures of two models are paired.

    Parameters
    ----------
    columns
        Numbers of each image, int (I, C).

    Returns
    -------
    Sums int64 (``ROUNDS``, C).
    """
    images = len(columns)
    rng = np.random.default_rng(seed)
    sums = np.empty((ROUNDS, columns.shape[1]), np.int64)
    for row in range(ROUNDS):
        times = np.bincount(rng.integers(images, size=images), minlength=images)
        sums[row] = times @ columns
    return sums


def percentile_interval(values: NDArray[np.float64], level: float = LEVEL) -> Interval | None:
    """Return the percentile interval of a figure over the draws; draws in which it is NaN do not count."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
