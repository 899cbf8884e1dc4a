"""Bringing samples of different look together in the space of embeddings.

Stain, light and camera move all cells of a sample alike: ``x = centre of its kind + shift of its sample + rest``. Where
kinds are known the shift follows from the examples; of a sample without any, from the likeliest kinds of its cells.
A sample's mean alone would not do: it says as much of how many cells of each kind there are as of the stain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.classifier import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.kinds.classifier import Classifier

FAR = 0.4
"""A shift of this size, see ``shift_size``, is that of a sample that looks other than what was taught."""

_PRIOR_CELLS = 10.0
_TURNS = 30
_ENOUGH = 1e-4


def shifts_of_samples(
    vectors: NDArray[np.float64], kinds: Sequence[str], samples: NDArray[np.int64]
) -> dict[int, NDArray[np.float64]]:
    """Return the shift of each sample, float64 (D,), from examples of known kinds.

    Few examples say little: their shift is drawn to 0, and so is the mean of all.

    Parameters
    ----------
    vectors
        float64 (N, D).
    kinds
        The kind of each.
    samples
        int64 (N,), the number of the sample of each.
    """
    _, places = np.unique(np.array(kinds, dtype=object), return_inverse=True)
    numbers, owners = np.unique(samples, return_inverse=True)
    shifts = np.zeros((len(numbers), vectors.shape[1]))
    if len(numbers) < 2:
        return dict(zip(numbers.tolist(), shifts, strict=True))
    of_kind = places[:, None] == np.arange(places.max() + 1)
    of_sample = owners[:, None] == np.arange(len(numbers))
    for _ in range(_TURNS):
        centres = of_kind.T @ (vectors - shifts[owners]) / of_kind.sum(axis=0)[:, None]
        rest = vectors - centres[places]
        before, shifts = shifts, of_sample.T @ rest / (of_sample.sum(axis=0) + _PRIOR_CELLS)[:, None]
        shifts -= shifts.mean(axis=0)
        if np.abs(shifts - before).max() < _ENOUGH:
            break
    return dict(zip(numbers.tolist(), shifts, strict=True))


@dataclass(frozen=True, eq=False)
class Shift:
    """The shift of a sample, float64 (D,), and the shares of the kinds in it, float64 (K,)."""

    vector: NDArray[np.float64]
    shares: NDArray[np.float64]


def shift_of_sample(
    classifier: Classifier, vectors: NDArray[np.float64], known: NDArray[np.int64], places: NDArray[np.int64]
) -> Shift:
    """Return the shift of a sample against what a classifier learnt in others.

    Expectation and maximisation over the kinds of its cells and their shares, from the difference of the means on.

    Parameters
    ----------
    vectors
        float64 (N, D): all cells of the sample.
    known, places
        int64 (E,): cells whose kind the user said, and its place among the classifier's kinds.
    """
    centres = classifier.centres
    kinds = len(centres)
    if not len(vectors):
        return Shift(np.zeros(centres.shape[1]), np.full(kinds, 1 / kinds))
    shift = vectors.mean(axis=0) - centres.mean(axis=0)
    shares = np.full(kinds, 1 / kinds)
    for _ in range(_TURNS):
        scores = classifier.scores(vectors - shift) / classifier.temperature
        belongs = softmax(scores + np.log(shares))
        belongs[known] = np.eye(kinds)[places]
        shares = (belongs.sum(axis=0) + 1) / (len(vectors) + kinds)
        before, shift = shift, (vectors - belongs @ centres).sum(axis=0) / (len(vectors) + _PRIOR_CELLS)
        if np.abs(shift - before).max() < _ENOUGH:
            break
    return Shift(shift, shares)


def shift_size(classifier: Classifier, shift: Shift, examples: NDArray[np.int64]) -> float:
    """Return how large a shift is: root mean square over the dimensions, in standard deviations within a kind.

    What the chance of few examples explains is taken off; ``examples`` int64 (K,) is how many there are of each kind.
    """
    size = shift.vector @ classifier.precision @ shift.vector / len(shift.vector)
    chance = (shift.shares**2 / examples).sum()
    return float(np.sqrt(max(size - chance, 0.0)))
