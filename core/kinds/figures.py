"""How well kinds are told apart, measured on examples that the classifier did not learn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from core.kinds.classifier import Classifier
from core.statistics.intervals import proportion_interval
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.kinds.examples import Examples
    from core.statistics.intervals import Interval

_FOLDS = 5
_NEVER = -1e9


class LeftOut(StrEnum):
    """What is left out as a whole of learning while it is measured.

    ``CELL``: examples of one image, or of a kind in one image only, had to be measured by others of the same image;
    such figures promise more than another image will keep.
    """

    SAMPLE = "sample"
    IMAGE = "image"
    CELL = "cell"


_HOW = {
    LeftOut.SAMPLE: gettext("Measured on samples that were left out of learning, one after the other."),
    LeftOut.IMAGE: gettext("Measured on images that were left out of learning, one after the other."),
    LeftOut.CELL: gettext(
        "Measured on cells that were left out of learning, in images that others of them are from: another image will "
        "not be sorted quite so well. Name cells of each kind in two images at least."
    ),
}


def how_measured(left_out: LeftOut) -> str:
    """Return what figures were measured on, and what that means for other images."""
    return _HOW[left_out]


@dataclass(frozen=True)
class Share:
    """A share of 1: ``part`` of ``whole`` cells."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> Interval:
        """Its exact 95 % interval."""
        return proportion_interval(self.part, self.whole)


@dataclass(frozen=True)
class KindFigures:
    """Of the cells suggested as a kind ``precision`` are of it; of its ``examples`` ``recall`` are suggested as it.

    ``accepted`` more examples were suggestions.
    """

    kind: str
    examples: int
    precision: Share
    recall: Share
    accepted: int = 0


@dataclass(frozen=True, eq=False)
class Figures:
    """What cross-validation says, measured on the examples that users named themselves.

    A suggestion that was accepted was what the program said: measured by it, the program would flatter itself.
    ``confusion`` int64 (K, K + 1): examples by their kind and what they would be suggested as, the last column is
    *unsure*. ``suggested`` int64 (N,) is that column for each example, so that the cells of an entry can be shown, -1
    for accepted suggestions. ``balanced`` is the mean recall of the kinds, ``alike`` the two that are the likeliest for
    one another's cells most often, sure or not; None if that happened to less than two cells.
    """

    left_out: LeftOut
    kinds: tuple[str, ...]
    rows: tuple[KindFigures, ...]
    confusion: NDArray[np.int64]
    suggested: NDArray[np.int64]
    alike: tuple[str, str] | None = None

    @property
    def accepted(self) -> int:
        """How many examples were suggestions."""
        return sum(row.accepted for row in self.rows)

    @property
    def balanced(self) -> float:
        """The mean recall of the kinds, *unsure* taken for wrong."""
        recalls = [row.recall.value for row in self.rows if row.recall.value is not None]
        return float(np.mean(recalls)) if recalls else 0.0


def folds_of(examples: Examples) -> tuple[LeftOut, NDArray[np.int64]]:
    """Return what is left out at once, and in which turn each example is, int64 (N,).

    Whole samples if every kind is in two of them at least, else whole images if that holds for images, else cells.
    """
    for left_out, groups in ((LeftOut.SAMPLE, examples.samples), (LeftOut.IMAGE, examples.images)):
        pairs = {(kind, group) for kind, group in zip(examples.kinds, groups.tolist(), strict=True)}
        if all(sum(kind == name for name, _ in pairs) > 1 for kind in set(examples.kinds)):
            return left_out, _balanced(groups)
    turns = np.zeros(len(examples), np.int64)
    for kind in set(examples.kinds):
        rows = [row for row, name in enumerate(examples.kinds) if name == kind]
        turns[rows] = np.arange(len(rows)) % _FOLDS
    return LeftOut.CELL, turns


def _balanced(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put groups into at most five turns of similar size; the largest go first, each into the smallest turn."""
    names, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    turns = np.zeros(len(names), np.int64)
    filled = np.zeros(min(_FOLDS, len(names)), np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        turns[group] = filled.argmin()
        filled[turns[group]] += sizes[group]
    return turns[places]


def unseen_scores(examples: Examples, turns: NDArray[np.int64], kinds: tuple[str, ...]) -> NDArray[np.float64]:
    """Return scores float64 (N, K) of each example by a classifier that learnt without its turn."""
    scores = np.full((len(examples), len(kinds)), _NEVER)
    weights = examples.weights
    for turn in np.unique(turns):
        learn, rest = np.flatnonzero(turns != turn), np.flatnonzero(turns == turn)
        part = examples.taken(learn)
        classifier = Classifier.fit(part.vectors, part.kinds, weights[learn])
        columns = np.array([kinds.index(kind) for kind in classifier.kinds])
        scores[rest[:, None], columns] = classifier.scores(examples.vectors[rest])
    return scores


def figures_of(
    examples: Examples,
    left_out: LeftOut,
    kinds: tuple[str, ...],
    suggested: NDArray[np.int64],
    likeliest: NDArray[np.int64],
) -> Figures:
    """Count what each example would be suggested as.

    ``suggested`` int64 (N,) are places among the kinds, K stands for *unsure*; ``likeliest`` the same without unsure.
    """
    right, named = np.array([kinds.index(kind) for kind in examples.kinds], np.int64), ~examples.accepted
    confusion = np.zeros((len(kinds), len(kinds) + 1), np.int64)
    np.add.at(confusion, (right[named], suggested[named]), 1)
    rows = tuple(
        KindFigures(
            kind,
            int(confusion[place].sum()),
            Share(int(confusion[place, place]), int(confusion[:, place].sum())),
            Share(int(confusion[place, place]), int(confusion[place].sum())),
            int((examples.accepted & (right == place)).sum()),
        )
        for place, kind in enumerate(kinds)
    )
    alike = _alike(kinds, right[named], likeliest[named])
    return Figures(left_out, kinds, rows, confusion, np.where(named, suggested, -1), alike)


def _alike(kinds: tuple[str, ...], right: NDArray[np.int64], likeliest: NDArray[np.int64]) -> tuple[str, str] | None:
    """Return the two kinds of which most cells are the likeliest of the other; None if that is less than two cells."""
    taken = np.zeros((len(kinds), len(kinds)), np.int64)
    np.add.at(taken, (right, likeliest), 1)
    both = np.triu(taken + taken.T, 1)
    one, other = np.unravel_index(int(both.argmax()), both.shape)
    return (kinds[one], kinds[other]) if both[one, other] > 1 else None
