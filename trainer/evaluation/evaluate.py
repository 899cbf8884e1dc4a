"""Evaluation: how good a model's counts and boxes are on annotated fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.counting.count import CountSettings
from core.text import gettext
from core.verification.verify import NO_RIVAL, Verification
from core.version import __version__
from trainer.dataset.load import median_diameter
from trainer.dataset.manifest import DataError
from trainer.evaluation.coco_metrics import CocoEvaluation, coco_evaluation
from trainer.evaluation.confusion import Confusion, confusion
from trainer.evaluation.dense_field import DenseField, DenseFigures, count_dense
from trainer.evaluation.per_image import ImageFigures, image_figures
from trainer.evaluation.predict import ImageResult, model_labels, predict, total_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.detection.loading import AnyModel, CellDetector
    from core.statistics.metrics import ClassScore
    from core.verification.sweep import SweepRow
    from trainer.dataset.load import DataSet

EVALUATION_SCHEMA = 2

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


class Evaluation(msgspec.Struct, frozen=True, kw_only=True, rename={"images": "pictures"}):
    """Everything that ``smearcount-train evaluate`` finds out; written as JSON.

    ``data`` names, beside the data set, its ``unknown_classes``, which the model does not know, and the
    ``unjudged_classes`` of the model, which are not fully annotated in any image.
    ``scale_ratio`` maps percentiles to true over estimated red cell diameter. ``sweep`` has the paper's table of
    each class: every class counted at the same threshold. ``images`` is what ``compare`` needs.
    """

    schema: int
    version: str
    made: str
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
    sweep: dict[str, list[SweepRow]]
    coco: CocoEvaluation
    confusion: Confusion
    dense: DenseFigures | None
    images: list[ImageFigures]


def evaluate(
    model: AnyModel,
    detector: CellDetector,
    data: DataSet,
    factors: Sequence[float] = (),
    dense: DenseField | None = None,
) -> Evaluation:
    """Evaluate a model at its card's settings.

    Parameters
    ----------
    model, detector
        The opened model file and its detector.
    data
        The fields to compare with.
    factors
        Sizes to count the fields at again, relative to native size.
    dense
        A dense field to render and count besides.

    Raises
    ------
    DataError
        If the model knows none of the data set's classes.
    """
    classes = model.card.classes
    known = model_labels(data, classes)
    if (known < 0).all():
        raise DataError(
            gettext(
                "{data}: none of its classes ({data_classes}) are among the model's ({classes}); choose another model, "
                "or rename the classes of the data set."
            ).format(data=data.folder, data_classes=", ".join(data.classes), classes=", ".join(classes))
        )
    settings = CountSettings.suggested_by(model.card)
    native = predict(data, detector, settings)
    cases = [result.case(number, settings, classes) for number, result in enumerate(native)]
    ranked, at_thresholds = (Verification(cases, classes, others) for others in (NO_RIVAL, settings.thresholds))
    sources = sorted({result.field.source for result in native})
    ratios, misses = _scale_ratios(native, data)
    coco = coco_evaluation(native, classes, settings.nms_iou)
    overall = _group("all", native, classes, coco)
    return Evaluation(
        schema=EVALUATION_SCHEMA,
        version=__version__,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        model={"name": model.card.name, "sha256": model.sha256},
        data={
            "name": data.title,
            "split": data.split,
            "sources": sources,
            "images": len(data.images),
            "sha256": data.sha256,
            "unknown_classes": [name for name, label in zip(data.classes, known, strict=True) if label < 0],
            "unjudged_classes": [name for name in classes if all(name in result.unjudged for result in native)],
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
        sweep={name: sweep.rows() for name, sweep in Verification(cases, classes).sweep().items()},
        coco=coco,
        confusion=confusion(native, classes),
        dense=None if dense is None else count_dense(dense, detector, settings),
        images=image_figures(data, native, ranked, at_thresholds, settings.thresholds),
    )


def group_figures(name: str, results: Sequence[ImageResult], classes: tuple[str, ...], nms_iou: float) -> GroupFigures:
    """Return the figures of a group of fields as they were counted."""
    return _group(name, results, classes, coco_evaluation(results, classes, nms_iou))


def _group(name: str, results: Sequence[ImageResult], classes: tuple[str, ...], coco: CocoEvaluation) -> GroupFigures:
    scores = total_scores(results, classes)
    figures = {cls: ClassFigures.of(scores[cls], item.ap50, item.ap["all"]) for cls, item in coco.classes.items()}
    return GroupFigures(name, len(results), figures, coco.overall.ap50, coco.overall.ap["all"])


def _resized_figures(
    factor: float,
    data: DataSet,
    detector: CellDetector,
    settings: CountSettings,
    native: Mapping[str, ClassFigures],
) -> ResizedFigures:
    classes = detector.card.classes
    results = predict(
        data, detector, settings, factor=factor, title=gettext("Counting at {factor:g}x").format(factor=factor)
    )
    figures = {name: ClassFigures.of(score) for name, score in total_scores(results, classes).items()}
    change = {
        name: 100 * (figures[name].counted / native[name].counted - 1) if native[name].counted else float("nan")
        for name in classes
    }
    unknown = sum(bool(result.image.found.notices) for result in results)
    return ResizedFigures(factor, figures, change, unknown)


def _scale_ratios(results: Sequence[ImageResult], data: DataSet) -> tuple[dict[str, float], list[ScaleMiss]]:
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
