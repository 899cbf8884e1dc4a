"""Running a model over annotated fields by the program's own path from file to count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from core.counting import count
from core.images import SmearImage, read_image
from core.metrics import ClassScore, score_image
from core.results import CountedImage, count_image

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.counting import CountResult, CountSettings
    from core.detector import Detector
    from trainer.data import DataSet, Field


@dataclass(frozen=True)
class FieldResult:
    """What a model found in one annotated field, beside the truth.

    ``boxes`` float32 (M, 4) true boxes in pixels of the picture as it was looked at; ``labels`` int64
    (M,) true classes in the model's order, -1 for classes that the model does not know.
    """

    field: Field
    image: CountedImage
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]

    def recount(self, settings: CountSettings, classes: tuple[str, ...]) -> CountResult:
        """Count again at other settings; the detection is not repeated."""
        return count(self.image.found.detections, settings, classes)

    def score(self, classes: tuple[str, ...], iou: float = 0.5) -> dict[str, ClassScore]:
        """Compare the count with the truth."""
        found, counted = self.image.found.detections, self.image.result.counted
        return score_image(found, counted, self.boxes, self.labels, classes, iou)


def resized(photograph: SmearImage, factor: float) -> SmearImage:
    """Return the photograph as a camera of another magnification would have taken it."""
    if factor == 1:
        return photograph
    size = (max(round(photograph.width * factor), 1), max(round(photograph.height * factor), 1))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return replace(photograph, pixels=cv2.resize(photograph.pixels, size, interpolation=how))


def look_at_paths(
    paths: Sequence[Path],
    detector: Detector,
    settings: CountSettings,
    *,
    factor: float = 1.0,
    title: str = "Counting",
) -> Iterable[CountedImage]:
    """Yield each picture counted, with progress on a terminal.

    Raises
    ------
    ImageError
        If a picture cannot be read.
    """
    console = Console(stderr=True)
    hidden = not console.is_terminal
    for path in track(paths, title, console=console, disable=hidden, transient=True):
        yield count_image(resized(read_image(path), factor), detector, settings)


def look_at(
    data: DataSet,
    detector: Detector,
    settings: CountSettings,
    *,
    factor: float = 1.0,
    title: str = "Counting",
) -> list[FieldResult]:
    """Detect and count every field of a data set once, at native size times ``factor``."""
    classes = detector.card.classes
    known = [classes.index(name) if name in classes else -1 for name in data.classes]
    to_model = np.array(known, np.int64)
    images = look_at_paths([field.path for field in data.fields], detector, settings, factor=factor, title=title)
    return [
        FieldResult(field, image, field.pixel_boxes(image.width, image.height), to_model[field.labels])
        for field, image in zip(data.fields, images, strict=True)
    ]


def total_scores(results: Iterable[FieldResult], classes: tuple[str, ...], iou: float = 0.5) -> dict[str, ClassScore]:
    """Add up the scores of fields by class name."""
    totals = {name: ClassScore() for name in classes}
    for result in results:
        for name, score in result.score(classes, iou).items():
            totals[name] += score
    return totals
