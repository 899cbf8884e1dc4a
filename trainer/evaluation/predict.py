"""Running a model over annotated fields by the program's own path from file to count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import RED_CELL, canonical_class
from core.counting.count import count
from core.counting.pipeline import CountedImage, count_image
from core.imaging.reading import SmearImage, read_image
from core.statistics.metrics import ClassScore, score_image
from core.text import gettext
from core.verification.cases import Case
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.counting.count import CountResult, CountSettings
    from core.detection.loading import CellDetector
    from trainer.dataset.load import DataSet, LabelledImage


@dataclass(frozen=True)
class ImageResult:
    """What a model found in one annotated field, beside the truth.

    ``boxes`` float32 (M, 4) true boxes in pixels of the image as it was counted; ``labels`` int64
    (M,) true classes in the model's order, -1 for classes that the model does not know; ``unjudged``
    names those of the model's classes of which the field does not say where all cells are: nothing is
    made of what was counted of them.
    """

    field: LabelledImage
    image: CountedImage
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    unjudged: frozenset[str] = frozenset()

    def recount(self, settings: CountSettings, classes: tuple[str, ...]) -> CountResult:
        """Count again at other settings; the detection is not repeated."""
        return count(self.image.found.detections, settings, classes)

    def score(
        self, classes: tuple[str, ...], iou: float = 0.5, counted: NDArray[np.bool_] | None = None
    ) -> dict[str, ClassScore]:
        """Compare the count, or another one of the same cells, bool (N,), with the truth."""
        if counted is None:
            counted = self.image.result.counted
        scores = score_image(self.image.found.detections, counted, self.boxes, self.labels, classes, iou)
        return {name: ClassScore() if name in self.unjudged else score for name, score in scores.items()}

    def judged(self, classes: tuple[str, ...]) -> NDArray[np.bool_]:
        """Tell which of the true cells are of classes that can be judged, bool (M,)."""
        labels = [label for label, name in enumerate(classes) if name not in self.unjudged]
        return np.isin(self.labels, labels)

    def case(self, number: int, settings: CountSettings, classes: tuple[str, ...]) -> Case:
        """Return the field as a numbered image to verify."""
        judged = self.judged(classes)
        truth = GroundTruth(
            TruthKind.BOXES,
            TruthSource.IMPORTED,
            tuple(name for name in classes if name not in self.unjudged),
            tuple(classes[label] for label in self.labels[judged].tolist()),
            self.boxes[judged],
        )
        return Case.of(number, self.field.path.name, self.image.found.detections, truth, settings)


def resized(photograph: SmearImage, factor: float) -> SmearImage:
    """Return the image as a camera of another magnification would have taken it."""
    if factor == 1:
        return photograph
    size = (max(round(photograph.width * factor), 1), max(round(photograph.height * factor), 1))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return replace(photograph, pixels=cv2.resize(photograph.pixels, size, interpolation=how))


def predict_paths(
    paths: Sequence[Path],
    detector: CellDetector,
    settings: CountSettings,
    *,
    factor: float = 1.0,
    title: str = "",
) -> Iterable[CountedImage]:
    """Yield each image counted, with progress on a terminal.

    Raises
    ------
    ImageError
        If an image cannot be read.
    """
    for path in progress(paths, title or gettext("Counting")):
        yield count_image(resized(read_image(path), factor), detector, settings)


def predict(
    data: DataSet,
    detector: CellDetector,
    settings: CountSettings,
    *,
    factor: float = 1.0,
    title: str = "",
) -> list[ImageResult]:
    """Detect and count every field of a data set once, at native size times ``factor``."""
    classes = detector.card.classes
    to_model = model_labels(data, classes)
    images = predict_paths([field.path for field in data.images], detector, settings, factor=factor, title=title)
    return [
        ImageResult(
            field,
            image,
            field.pixel_boxes(image.width, image.height),
            to_model[field.labels],
            _unjudged(field, data, to_model, classes),
        )
        for field, image in zip(data.images, images, strict=True)
    ]


def model_labels(data: DataSet, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the label that a model with these classes has for each class of a data set, int64 (C,); -1: none.

    A kind of red cell that the model does not know is a red cell to it.
    """
    labels = np.full(len(data.classes), -1, np.int64)
    for place, name in enumerate(data.classes):
        same = canonical_class(name, classes)
        if same is None and name in data.red_cells:
            same = canonical_class(RED_CELL, classes)
        if same is not None:
            labels[place] = classes.index(same)
    return labels


def _unjudged(
    field: LabelledImage, data: DataSet, to_model: NDArray[np.int64], classes: tuple[str, ...]
) -> frozenset[str]:
    """Return the model's classes of which the field does not say where all cells are.

    To a model that does not know the kinds of a class it is enough that all cells of the class are annotated.
    """
    incomplete = set[int]()
    for label in (data.classes.index(name) for name in field.incomplete if name in data.classes):
        parent = data.parents[label]
        within = parent >= 0 and to_model[parent] == to_model[label] and data.classes[parent] not in field.incomplete
        if not within:
            incomplete.add(int(to_model[label]))
    known = set(to_model.tolist()) - incomplete
    return frozenset(name for label, name in enumerate(classes) if label not in known)


def total_scores(
    results: Iterable[ImageResult],
    classes: tuple[str, ...],
    iou: float = 0.5,
    settings: CountSettings | None = None,
) -> dict[str, ClassScore]:
    """Add up the scores of fields by class name, as they were counted or at other settings."""
    totals = {name: ClassScore() for name in classes}
    for result in results:
        counted = None if settings is None else result.recount(settings, classes).counted
        for name, score in result.score(classes, iou, counted).items():
            totals[name] += score
    return totals
