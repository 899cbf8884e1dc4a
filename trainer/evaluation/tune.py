"""Tuning: the thresholds and the NMS overlap at which a model counts best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.counting.count import CountIndex, CountSettings
from core.counting.edits import CellEdits
from core.geometry.matching import UNMATCHED, match_boxes
from core.statistics.metrics import ClassScore, ThresholdCurve
from core.verification.thresholds import best_places
from trainer.evaluation.coco_metrics import coco_evaluation
from trainer.evaluation.predict import total_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from core.models.card import ModelCard
    from trainer.evaluation.predict import ImageResult

NMS_OVERLAPS = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
NEAR_TIE = 0.003
"""F1 this close to the best is as good, as is F1 that one cell more or less would change, up to ``_MOST_FORGIVEN``."""

_MOST_FORGIVEN = 0.02
_THRESHOLD_STEPS = np.arange(5, 96) / 100
_MOST_ROUNDS = 4


@dataclass(frozen=True)
class Tuning:
    """Settings and what they score on the fields that they were tuned on."""

    settings: CountSettings
    scores: dict[str, ClassScore]

    @property
    def mean_f1(self) -> float:
        """Mean F1 of the classes that the fields hold."""
        there = [score.f1 for score in self.scores.values() if score.truth]
        return float(np.mean(there)) if there else float("nan")


@dataclass(frozen=True)
class SettingsFigures:
    """What settings are worth on the fields.

    ``mean_ap50`` ranks every candidate that survives suppression; ``mean_ap50_counted`` only those above their
    thresholds. Means are over the classes that the fields hold.
    """

    name: str
    settings: CountSettings
    mean_f1: float
    mean_ap50: float
    mean_ap50_counted: float


def before_and_after(results: Sequence[ImageResult], card: ModelCard, tuned: CountSettings) -> list[SettingsFigures]:
    """Return what the fields were worth without any filter, at the card's settings, and at the tuned ones."""
    settings = {
        "nothing filtered": CountSettings(dict.fromkeys(card.classes, 0.0), 1.0),
        "before": CountSettings.suggested_by(card),
        "tuned": tuned,
    }
    return [_figures(name, results, card.classes, item) for name, item in settings.items()]


def _figures(
    name: str, results: Sequence[ImageResult], classes: tuple[str, ...], settings: CountSettings
) -> SettingsFigures:
    scores = total_scores(results, classes, settings=settings)
    every = coco_evaluation(results, classes, settings.nms_iou)
    counted = coco_evaluation(results, classes, settings.nms_iou, dict(settings.thresholds))
    return SettingsFigures(name, settings, Tuning(settings, scores).mean_f1, every.overall.ap50, counted.overall.ap50)


def every_candidate(card: ModelCard) -> CountSettings:
    """Return settings that count everything above the score floor; tuning counts again by itself."""
    return CountSettings(dict.fromkeys(card.classes, 0.0), card.nms_iou)


def tune(results: Sequence[ImageResult], card: ModelCard) -> list[Tuning]:
    """Find the best thresholds for each NMS overlap; the best overlap comes first.

    Of overlaps whose mean F1 is within ``NEAR_TIE`` of the best the largest comes first: cells that really
    overlap then stay candidates, and a threshold can still be moved when cells that were suppressed are gone.
    A class that the fields do not hold keeps the threshold of the card.
    """
    tunings = [tune_thresholds(results, card, nms_iou) for nms_iou in NMS_OVERLAPS]
    best = max(tuning.mean_f1 for tuning in tunings)

    def rank(tuning: Tuning) -> tuple[bool, float]:
        near = tuning.mean_f1 >= best - NEAR_TIE
        return not near, -tuning.settings.nms_iou if near else -tuning.mean_f1

    return sorted(tunings, key=rank)


def tune_thresholds(results: Sequence[ImageResult], card: ModelCard, nms_iou: float) -> Tuning:
    """Maximise each class's F1 (IoU 0.5) at one NMS overlap.

    Where two classes claim one cell, the threshold of the one decides whether the other counts, so the
    classes take turns until nothing changes any more.
    """
    found = [result.image.found.detections for result in results]
    fields = [CountIndex.of(detections, CellEdits.none(detections), nms_iou) for detections in found]
    thresholds = dict(card.thresholds)
    scores: dict[str, ClassScore] = {}
    for _ in range(_MOST_ROUNDS):
        before = dict(thresholds)
        for label, name in enumerate(card.classes):
            curve = _curve(results, fields, card, thresholds, label)
            if curve.truth:
                best = best_threshold(curve)
                thresholds = {**thresholds, name: float(curve.thresholds[best])}
                scores[name] = curve.at(best)
            else:
                scores[name] = ClassScore()
        if thresholds == before:
            break
    return Tuning(CountSettings(thresholds, nms_iou), scores)


def best_threshold(curve: ThresholdCurve) -> int:
    """Return the place of the threshold with the best F1; near ties go to the truest total count, then to the middle.

    Where one cell is worth more than a near tie there are too few cells for totals to mean anything, and the
    middle of all near ties is the least likely to fail: true cells of another laboratory get lower scores, false
    ones higher scores, than on the fields here (``trainer/EXPERIMENTS.md``).
    """
    f1 = curve.f1
    worth_of_a_cell = min(1 / max(curve.truth, 1), _MOST_FORGIVEN)
    closeness = -np.abs(curve.counted - curve.truth).astype(np.float64) if worth_of_a_cell <= NEAR_TIE else None
    return int(best_places(f1, closeness, max(NEAR_TIE, worth_of_a_cell)))


def _curve(
    results: Sequence[ImageResult],
    fields: Sequence[CountIndex],
    card: ModelCard,
    thresholds: Mapping[str, float],
    label: int,
) -> ThresholdCurve:
    """Return one class's curve over all thresholds, the other classes' thresholds being as they are."""
    scores, is_true, truth = judged_cells(results, fields, card, thresholds, label)
    steps = _THRESHOLD_STEPS[card.score_floor <= _THRESHOLD_STEPS]
    return ThresholdCurve.of(steps, scores, is_true, truth)


def judged_cells(
    results: Sequence[ImageResult],
    fields: Sequence[CountIndex],
    card: ModelCard,
    thresholds: Mapping[str, float],
    label: int,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], int]:
    """Return the scores (N,) of one class's cells at threshold 0, which of them are true (N,), and the true number.

    Counting at threshold 0 holds the count at every threshold: who takes a cell from this class does
    not depend on this class's threshold.
    """
    name = card.classes[label]
    everything = {**thresholds, name: 0.0}
    scores, is_true, truth = [np.zeros(0, np.float32)], [np.zeros(0, bool)], 0
    for result, field in zip(results, fields, strict=True):
        if name in result.unjudged:
            continue
        detections = result.image.found.detections
        counted = field.count(everything, card.classes).counted
        cells = np.flatnonzero(counted & (detections.labels == label))
        boxes = result.boxes[result.labels == label]
        matched = match_boxes(detections.boxes[cells], detections.scores[cells], boxes)
        scores.append(detections.scores[cells])
        is_true.append(matched != UNMATCHED)
        truth += len(boxes)
    return np.concatenate(scores), np.concatenate(is_true), truth
