"""Results as they leave the program: one record for each image, as JSON and CSV."""

from __future__ import annotations

import csv
import io
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.counting import CountResult, CountSettings, count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.detector import Detector, DetectorResult
    from core.images import SmearImage
    from core.model import Model

JSON_SCHEMA = 1


@dataclass(frozen=True)
class CountedImage:
    """One image and everything that was found out about it."""

    path: Path
    width: int
    height: int
    found: DetectorResult
    result: CountResult
    seconds: float
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be counted, and why."""

    path: Path
    error: str


def count_image(
    image: SmearImage, detector: Detector, settings: CountSettings, diameter: float | None = None
) -> CountedImage:
    """Detect and count the cells of an image that was read; ``seconds`` includes the reading."""
    start = time.perf_counter()
    found = detector.detect(image.pixels, diameter=diameter)
    result = count(found.detections, settings, detector.card.classes)
    seconds = image.seconds + time.perf_counter() - start
    notices = image.notices + found.notices
    return CountedImage(image.path, image.width, image.height, found, result, seconds, notices)


def printable(text: str | Path) -> str:
    """Return text that can be written as UTF-8: file names on Linux may hold bytes that are none."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def totals(images: Sequence[CountedImage], classes: tuple[str, ...]) -> dict[str, int]:
    """Return the sum of the counts of all images by class name."""
    return {name: sum(image.result.counts[name] for image in images) for name in classes}


def to_json(
    images: Sequence[CountedImage],
    failed: Sequence[FailedImage],
    model: Model,
    settings: CountSettings,
    *,
    all_detections: bool = False,
) -> bytes:
    """Return the JSON document of a batch (schema 1, UTF-8, indented).

    Boxes are pixels of the orientation-corrected image. ``detections`` holds the counted cells;
    with ``all_detections`` also everything above the model's score floor, as ``"counted": false``.
    """
    classes = model.card.classes
    document = {
        "schema": JSON_SCHEMA,
        "model": {"name": model.card.name, "sha256": model.sha256, "classes": list(classes)},
        "settings": {"thresholds": dict(settings.thresholds), "nms_iou": settings.nms_iou},
        "images": [_image_entry(image, classes, all_detections) for image in images],
        "errors": [{"path": printable(item.path), "error": printable(item.error)} for item in failed],
        "totals": totals(images, classes),
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _image_entry(image: CountedImage, classes: tuple[str, ...], all_detections: bool) -> dict[str, Any]:
    cells = image.found.detections
    chosen = np.arange(len(cells)) if all_detections else np.flatnonzero(image.result.counted)
    detections: list[dict[str, Any]] = []
    for cell in chosen:
        entry: dict[str, Any] = {
            "class": classes[cells.labels[cell]],
            "score": round(float(cells.scores[cell]), 4),
            "box": [round(float(value), 2) for value in cells.boxes[cell]],
        }
        if all_detections:
            entry["counted"] = bool(image.result.counted[cell])
        detections.append(entry)
    return {
        "path": printable(image.path),
        "width": image.width,
        "height": image.height,
        "counts": image.result.counts,
        "mean_score": {
            name: None if mean is None else round(mean, 4) for name, mean in image.result.mean_scores.items()
        },
        "scale": round(image.found.scale, 4),
        "seconds": round(image.seconds, 4),
        "notices": list(image.notices),
        "detections": detections,
    }


def to_csv(images: Sequence[CountedImage], failed: Sequence[FailedImage], classes: tuple[str, ...]) -> bytes:
    """Return a table with one row for each image, UTF-8 with a mark so that Excel reads it right."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    means = [f"{name} mean score" for name in classes]
    writer.writerow(["image", "width", "height", *classes, *means, "scale", "seconds", "error"])
    for image in images:
        counts = [image.result.counts[name] for name in classes]
        scores = [image.result.mean_scores[name] for name in classes]
        writer.writerow(
            [
                printable(image.path),
                image.width,
                image.height,
                *counts,
                *("" if score is None else f"{score:.4f}" for score in scores),
                f"{image.found.scale:.4f}",
                f"{image.seconds:.4f}",
                "",
            ]
        )
    for item in failed:
        writer.writerow([printable(item.path), *[""] * (4 + 2 * len(classes)), printable(item.error)])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")
