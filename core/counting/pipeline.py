"""From a decoded image, or from stored detections and edits, to a counted image."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.cells import CellChange, Origin
from core.counting.count import CountIndex, CountResult, CountSettings
from core.counting.edits import CellEdits
from core.counting.quality import field_quality, fragile_counts
from core.counting.reconcile import found_cell
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from core.counting.frame import Frame
    from core.counting.quality import FieldQuality
    from core.counting.region import Region
    from core.detection.detector import DetectorResult
    from core.detection.loading import CellDetector
    from core.imaging.reading import SmearImage
    from core.models.card import ModelCard


@dataclass(frozen=True)
class CountedImage:
    """One image, its cells and its count.

    ``frame`` None: all of it was counted; ``quality`` None: the field was not judged.
    """

    path: Path
    width: int
    height: int
    found: DetectorResult
    result: CountResult
    seconds: float
    notices: tuple[str, ...] = ()
    frame: Frame | None = None
    quality: FieldQuality | None = None


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be counted, and why."""

    path: Path
    error: str


def count_image(
    image: SmearImage,
    detector: CellDetector,
    settings: CountSettings,
    diameter: float | None = None,
    region: Region | None = None,
) -> CountedImage:
    """Detect and count the cells of an image that was read; ``seconds`` includes the reading."""
    start = time.perf_counter()
    found = detector.detect(image.pixels, diameter=diameter)
    found = replace(found, doubts=(*found.doubts, *image.doubts))
    frame = settings.frame(image.width, image.height, region)
    notices = image.notices + found.notices
    if frame.area == 0:
        notices += (gettext("The region lies outside this image; nothing was counted."),)
    edits = CellEdits.none(found.detections)
    counted = count_found(
        image.path, found, edits, settings, detector.card.classes, frame, card=detector.card, notices=notices
    )
    return replace(counted, seconds=image.seconds + time.perf_counter() - start)


def count_found(
    path: Path,
    found: DetectorResult,
    edits: CellEdits,
    settings: CountSettings,
    classes: tuple[str, ...],
    frame: Frame,
    *,
    card: ModelCard | None = None,
    seconds: float = 0.0,
    notices: tuple[str, ...] = (),
) -> CountedImage:
    """Apply edits to the detections of an image, and count.

    Parameters
    ----------
    path, seconds, notices
        As in the result.
    found
        The detections, with labels in the order of ``classes``, and how they were found.
    edits
        The edits of these detections.
    settings, frame
        How to count, and ``settings.frame`` of the image.
    card
        The card of the model; without it the field is not judged.
    """
    index = CountIndex.of(found.detections, edits, settings.nms_iou, frame)
    result = index.count(settings.thresholds, classes)
    found = replace(found, detections=edits.apply(found.detections))
    quality = None
    if card is not None:
        fragile = fragile_counts(index, settings.thresholds, classes)
        quality = field_quality(found, result, card, (frame.width, frame.height), fragile)
    return CountedImage(path, frame.width, frame.height, found, result, seconds, notices, frame, quality)


def without_cells(
    image: CountedImage, places: NDArray[np.int64], settings: CountSettings, card: ModelCard
) -> CountedImage:
    """Return an image that nobody has edited as it counts without cells that the sorting takes for none.

    ``places`` int64 (N,) are those of the cells among the detections, which stay.
    """
    cells, classes = image.found.detections, card.classes
    changes: list[CellChange] = []
    for place in places.tolist():
        before = found_cell(cells, place, classes)
        changes.append(CellChange(int(cells.ids[place]), before, replace(before, origin=Origin.SORTING)))
    edits = CellEdits.from_edits(cells, changes, classes)
    frame = image.frame or settings.frame(image.width, image.height)
    notices = image.notices
    counted = count_found(image.path, image.found, edits, settings, classes, frame, card=card, notices=notices)
    return replace(counted, seconds=image.seconds)


def totals(images: Sequence[CountedImage], classes: tuple[str, ...]) -> dict[str, int]:
    """Return the sum of the counts of all images by class name."""
    return {name: sum(image.result.counts[name] for image in images) for name in classes}
