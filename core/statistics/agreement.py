"""From counts to what a laboratory reports: ratios, platelet estimates, sizes, densities, agreement of two counts.

Every estimate is None where an input is missing: the program assumes none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.statistics.intervals import Interval, poisson_interval, ratio_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WITHIN_LIMITS = 1.96
"""Differences of a normal distribution lie so many standard deviations about their mean, 95 of 100."""


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval, which tells of the number of counted cells and of nothing else."""

    value: float
    interval: Interval


def per_other(part: int, other: int, unit: float = 1.0) -> Estimate | None:
    """Return how many cells of one kind there are to ``unit`` of another; None if none of these were counted.

    White cells per 1,000 red cells, for example, or platelets per red cell.
    """
    if not other:
        return None
    return Estimate(unit * part / other, ratio_interval(part, other).times(unit))


def platelets_by_ratio(platelets: int, red_cells: int, analyser_rbc: float | None) -> Estimate | None:
    """Estimate the platelet count in 10⁹/L: platelets per red cell times the analyser's red cell count.

    One platelet to 20 red cells at 5 x 10¹²/L is 250 x 10⁹/L. The interval takes the analyser's count as exact.

    Parameters
    ----------
    analyser_rbc
        Red cells in 10¹²/L, measured on the same blood; None if nobody has given it.
    """
    if analyser_rbc is None:
        return None
    return per_other(platelets, red_cells, 1000 * _positive(analyser_rbc))


def platelets_by_field(platelets: Sequence[int], factor: float | None) -> Estimate | None:
    """Estimate the platelet count in 10⁹/L: the mean of the fields times the laboratory's own factor.

    Parameters
    ----------
    platelets
        Platelets counted in each field.
    factor
        10⁹/L for one platelet to a field. It depends on the microscope, the camera and the smear, so that
        there is no usual one; None if nobody has given it.
    """
    if factor is None or not len(platelets):
        return None
    unit = _positive(factor) / len(platelets)
    return Estimate(sum(platelets) * unit, poisson_interval(sum(platelets)).times(unit))


def disagreement(first: Estimate | None, second: Estimate | None) -> float | None:
    """Return ``(second - first) / mean of both``; None if one of them is missing or both are 0."""
    if first is None or second is None or not first.value + second.value:
        return None
    return 2 * (second.value - first.value) / (first.value + second.value)


def density(count: int, area: float, micrometres_per_pixel: float | None) -> Estimate | None:
    """Return the cells per mm² of which ``count`` lie on ``area`` square pixels; None without a scale."""
    if micrometres_per_pixel is None:
        return None
    square_millimetres = _positive(area) * (_positive(micrometres_per_pixel) / 1000) ** 2
    return Estimate(count / square_millimetres, poisson_interval(count).times(1 / square_millimetres))


def diameters(boxes: NDArray[np.float32], width: int, height: int, micrometres_per_pixel: float) -> NDArray[np.float64]:
    """Return the diameters in micrometres of the cells that the image shows whole.

    The diameter of a cell is the geometric mean of the sides of its box: that of the disc of equal area,
    if the cell is an ellipse along the sides. Cells within a pixel of the border may be cut.

    Parameters
    ----------
    boxes
        float32 (N, 4) ``x1 y1 x2 y2`` in pixels of the image, which is ``width`` by ``height``.

    Returns
    -------
    float64 (K,), in the order of the boxes.
    """
    whole = (boxes[:, :2] > 1).all(axis=1) & (boxes[:, 2] < width - 1) & (boxes[:, 3] < height - 1)
    sides = (boxes[whole, 2:] - boxes[whole, :2]).astype(np.float64)
    return np.sqrt(sides[:, 0] * sides[:, 1]) * _positive(micrometres_per_pixel)


@dataclass(frozen=True, eq=False)
class Agreement:
    """How two counts of the same images agree (Bland and Altman 1986, Lancet 327, 307).

    ``means`` and ``differences`` float64 (N,): of the two counts of each image, second minus first; ``bias``:
    the mean difference; ``deviation``: the standard deviation of the differences; ``limits``: where 95 of 100
    differences lie. With a single image there is no deviation, and no limits.
    """

    means: NDArray[np.float64]
    differences: NDArray[np.float64]
    bias: float
    deviation: float | None
    limits: Interval | None


def agreement(manual: Sequence[int], automatic: Sequence[int]) -> Agreement | None:
    """Compare the automatic count of each image with the manual one; None if there are no images."""
    first, second = np.asarray(manual, np.float64), np.asarray(automatic, np.float64)
    if first.shape != second.shape:
        raise ValueError("each image needs a manual and an automatic count")
    if not len(first):
        return None
    differences = second - first
    bias = float(differences.mean())
    deviation = float(differences.std(ddof=1)) if len(differences) > 1 else None
    limits = None
    if deviation is not None:
        limits = Interval(bias - WITHIN_LIMITS * deviation, bias + WITHIN_LIMITS * deviation)
    return Agreement((first + second) / 2, differences, bias, deviation, limits)


def _positive(value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError("a factor, scale or area is a positive number")
    return value
