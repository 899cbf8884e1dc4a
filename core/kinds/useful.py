"""The cells that are the most useful to look at next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.kinds.sorting import Suggestions

_CANDIDATES = 200


def useful_cells(
    vectors: NDArray[np.float64],
    suggestions: Suggestions | None,
    taught: NDArray[np.float64],
    count: int,
    among: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Return up to ``count`` cells of which a user's word teaches the most, the most useful first, int64.

    They are uncertain, and unlike each other and the examples: of those that are the least certain, the one that is
    farthest from all chosen so far comes next (Sener and Savarese 2018, on the uncertain ones alone).

    Parameters
    ----------
    vectors
        float64 (N, D): the cells of a sample.
    suggestions
        Of these cells; None while nothing was learnt, then unlikeness alone decides.
    taught
        float64 (E, D): the examples.
    among
        int64 (M,): those of the N that have no kind yet; None: all of them.
    """
    open_ = np.arange(len(vectors)) if among is None else among
    doubt = np.ones(len(open_)) if suggestions is None else _doubt(suggestions.probabilities[open_])
    order = np.argsort(-doubt, kind="stable")[: max(_CANDIDATES, count)]
    candidates, doubt = open_[order], doubt[order]
    points = vectors[candidates]
    if not len(points):
        return candidates
    # without examples begin at the most usual cell
    known = taught if len(taught) else points.mean(axis=0, keepdims=True)
    nearest = _squared(points, known).min(axis=1)
    if not len(taught):
        nearest = 1 / (1 + nearest)
    chosen: list[int] = []
    for _ in range(min(count, len(points))):
        worth = doubt * nearest
        worth[chosen] = -1.0
        best = int(worth.argmax())
        apart = _squared(points, points[best : best + 1])[:, 0]
        nearest = apart if not chosen and not len(taught) else np.minimum(nearest, apart)
        chosen.append(best)
    return candidates[chosen]


def _doubt(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how little the likeliest kind is ahead of the next, 0 to 1."""
    if probabilities.shape[1] < 2:
        return np.ones(len(probabilities))
    two = np.partition(probabilities, -2, axis=1)[:, -2:]
    return 1 - (two[:, 1] - two[:, 0])


def _squared(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the squared distances of all pairs, float64 (N, M)."""
    lengths = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    return np.maximum(lengths - 2 * one @ other.T, 0.0)
