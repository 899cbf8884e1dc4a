"""One class counted at a row of thresholds and compared with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from core.statistics.metrics import ClassScore, accuracy, f1_score
from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measure = Literal["accuracy", "f1"]


def threshold_steps(low: float = 0.20, high: float = 0.85, step: float = 0.05) -> NDArray[np.float64]:
    """Return the thresholds from ``low`` to ``high``, both included; those of the paper if nothing is given.

    Raises
    ------
    ValueError
        If they are not between 0 and 1, in order, and at least 0.001 apart.
    """
    if not (0 <= low <= high <= 1 and step >= 0.001):
        raise ValueError(gettext("thresholds go from 0 to 1 in steps of 0.001 or more"))
    count = int((high - low) / step + 1e-6) + 1
    return np.array([round(low + step * place, 6) for place in range(count)], np.float64)


@dataclass(frozen=True)
class SweepRow:
    """What was counted of one class at one threshold, beside the truth.

    ``truth`` and ``counted`` are of all images. The rest but ``accuracy`` is of those images in which the places
    of the true cells are known; None if there are none, or the ratio is of nothing. ``most_accurate`` and
    ``best_f1`` mark the rows that no other row surpasses.
    """

    threshold: float
    truth: int
    counted: int
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    tp: int | None
    fp: int | None
    fn: int | None
    most_accurate: bool
    best_f1: bool


@dataclass(frozen=True, eq=False)
class ClassSweep:
    """The counts of one class in I images at T thresholds.

    The images are those whose truth knows the class. ``images`` int64 (I,): their numbers; ``thresholds``
    float64 (T,); ``truth`` int64 (I,); ``counted`` int64 (I, T); ``located`` bool (I,): whether the places of
    the true cells are known; ``matched`` int64 (I, T): how many counted cells are true, 0 where they are not known.
    """

    name: str
    images: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    truth: NDArray[np.int64]
    counted: NDArray[np.int64]
    located: NDArray[np.bool_]
    matched: NDArray[np.int64]

    def of_images(self, chosen: NDArray[np.bool_]) -> ClassSweep:
        """Return the sweep of some of the images, bool (I,)."""
        return ClassSweep(
            self.name,
            self.images[chosen],
            self.thresholds,
            self.truth[chosen],
            self.counted[chosen],
            self.located[chosen],
            self.matched[chosen],
        )

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """The accuracy of the total count at each threshold, float64 (T,)."""
        return accuracy(self.truth.sum(), self.counted.sum(axis=0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """F1 at each threshold, float64 (T,), of the images in which places are known; NaN if there are none."""
        here = self.located
        return f1_score(self.truth[here].sum(), self.counted[here].sum(axis=0), self.matched.sum(axis=0))

    def score(self, index: int) -> ClassScore:
        """Return the score of the images in which places are known at one of the thresholds."""
        here = self.located
        return ClassScore(
            int(self.truth[here].sum()), int(self.counted[here, index].sum()), int(self.matched[:, index].sum())
        )

    def rows(self) -> list[SweepRow]:
        """Return the table of the class, one row for each threshold."""
        agreement, f1 = self.accuracy, self.f1
        best_agreement, best_f1 = _best(agreement), _best(f1)
        located = bool(self.located.any())
        rows: list[SweepRow] = []
        for index, threshold in enumerate(self.thresholds.tolist()):
            score = self.score(index)
            rows.append(
                SweepRow(
                    threshold,
                    int(self.truth.sum()),
                    int(self.counted[:, index].sum()),
                    known(float(agreement[index])),
                    known(score.precision),
                    known(score.recall),
                    known(score.f1),
                    score.matched if located else None,
                    score.counted - score.matched if located else None,
                    score.truth - score.matched if located else None,
                    bool(best_agreement[index]),
                    bool(best_f1[index]),
                )
            )
        return rows


def known(value: float) -> float | None:
    """Return a number, None if it is NaN."""
    return None if np.isnan(value) else value


def _best(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return values == np.nanmax(values, initial=-1.0)
