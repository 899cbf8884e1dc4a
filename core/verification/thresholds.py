"""Choosing the threshold at which a class is counted best, and how well it can be expected to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  (msgspec reads the annotations at run time)
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.statistics.intervals import Interval  # noqa: TC001  (msgspec reads the annotations at run time)
from core.statistics.metrics import accuracy, f1_score
from core.text import gettext
from core.verification.bootstrap import percentile_interval, resampled_sums
from core.verification.sweep import Measure, known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.verification.sweep import ClassSweep

ENOUGH_IMAGES = 10
"""With fewer images nothing can be said about the next one."""


@dataclass(frozen=True)
class ThresholdChoice:
    """The best threshold of a class, and how it was found.

    ``measure`` is what was maximised; ``images`` are the session's numbers of the images. With
    ``cross_validated`` each image was counted at the threshold that is best for the other ones: ``accuracy``
    is that of these counts, ``interval`` its 95 % bootstrap interval, and ``folds`` are the thresholds.
    Otherwise ``accuracy`` is that of the images that the threshold was chosen on, which flatters it, and
    ``warning`` says so to a person; there is no interval.
    """

    class_name: str
    threshold: float
    measure: Measure
    images: tuple[int, ...]
    cross_validated: bool
    accuracy: float | None
    interval: Interval | None = None
    folds: tuple[float, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class ThresholdRecord:
    """Where the threshold of a class comes from: enough for a report, and to find it again.

    ``names`` are those of the choice's images, ``iou`` is the overlap at which boxes were matched, and ``when``
    has a time zone. A session can hold it as it is.
    """

    choice: ThresholdChoice
    names: tuple[str, ...]
    iou: float
    model_name: str
    model_sha256: str
    when: datetime

    @classmethod
    def from_stored(cls, value: Any) -> ThresholdRecord:
        """Return the record that a session held.

        Raises
        ------
        ValueError
            If the value is something else.
        """
        return msgspec.convert(value, cls)


def choose_threshold(sweep: ClassSweep, measure: Measure = "accuracy", *, seed: int = 0) -> ThresholdChoice | None:
    """Choose the best threshold of a class; None if its images hold no cell of it that could tell.

    With ``ENOUGH_IMAGES`` images each is left out once, and the best threshold for the others is taken; the
    median of these choices is the threshold (leave-one-out cross-validation, Stone 1974), so that a single odd
    image cannot move it far. F1 looks only at images in which places are known.

    Of thresholds that are equally good by the ``measure`` the other measure decides, and then the middle one
    is taken: it is the least likely to fail on another slide.
    """
    used = sweep.of_images(sweep.located) if measure == "f1" else sweep
    if not used.truth.sum():
        return None
    images = tuple(used.images.tolist())
    if len(images) < ENOUGH_IMAGES:
        best = int(_best(used, measure))
        return ThresholdChoice(
            used.name,
            float(used.thresholds[best]),
            measure,
            images,
            cross_validated=False,
            accuracy=known(float(used.accuracy[best])),
            warning=_warning(len(images)),
        )
    folds = _best(used, measure, leave_one_out=True)
    held_out = np.stack([used.truth, used.counted[np.arange(len(images)), folds]], axis=1)
    draws = resampled_sums(held_out, seed)
    return ThresholdChoice(
        used.name,
        float(used.thresholds[np.sort(folds)[len(images) // 2]]),
        measure,
        images,
        cross_validated=True,
        accuracy=known(float(accuracy(*held_out.sum(axis=0)))),
        interval=percentile_interval(accuracy(draws[:, 0], draws[:, 1])),
        folds=tuple(used.thresholds[folds].tolist()),
    )


def _best(sweep: ClassSweep, measure: Measure, *, leave_one_out: bool = False) -> NDArray[np.int64]:
    """Return the place of the best threshold, int64 (), or (I,) of the best one without each image."""

    def total(values: NDArray[np.int64]) -> NDArray[np.int64]:
        whole = values.sum(axis=0)
        return whole - values if leave_one_out else whole

    truth, here = sweep.truth[:, None], sweep.located[:, None]
    # Nothing counted where nothing is there could not be better
    agreement = np.nan_to_num(accuracy(total(truth), total(sweep.counted)), nan=1.0)
    f1 = np.nan_to_num(f1_score(total(truth * here), total(sweep.counted * here), total(sweep.matched)), nan=1.0)
    return best_places(*((f1, agreement) if measure == "f1" else (agreement, f1)))


def best_places(
    first: NDArray[np.float64], second: NDArray[np.float64] | None = None, tolerance: float = 0.0
) -> NDArray[np.int64]:
    """Return the places of the best of T thresholds: best by the first measure, then by the second, then the middle.

    Parameters
    ----------
    first
        What is maximised, float64 (..., T).
    second
        Decides where ``first`` is equally good, float64 (..., T); nothing does if left out.
    tolerance
        Values of ``first`` this close to the best are equally good.

    Returns
    -------
    int64 (...).
    """
    tied = first >= first.max(axis=-1, keepdims=True) - tolerance
    if second is not None:
        second = np.where(tied, second, -np.inf)
        tied &= second == second.max(axis=-1, keepdims=True)
    rank = np.cumsum(tied, axis=-1)
    return np.argmax(rank > rank[..., -1:] // 2, axis=-1)


def _warning(images: int) -> str:
    only = gettext("one image") if images == 1 else f"{images} images"
    return gettext(
        "Chosen from only {only}, and not checked on others: it may do worse on the next ones. "
        "With {ENOUGH_IMAGES} images or more it is checked on images that it was not chosen from."
    ).format(only=only, ENOUGH_IMAGES=ENOUGH_IMAGES)
