"""Several models on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.classes import canonical_class
from core.statistics.metrics import accuracy, f1_score
from core.text import gettext
from core.verification.bootstrap import percentile_interval, resampled_sums
from core.verification.sweep import known
from core.verification.verify import NO_RIVAL, Verification

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.statistics.intervals import Interval
    from core.verification.cases import Case
    from core.verification.sweep import ClassSweep


@dataclass(frozen=True, eq=False)
class ModelResult:
    """What one model found in the images, and the thresholds by class name that it is counted at."""

    name: str
    sha256: str
    classes: tuple[str, ...]
    thresholds: Mapping[str, float]
    cases: Sequence[Case]


@dataclass(frozen=True)
class Difference:
    """How much higher a figure is than that of the first model; ``interval``: paired bootstrap, 95 %."""

    value: float
    interval: Interval

    @property
    def clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval.low > 0 or self.interval.high < 0


def paired_difference(
    value: float, reference: float, draws: NDArray[np.float64], reference_draws: NDArray[np.float64]
) -> Difference | None:
    """Return how much higher a figure is than a reference; None if either is undefined.

    ``draws`` and ``reference_draws`` float64 (B,) are both figures over the same draws of images.
    """
    interval = percentile_interval(draws - reference_draws)
    difference = value - reference
    return None if interval is None or np.isnan(difference) else Difference(float(difference), interval)


@dataclass(frozen=True)
class ModelRow:
    """One class counted by one model at its threshold.

    ``sha256`` is that of the model file and ``images`` the number of images whose truth knows the class; the other
    figures are as in ``SweepRow``, with 95 % bootstrap intervals over the images. ``average_precision`` is
    COCO's at the overlap of the comparison. Differences are None for the first model.
    """

    model: str
    sha256: str
    class_name: str
    threshold: float
    images: int
    truth: int
    counted: int
    accuracy: float | None
    accuracy_interval: Interval | None
    precision: float | None
    recall: float | None
    f1: float | None
    f1_interval: Interval | None
    average_precision: float | None
    accuracy_difference: Difference | None
    f1_difference: Difference | None


def compare_models(models: Sequence[ModelResult], iou: float = 0.5, *, seed: int = 0) -> list[ModelRow]:
    """Compare models on the images that all of them counted.

    Classes are those of the first model, which is the one that the others are compared with; another model's
    class may have any usual name of it. Differences are resampled in pairs: both models see the same draw of
    images, so that what is hard about an image is hard for both.

    Returns
    -------
    A row for each class and model that knows it, class by class, the models in order.

    Raises
    ------
    ValueError
        If there is no image that all models counted.
    """
    shared = set.intersection(*({case.image for case in model.cases} for model in models))
    if not shared:
        raise ValueError(gettext("there is no image that all models counted"))
    prepared = [_Prepared(model, shared) for model in models]
    rows: list[ModelRow] = []
    for name in models[0].classes:
        reference: _Sampled | None = None
        for one in prepared:
            own_name = canonical_class(name, one.model.classes)
            if own_name is None:
                continue
            sampled = _Sampled.of(one.class_sweep(own_name, iou), seed)
            rows.append(_row(one, name, own_name, iou, sampled, reference))
            reference = reference or sampled
    return rows


class _Prepared:
    """A model's images, counted at its thresholds, and each class by itself for the average precision."""

    def __init__(self, model: ModelResult, images: set[int]) -> None:
        self.model = model
        cases = sorted((case for case in model.cases if case.image in images), key=lambda case: case.image)
        self.at_thresholds = Verification(cases, model.classes, model.thresholds)
        self.ranked = Verification(cases, model.classes, NO_RIVAL)

    def class_sweep(self, name: str, iou: float) -> ClassSweep:
        return self.at_thresholds.class_sweep(name, np.array([self.model.thresholds[name]]), iou)


@dataclass(frozen=True, eq=False)
class _Sampled:
    """A class counted at one threshold, and its figures in each draw of the images, float64 (B,)."""

    sweep: ClassSweep
    accuracy: NDArray[np.float64]
    f1: NDArray[np.float64]

    @classmethod
    def of(cls, sweep: ClassSweep, seed: int) -> _Sampled:
        truth, counted, matched, here = sweep.truth, sweep.counted[:, 0], sweep.matched[:, 0], sweep.located
        columns = np.stack([truth, counted, truth * here, counted * here, matched], axis=1)
        sums = resampled_sums(columns, seed).T
        return cls(sweep, accuracy(sums[0], sums[1]), f1_score(sums[2], sums[3], sums[4]))


def _row(
    one: _Prepared, name: str, own_name: str, iou: float, sampled: _Sampled, reference: _Sampled | None
) -> ModelRow:
    (row,) = sampled.sweep.rows()
    accuracy_difference = f1_difference = None
    # A truth that only one of the models knows is no pair
    if reference is not None and np.array_equal(reference.sweep.images, sampled.sweep.images):
        before = reference.sweep
        accuracy_difference = paired_difference(
            sampled.sweep.accuracy[0], before.accuracy[0], sampled.accuracy, reference.accuracy
        )
        f1_difference = paired_difference(sampled.sweep.f1[0], before.f1[0], sampled.f1, reference.f1)
    return ModelRow(
        model=one.model.name,
        sha256=one.model.sha256,
        class_name=name,
        threshold=row.threshold,
        images=len(sampled.sweep.images),
        truth=row.truth,
        counted=row.counted,
        accuracy=row.accuracy,
        accuracy_interval=percentile_interval(sampled.accuracy),
        precision=row.precision,
        recall=row.recall,
        f1=row.f1,
        f1_interval=percentile_interval(sampled.f1),
        average_precision=known(one.ranked.precision_recall(own_name, iou).average_precision),
        accuracy_difference=accuracy_difference,
        f1_difference=f1_difference,
    )
