"""Agreement of two users on the kinds of the same cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.statistics.agreement import WITHIN_LIMITS
from core.statistics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Kappa:
    """Cohen's kappa, the agreement beyond that of chance (Cohen 1960), with its 95 % interval.

    The interval follows from the standard error for large samples (Fleiss, Cohen and Everitt 1969, eq. 13).
    ``table`` int64 (K, K): cells by the kind of the first user and that of the second, in the order of ``kinds``;
    ``agreed`` is the share of cells of which both said the same.
    """

    kinds: tuple[str, ...]
    table: NDArray[np.int64]
    value: float
    interval: Interval
    agreed: float


def kappa(first: Sequence[str], second: Sequence[str]) -> Kappa | None:
    """Compare the kinds that two users gave to the same cells.

    None without cells, or where both used one and the same kind throughout: then there is nothing but chance.

    Raises
    ------
    ValueError
        If they did not name the same number of cells.
    """
    kinds = tuple(dict.fromkeys((*first, *second)))
    places = {kind: place for place, kind in enumerate(kinds)}
    table = np.zeros((len(kinds), len(kinds)), np.int64)
    for one, other in zip(first, second, strict=True):
        table[places[one], places[other]] += 1
    return kappa_of_table(kinds, table)


def kappa_of_table(kinds: tuple[str, ...], table: NDArray[np.int64]) -> Kappa | None:
    """Return kappa of a table of agreement, see ``Kappa``; None as for ``kappa``."""
    cells = int(table.sum())
    if not cells:
        return None
    shares = table / cells
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    agreed, chance = float(np.trace(shares)), float(rows @ columns)
    if chance > 1 - 1e-12:
        return None
    value = (agreed - chance) / (1 - chance)
    both = rows[None, :] + columns[:, None]
    same = np.diag(shares) * (1 - np.diag(both) * (1 - value)) ** 2
    others = (1 - value) ** 2 * (shares * both**2)[~np.eye(len(kinds), dtype=bool)].sum()
    variance = (same.sum() + others - (value - chance * (1 - value)) ** 2) / (cells * (1 - chance) ** 2)
    error = math.sqrt(max(float(variance), 0.0))
    low, high = value - WITHIN_LIMITS * error, value + WITHIN_LIMITS * error
    return Kappa(kinds, table, value, Interval(max(low, -1.0), min(high, 1.0)), agreed)
