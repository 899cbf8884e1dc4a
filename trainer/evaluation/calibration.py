"""Calibration: whether of the cells that a model is 80 % sure of 80 % are there, and what would make it so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.counting.count import CountIndex
from core.counting.edits import CellEdits
from trainer.evaluation.tune import judged_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.models.card import ModelCard
    from trainer.evaluation.predict import ImageResult

BINS = 15
_NEAR = 1e-4
_COLDEST, _HOTTEST = 0.05, 20.0
_STEPS = 160


@dataclass(frozen=True)
class ClassCalibration:
    """How far the scores of one class are from the share of them that is true.

    ``cells`` that survive suppression, whatever their score; ``error`` their expected calibration error, 0 to 1;
    ``temperature`` what their logits should be divided by, as other fields say; ``error_after`` the error then.
    """

    cells: int
    error: float
    temperature: float
    error_after: float


def calibration_error(scores: NDArray[np.float32], is_true: NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the expected calibration error of scores (N,) in 0 to 1; NaN if there are none.

    Scores are put into bins of equal width; the error is the mean difference between the mean score and the true
    share of a bin, each bin weighed by its cells (Guo et al., "On calibration of modern neural networks", ICML 2017).
    """
    if len(scores) == 0:
        return float("nan")
    place = np.minimum((scores * bins).astype(np.int64), bins - 1)
    apart = np.bincount(place, scores.astype(np.float64) - is_true, bins)
    return float(np.abs(apart).sum() / len(scores))


def at_temperature(scores: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return scores (N,) whose logits are divided by the temperature; 1 changes nothing."""
    safe = np.clip(scores.astype(np.float64), _NEAR, 1 - _NEAR)
    return (1 / (1 + ((1 - safe) / safe) ** (1 / temperature))).astype(np.float32)


def best_temperature(scores: NDArray[np.float32], is_true: NDArray[np.bool_]) -> float:
    """Return the temperature at which what is true is the least surprising; 1 if there is nothing to learn from."""
    if is_true.all() or not is_true.any():
        return 1.0
    temperatures = np.geomspace(_COLDEST, _HOTTEST, _STEPS + 1)
    return float(temperatures[np.argmin([_surprise(at_temperature(scores, t), is_true) for t in temperatures])])


def _surprise(scores: NDArray[np.float32], is_true: NDArray[np.bool_]) -> float:
    return float(-np.log(np.clip(np.where(is_true, scores, 1 - scores), _NEAR, 1)).mean())


def temperatures(results: Sequence[ImageResult], card: ModelCard) -> dict[str, float]:
    """Return the best temperature of each class on fields, which should not be those that it is judged on."""
    return {name: best_temperature(*cells) for name, cells in _cells(results, card).items()}


def calibration(
    results: Sequence[ImageResult], card: ModelCard, temperature: Mapping[str, float]
) -> dict[str, ClassCalibration]:
    """Return how well the scores of each class are calibrated on fields, as they are and at these temperatures."""
    return {
        name: ClassCalibration(
            len(scores),
            calibration_error(scores, is_true),
            temperature[name],
            calibration_error(at_temperature(scores, temperature[name]), is_true),
        )
        for name, (scores, is_true) in _cells(results, card).items()
    }


def _cells(results: Sequence[ImageResult], card: ModelCard) -> dict[str, tuple[NDArray[np.float32], NDArray[np.bool_]]]:
    found = [result.image.found.detections for result in results]
    fields = [CountIndex.of(detections, CellEdits.none(detections), card.nms_iou) for detections in found]
    return {
        name: judged_cells(results, fields, card, card.thresholds, label)[:2] for label, name in enumerate(card.classes)
    }
