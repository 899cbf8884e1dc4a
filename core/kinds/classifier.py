"""The classifier: linear discriminant analysis with a shrunk covariance, learnt from a handful of examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SHRINKAGE_OF_FEW, _SHRINKAGE_OF_MANY, _MANY = 0.9, 0.5, 40


def usual_shrinkage(examples: float, kinds: int) -> float:
    """Return how much of the covariance within a kind is taken to be the same in all directions.

    Much where there are few examples. It can be, for the embedding model evens the directions out itself; see
    ``trainer/EXPERIMENTS.md``.
    """
    share = min(examples / (max(kinds, 1) * _MANY), 1.0)
    return _SHRINKAGE_OF_FEW + share * (_SHRINKAGE_OF_MANY - _SHRINKAGE_OF_FEW)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A linear classifier of K kinds in D dimensions.

    ``directions`` float64 (D, K) and ``offsets`` float64 (K,) give the scores, whose differences are log odds of
    kinds that are equally frequent. ``centres`` float64 (K, D) are the kinds' means, ``precision`` float64 (D, D) the
    inverse of the covariance that they share. Odds are divided by ``temperature``.
    """

    kinds: tuple[str, ...]
    directions: NDArray[np.float64]
    offsets: NDArray[np.float64]
    centres: NDArray[np.float64]
    precision: NDArray[np.float64]
    temperature: float = 1.0

    @classmethod
    def fit(
        cls,
        vectors: NDArray[np.float64],
        kinds: Sequence[str],
        weights: NDArray[np.float64] | None = None,
        shrinkage: float | None = None,
    ) -> Classifier:
        """Learn from examples.

        Parameters
        ----------
        vectors
            float64 (N, D), without the shifts of their samples.
        kinds
            The kind of each.
        weights
            float64 (N,), how much each example counts; all the same if left out.
        shrinkage
            0: the covariance as it is; 1: the same in all directions; None: the usual one.
        """
        names, places = np.unique(np.array(kinds, dtype=object), return_inverse=True)
        member = places[:, None] == np.arange(len(names))
        weights = np.ones(len(vectors)) if weights is None else weights
        shares = member * weights[:, None]
        shares /= shares.sum(axis=0)
        centres = shares.T @ vectors
        rest = vectors - member @ centres
        covariance = (rest * shares.sum(axis=1)[:, None]).T @ rest / len(names)
        dimensions = vectors.shape[1]
        if shrinkage is None:
            shrinkage = usual_shrinkage(float(weights.sum()), len(names))
        even = np.trace(covariance) / dimensions
        covariance = (1 - shrinkage) * covariance + shrinkage * even * np.eye(dimensions)
        if even <= 0:  # one example of each kind, or all alike
            covariance = np.eye(dimensions)
        precision = np.asarray(np.linalg.inv(covariance), np.float64)
        directions = precision @ centres.T
        return cls(tuple(names), directions, -0.5 * (centres.T * directions).sum(axis=0), centres, precision)

    def scores(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each kind, float64 (N, K), before calibration."""
        return vectors @ self.directions + self.offsets

    def probabilities(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated probabilities, float64 (N, K)."""
        return softmax(self.scores(vectors) / self.temperature)

    def distances(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the squared Mahalanobis distance of each vector from the nearest kind, float64 (N,)."""
        own = ((vectors @ self.precision) * vectors).sum(axis=1)
        return own - 2 * self.scores(vectors).max(axis=1)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities (N, K) of scores (N, K)."""
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


_FEWEST = 1e-12
_COLDEST, _HOTTEST = 0.2, 500.0
_TURNS = 18


def best_temperature(scores: NDArray[np.float64], right: NDArray[np.int64], weights: NDArray[np.float64]) -> float:
    """Return the temperature under which probabilities are calibrated (Guo and others 2017).

    Parameters
    ----------
    scores
        float64 (N, K) of examples that the classifier did not learn from.
    right
        int64 (N,), the place of the right kind.
    weights
        float64 (N,), how much each of them counts.
    """
    rows = np.arange(len(scores))
    kinds = scores.shape[1]
    # a few examples that were all told right do not prove that none ever is told wrong (Platt 1999)
    doubt = 1 / (len(scores) + 2)

    def loss(temperature: float) -> float:
        logs = np.log(np.maximum(softmax(scores / temperature), _FEWEST))
        told = logs[rows, right]
        others = (logs.sum(axis=1) - told) / max(kinds - 1, 1)
        return float(-weights @ ((1 - doubt) * told + doubt * others))

    # one valley in 1 / temperature: golden section
    low, high = np.log(_COLDEST), np.log(_HOTTEST)
    golden = (np.sqrt(5) - 1) / 2
    inner = [high - golden * (high - low), low + golden * (high - low)]
    losses = [loss(float(np.exp(place))) for place in inner]
    for _ in range(_TURNS):
        if losses[0] <= losses[1]:
            high, inner[1], losses[1] = inner[1], inner[0], losses[0]
            inner[0] = high - golden * (high - low)
            losses[0] = loss(float(np.exp(inner[0])))
        else:
            low, inner[0], losses[0] = inner[0], inner[1], losses[1]
            inner[1] = low + golden * (high - low)
            losses[1] = loss(float(np.exp(inner[1])))
    return float(np.exp((low + high) / 2))
