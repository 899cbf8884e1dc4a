"""Evaluation: how good a model's counts and boxes are on annotated fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from core.counting import CountSettings
from trainer.data import median_diameter
from trainer.looking import FieldResult, look_at, total_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.detector import Detector
    from core.metrics import ClassScore
    from core.model import Model
    from trainer.data import DataSet

EVALUATION_SCHEMA = 1
MAX_DETECTIONS: list[int] = [1, 100, 10_000]
"""COCO's caps on boxes per image; the last is the one that counts, and COCO's own 100 would lose cells."""

SCALE_QUANTILES = (0, 5, 25, 50, 75, 95, 100)
SCALE_MISS = 1.25


@dataclass(frozen=True)
class ClassFigures:
    """The figures of one class. ``ap`` is the mean over IoU 0.50 to 0.95; NaN where there is no truth."""

    truth: int
    counted: int
    count_error_percent: float
    precision: float
    recall: float
    f1: float
    accuracy: float
    ap50: float = float("nan")
    ap: float = float("nan")

    @classmethod
    def of(cls, score: ClassScore, ap50: float = float("nan"), ap: float = float("nan")) -> ClassFigures:
        """Make the figures of a score."""
        return cls(
            score.truth,
            score.counted,
            100 * score.count_error,
            score.precision,
            score.recall,
            score.f1,
            score.accuracy,
            ap50,
            ap,
        )


@dataclass(frozen=True)
class GroupFigures:
    """The figures of a group of fields: all of them, or those of one source."""

    name: str
    images: int
    classes: dict[str, ClassFigures]
    mean_ap50: float
    mean_ap: float


@dataclass(frozen=True)
class ResizedFigures:
    """Counts of the same fields resized; ``change_percent`` is against the count at native size."""

    factor: float
    classes: dict[str, ClassFigures]
    change_percent: dict[str, float]
    unknown_scale: int


@dataclass(frozen=True)
class ScaleMiss:
    """A field whose red cell diameter was estimated wrong by more than a quarter."""

    file: str
    true_diameter: float
    estimated_diameter: float


@dataclass(frozen=True)
class Evaluation:
    """Everything that ``smearcount-train evaluate`` finds out; written as JSON.

    ``scale_ratio`` maps percentiles to true over estimated red cell diameter.
    """

    schema: int
    model: dict[str, str]
    data: dict[str, Any]
    settings: dict[str, Any]
    iou: float
    overall: GroupFigures
    by_source: list[GroupFigures]
    resized: list[ResizedFigures]
    seconds_per_image: float
    scale_ratio: dict[str, float]
    scale_misses: list[ScaleMiss]


def evaluate(model: Model, detector: Detector, data: DataSet, factors: Sequence[float] = ()) -> Evaluation:
    """Evaluate a model at its card's settings.

    Parameters
    ----------
    model, detector
        The opened model file and its detector.
    data
        The fields to compare with.
    factors
        Sizes to count the fields at again, relative to native size.
    """
    classes = model.card.classes
    settings = CountSettings.suggested_by(model.card)
    native = look_at(data, detector, settings)
    sources = sorted({result.field.source for result in native})
    ratios, misses = _scale_ratios(native, data)
    overall = group_figures("all", native, classes, settings.nms_iou)
    return Evaluation(
        schema=EVALUATION_SCHEMA,
        model={"name": model.card.name, "sha256": model.sha256},
        data={
            "name": data.title,
            "split": data.split,
            "sources": sources,
            "images": len(data.fields),
            "sha256": data.sha256,
        },
        settings={"thresholds": dict(settings.thresholds), "nms_iou": settings.nms_iou},
        iou=0.5,
        overall=overall,
        by_source=[
            group_figures(source, [r for r in native if r.field.source == source], classes, settings.nms_iou)
            for source in sources
        ],
        resized=[_resized_figures(factor, data, detector, settings, overall.classes) for factor in factors],
        seconds_per_image=float(np.median([result.image.seconds for result in native])),
        scale_ratio=ratios,
        scale_misses=misses,
    )


def group_figures(name: str, results: Sequence[FieldResult], classes: tuple[str, ...], nms_iou: float) -> GroupFigures:
    """Return the figures of a group of fields as they were counted."""
    scores = total_scores(results, classes)
    precision = average_precision(results, classes, nms_iou)
    figures = {cls: ClassFigures.of(scores[cls], *precision[cls]) for cls in classes}
    known = [value for value in figures.values() if value.truth]
    return GroupFigures(
        name,
        len(results),
        figures,
        float(np.mean([value.ap50 for value in known])) if known else float("nan"),
        float(np.mean([value.ap for value in known])) if known else float("nan"),
    )


def average_precision(
    results: Sequence[FieldResult], classes: tuple[str, ...], nms_iou: float
) -> dict[str, tuple[float, float]]:
    """Return (AP at IoU 0.5, mean AP at IoU 0.50 to 0.95) by class name, as COCO defines them.

    Ranks everything that would be counted at threshold 0: what survives suppression at ``nms_iou``,
    down to the model's score floor. COCO's caps on boxes per image are lifted.
    """
    every_score = CountSettings(dict.fromkeys(classes, 0.0), nms_iou)
    images, truth, found = [], [], []
    for number, result in enumerate(results, start=1):
        images.append({"id": number, "width": result.image.width, "height": result.image.height})
        for box, label in zip(result.boxes, result.labels, strict=True):
            if label >= 0:
                truth.append(_annotation(number, box, int(label), id=len(truth) + 1, iscrowd=0))
        detections = result.image.found.detections
        for cell in np.flatnonzero(result.recount(every_score, classes).counted):
            score = float(detections.scores[cell])
            found.append(_annotation(number, detections.boxes[cell], int(detections.labels[cell]), score=score))
    present = {item["category_id"] for item in truth}
    nothing = {name: (0.0 if label in present else float("nan"),) * 2 for label, name in enumerate(classes)}
    if not truth or not found:
        return {name: (values[0], values[1]) for name, values in nothing.items()}
    categories = [{"id": label, "name": name} for label, name in enumerate(classes)]
    coco = COCO({"images": images, "annotations": truth, "categories": categories})
    run = COCOeval_faster(coco, coco.loadRes(found), "bbox")
    run.params.maxDets = MAX_DETECTIONS
    run.evaluate()
    run.accumulate()
    curves = run.eval["precision"][:, :, :, 0, -1]  # (IoU, recall, class); -1 where there is no truth
    return {
        name: (_mean_of_known(curves[0, :, label]), _mean_of_known(curves[:, :, label]))
        for label, name in enumerate(classes)
    }


def _annotation(image: int, box: Any, label: int, **more: Any) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(value) for value in box)
    width, height = x2 - x1, y2 - y1
    entry = {"image_id": image, "category_id": label, "bbox": [x1, y1, width, height]}
    return {**entry, "area": width * height, **more}


def _mean_of_known(values: Any) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")


def _resized_figures(
    factor: float,
    data: DataSet,
    detector: Detector,
    settings: CountSettings,
    native: Mapping[str, ClassFigures],
) -> ResizedFigures:
    classes = detector.card.classes
    results = look_at(data, detector, settings, factor=factor, title=f"Counting at {factor:g}x")
    figures = {name: ClassFigures.of(score) for name, score in total_scores(results, classes).items()}
    change = {
        name: 100 * (figures[name].counted / native[name].counted - 1) if native[name].counted else float("nan")
        for name in classes
    }
    unknown = sum(bool(result.image.found.notices) for result in results)
    return ResizedFigures(factor, figures, change, unknown)


def _scale_ratios(results: Sequence[FieldResult], data: DataSet) -> tuple[dict[str, float], list[ScaleMiss]]:
    ratios, misses = [], []
    for result in results:
        true = median_diameter(result.boxes, result.field.labels, data.red_labels)
        estimated = result.image.found.diameter
        if true is None:
            continue
        ratios.append(true / estimated)
        if not 1 / SCALE_MISS < true / estimated < SCALE_MISS:
            misses.append(ScaleMiss(result.field.path.name, true, estimated))
    if not ratios:
        return {}, []
    return {str(q): float(np.percentile(ratios, q)) for q in SCALE_QUANTILES}, misses


def card_figures(evaluation: Evaluation) -> dict[str, float]:
    """Return the figures that belong on a model's card, by the name they get there."""
    figures: dict[str, float] = {}
    for name, values in evaluation.overall.classes.items():
        if values.truth:
            figures[f"AP50 {name}"] = values.ap50
            figures[f"F1 {name}"] = values.f1
            figures[f"count error {name}, %"] = values.count_error_percent
    figures["mean AP50"] = evaluation.overall.mean_ap50
    figures["mean AP50:95"] = evaluation.overall.mean_ap
    return figures
