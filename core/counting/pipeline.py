"""From a decoded image to a counted one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.counting.count import CountIndex, CountResult, CountSettings
from core.counting.edits import CellEdits
from core.counting.quality import field_quality, fragile_counts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.counting.frame import Frame
    from core.counting.quality import FieldQuality
    from core.counting.region import Region
    from core.detection.detector import DetectorResult
    from core.detection.loading import CellDetector
    from core.imaging.reading import SmearImage


@dataclass(frozen=True)
class CountedImage:
    """One image and everything that was found out about it.

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
    card, size = detector.card, (image.width, image.height)
    found = detector.detect(image.pixels, diameter=diameter)
    frame = settings.frame(*size, region)
    index = CountIndex.of(found.detections, CellEdits.none(found.detections), settings.nms_iou, frame)
    result = index.count(settings.thresholds, card.classes)
    fragile = fragile_counts(index, settings.thresholds, card.classes)
    quality = field_quality(found, result, card, size, fragile)
    seconds = image.seconds + time.perf_counter() - start
    notices = image.notices + found.notices
    if frame.area == 0:
        notices += ("The region lies outside this picture; nothing was counted.",)
    return CountedImage(image.path, *size, found, result, seconds, notices, frame, quality)


def totals(images: Sequence[CountedImage], classes: tuple[str, ...]) -> dict[str, int]:
    """Return the sum of the counts of all images by class name."""
    return {name: sum(image.result.counts[name] for image in images) for name in classes}
