"""Results as they leave the program: one record for each image, as JSON and CSV."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from core.counting.count import Countable, CountResult, CountSettings
from core.counting.edits import Corrections
from core.counting.frame import Frame
from core.counting.quality import field_quality, fragile_counts
from core.report.formats.csv import csv_bytes
from core.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from core.cli.merge import Shard
    from core.counting.quality import Quality
    from core.counting.region import Region
    from core.detection.detector import DetectorResult
    from core.detection.loading import CellFinder
    from core.imaging.reading import SmearImage
    from core.models.method import Method
    from core.report.formats.csv import CsvStyle, Value

JSON_SCHEMA = 1


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
    quality: Quality | None = None


@dataclass(frozen=True)
class FailedImage:
    """An image that could not be counted, and why."""

    path: Path
    error: str


def count_image(
    image: SmearImage,
    detector: CellFinder,
    settings: CountSettings,
    diameter: float | None = None,
    region: Region | None = None,
) -> CountedImage:
    """Detect and count the cells of an image that was read; ``seconds`` includes the reading."""
    start = time.perf_counter()
    card, size = detector.card, (image.width, image.height)
    found = replace(detector.detect(image.pixels, diameter=diameter), doubts=image.doubts)
    frame = settings.frame(*size, region)
    countable = Countable.of(found.detections, Corrections.none(found.detections), settings.nms_iou, frame)
    result = countable.count(settings.thresholds, card.classes)
    fragile = fragile_counts(countable, settings.thresholds, card.classes)
    quality = field_quality(found, result, card, size, fragile)
    seconds = image.seconds + time.perf_counter() - start
    notices = image.notices + found.notices
    if frame.area == 0:
        notices += ("The region lies outside this picture; nothing was counted.",)
    return CountedImage(image.path, *size, found, result, seconds, notices, frame, quality)


def totals(images: Sequence[CountedImage], classes: tuple[str, ...]) -> dict[str, int]:
    """Return the sum of the counts of all images by class name."""
    return {name: sum(image.result.counts[name] for image in images) for name in classes}


@dataclass(frozen=True)
class ModelName:
    """Which model counted; ``classes`` in the order of its labels.

    ``methods``: class name -> how it is counted in its mask; empty for a model that finds boxes.
    """

    name: str
    sha256: str
    classes: tuple[str, ...]
    methods: Mapping[str, Method]


def to_json(
    images: Sequence[CountedImage],
    failed: Sequence[FailedImage],
    model: ModelName,
    settings: CountSettings,
    *,
    all_detections: bool = False,
    session: Mapping[str, Any] | None = None,
    shard: Shard | None = None,
) -> bytes:
    """Return the JSON document of a batch (schema 1, UTF-8, indented).

    Boxes are pixels of the orientation-corrected image. ``detections`` holds the counted cells;
    with ``all_detections`` also everything above the model's score floor, as ``"counted": false``, and
    with ``"excluded": true`` what only the frame keeps from counting. ``region`` has the corners of the
    region of interest. ``session`` is what else is known of images that were counted in a session; ``shard``
    which part of an archive the images are. ``counted_by`` of a model that makes masks says how each class was
    counted in them.
    """
    classes = model.classes
    document = {
        "schema": JSON_SCHEMA,
        "model": {
            "name": model.name,
            "sha256": model.sha256,
            "classes": list(classes),
            **counted_by(model.methods),
        },
        "settings": {
            "thresholds": dict(settings.thresholds),
            "nms_iou": settings.nms_iou,
            "edge_rule": settings.edge_rule,
        },
        "images": [_image_entry(image, classes, all_detections) for image in images],
        "errors": [{"path": printable(item.path), "error": printable(item.error)} for item in failed],
        "totals": totals(images, classes),
        **({} if session is None else {"session": session}),
        **({} if shard is None else {"shard": {"number": shard.number, "of": shard.of}}),
    }
    return json_text(document)


def counted_by(methods: Mapping[str, Method]) -> dict[str, dict[str, Method]]:
    """Return the entry that says how each class was counted in its mask; nothing for a model that finds boxes."""
    return {"counted_by": dict(methods)} if methods else {}


def json_text(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is written: UTF-8, indented."""
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
        if cells.contours is not None:
            entry["contour"] = np.round(cells.contours[cell].astype(float), 1).tolist()
        if all_detections:
            entry["counted"] = bool(image.result.counted[cell])
            entry["excluded"] = bool(image.result.excluded[cell])
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
        "region": image.frame.region.corners if image.frame and image.frame.region else None,
        "excluded": _excluded(image, classes),
        "quality": image.quality and {"light": image.quality.light, "reasons": list(image.quality.texts)},
        "detections": detections,
    }


def _excluded(image: CountedImage, classes: tuple[str, ...]) -> dict[str, int]:
    """Return by class name how many cells only the frame keeps from counting."""
    labels = image.found.detections.labels[image.result.excluded]
    return {name: int((labels == label).sum()) for label, name in enumerate(classes)}


def table_header(classes: tuple[str, ...]) -> list[str]:
    """Return the headings of a table with one row for each image."""
    means = [f"{name} mean score" for name in classes]
    later = ["counting rule", "excluded", "field quality"]
    return ["image", "width", "height", *classes, *means, "scale", "seconds", "error", *later]


def table_row(image: CountedImage, classes: tuple[str, ...]) -> list[Value]:
    """Return the row of an image under ``table_header``."""
    return [
        printable(image.path),
        image.width,
        image.height,
        *(image.result.counts[name] for name in classes),
        *(image.result.mean_scores[name] for name in classes),
        float(image.found.scale),
        float(image.seconds),
        "",
        (image.frame or Frame(image.width, image.height)).text,
        int(image.result.excluded.sum()),
        " ".join((image.quality.light, *image.quality.texts)) if image.quality else "",
    ]


def failed_row(path: Path, error: str, classes: tuple[str, ...]) -> list[Value]:
    """Return the row of an image that has no count."""
    return [printable(path), *[None] * (4 + 2 * len(classes)), printable(error), *[None] * 3]


def to_csv(
    images: Sequence[CountedImage],
    failed: Sequence[FailedImage],
    classes: tuple[str, ...],
    style: CsvStyle | None = None,
) -> bytes:
    """Return a table with one row for each image, UTF-8 with a mark so that Excel reads it right."""
    rows = [table_row(image, classes) for image in images]
    rows += [failed_row(item.path, item.error, classes) for item in failed]
    return csv_bytes([table_header(classes), *rows], style)
