"""Learning kinds from examples, and sorting the other cells by them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.classifier import Classifier, best_temperature, softmax
from core.kinds.examples import FEWEST
from core.kinds.figures import figures_of, folds_of, unseen_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.kinds.examples import Examples
    from core.kinds.figures import Figures

SURE = 0.7
"""A suggestion less probable than this is *unsure*."""

_LIKE_NONE = 3.0
"""A cell so many times as far from every kind as the farthest examples is like none of them."""


@dataclass(frozen=True, eq=False)
class Suggestions:
    """What N cells are suggested as.

    ``best`` int64 (N,) are places among ``kinds``, ``probabilities`` float64 (N, K); ``unsure`` bool (N,): no kind is
    probable enough, or the cell is like none that was taught.
    """

    kinds: tuple[str, ...]
    best: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    unsure: NDArray[np.bool_]

    @property
    def certainty(self) -> NDArray[np.float64]:
        """The probability of the best kind, float64 (N,)."""
        return self.probabilities[np.arange(len(self.best)), self.best]

    @cached_property
    def names(self) -> NDArray[np.str_]:
        """The kind that each cell is suggested as, str (N,); "" where that is unsure."""
        return np.array([*self.kinds, ""])[np.where(self.unsure, len(self.kinds), self.best)]

    def kind(self, place: int) -> str:
        """Return the kind that a cell is suggested as; "" where that is unsure."""
        return "" if self.unsure[place] else self.kinds[self.best[place]]

    def pile(self, kind: str) -> NDArray[np.int64]:
        """Return the cells that are suggested as a kind, the most certain first; "": those that are unsure."""
        inside = self.unsure if not kind else ~self.unsure & (self.best == self._place(kind))
        cells = np.flatnonzero(inside)
        return cells[np.argsort(-self.certainty[cells], kind="stable")]

    def _place(self, kind: str) -> int:
        return self.kinds.index(kind) if kind in self.kinds else -1


@dataclass(frozen=True, eq=False)
class Taught:
    """What was learnt from examples of one class.

    ``limit`` is the squared distance beyond which a cell is like no kind; ``too_few``: how many examples there are of
    the kinds that are not suggested for want of examples.
    """

    classifier: Classifier
    limit: float
    figures: Figures
    too_few: dict[str, int]

    def sort(self, vectors: NDArray[np.float64]) -> Suggestions:
        """Suggest kinds for cells, float64 (N, D), without the shift of their sample."""
        probabilities = self.classifier.probabilities(vectors)
        unsure = probabilities.max(axis=1, initial=0.0) < SURE
        unsure |= self.classifier.distances(vectors) > self.limit
        return Suggestions(self.classifier.kinds, probabilities.argmax(axis=1), probabilities, unsure)


def too_few(examples: Examples) -> dict[str, int]:
    """Return the kinds with fewer examples than it takes, and how many they have."""
    return {kind: count for kind, count in examples.counts.items() if count < FEWEST}


def learn(examples: Examples) -> Taught | None:
    """Learn kinds, and measure how well; None while fewer than two kinds have enough examples."""
    enough = examples.enough
    kinds = tuple(sorted(set(enough.kinds)))
    if len(kinds) < 2:
        return None
    left_out, turns = folds_of(enough)
    scores = unseen_scores(enough, turns, kinds)
    right = np.array([kinds.index(kind) for kind in enough.kinds], np.int64)
    temperature = best_temperature(scores, right, enough.weights)
    probabilities = softmax(scores / temperature)
    likeliest = probabilities.argmax(axis=1)
    suggested = np.where(probabilities.max(axis=1) < SURE, len(kinds), likeliest)
    classifier = Classifier.fit(enough.vectors, enough.kinds, enough.weights)
    limit = _LIKE_NONE * float(classifier.distances(enough.vectors).max())
    figures = figures_of(enough, left_out, kinds, suggested, likeliest)
    return Taught(replace(classifier, temperature=temperature), limit, figures, too_few(examples))
