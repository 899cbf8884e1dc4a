"""Annotated fields: reading a data set folder and holding its pictures ready for training."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.illumination import divide_light, estimate_light
from core.images import read_image
from core.model_card import DataProvenance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

CANONICAL_CLASSES = ("RBC", "WBC", "Platelets")


class DataError(ValueError):
    """A data set that cannot be used; the message names the file and the remedy."""


@dataclass(frozen=True)
class Field:
    """One annotated photograph.

    ``boxes`` float32 (N, 4) x1 y1 x2 y2 as fractions of width and height; ``labels`` int64 (N,),
    indices into ``CANONICAL_CLASSES``; ``source`` the laboratory or collection it comes from.
    """

    path: Path
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    source: str

    def pixel_boxes(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the boxes float32 (N, 4) in pixels of a picture of the given size."""
        return self.boxes * np.array([width, height, width, height], np.float32)


@dataclass(frozen=True)
class PreparedField:
    """A field ready for cropping: even light, no larger than training can use.

    ``image`` uint8 RGB (H, W, 3) with the illumination divided out; ``boxes`` float32 (N, 4) in its
    pixels; ``diameter`` the median red cell diameter ``sqrt(w * h)`` in its pixels.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    diameter: float


def median_diameter(boxes: NDArray[np.float32], labels: NDArray[np.int64]) -> float | None:
    """Return the median of ``sqrt(w * h)`` of the red cells in pixels, None if there are none."""
    red = boxes[labels == 0]
    if len(red) == 0:
        return None
    return float(np.median(np.sqrt((red[:, 2] - red[:, 0]) * (red[:, 3] - red[:, 1]))))


def prepare(field: Field, largest_diameter: float) -> PreparedField:
    """Read a field, shrink it so that red cells are at most ``largest_diameter`` wide, even its light."""
    image = read_image(field.path).pixels
    height, width = image.shape[:2]
    diameter = median_diameter(field.pixel_boxes(width, height), field.labels) or largest_diameter
    if diameter > largest_diameter:
        shrink = largest_diameter / diameter
        size = (max(round(width * shrink), 1), max(round(height * shrink), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        diameter = largest_diameter
    image = divide_light(image, estimate_light(image))
    height, width = image.shape[:2]
    return PreparedField(image, field.pixel_boxes(width, height), field.labels, diameter)


@dataclass(frozen=True)
class DataSet:
    """The fields of one split of a data set folder."""

    folder: Path
    split: str
    fields: tuple[Field, ...]
    sources: frozenset[str] | None = None

    @property
    def name(self) -> str:
        """The folder's name, with the sources in brackets if not all of them are in use."""
        name = self.folder.resolve().name
        return name if self.sources is None else f"{name} ({', '.join(sorted(self.sources))})"

    @property
    def provenance(self) -> DataProvenance:
        """What a model card says of this data set."""
        return DataProvenance(self.name, self.split, len(self.fields), self.sha256)

    @cached_property
    def sha256(self) -> str:
        """Hash over names and annotations in order, for the model card."""
        digest = hashlib.sha256()
        for field in self.fields:
            digest.update(field.path.name.encode())
            digest.update(field.boxes.tobytes())
            digest.update(field.labels.tobytes())
        return digest.hexdigest()


def load_yolo_folder(folder: Path, split: str, sources: frozenset[str] | None = None) -> DataSet:
    """Read a split of a YOLO folder with ``images/ labels/ classes.txt manifest.csv``.

    ``manifest.csv`` has the columns ``file, split, source``. Classes are matched to
    ``CANONICAL_CLASSES`` by name. ``sources`` keeps only the named sources.

    Raises
    ------
    DataError
        If a file is missing, a label line is broken, or the split is empty.
    """
    manifest = folder / "manifest.csv"
    names, rows = _read_manifest(folder, manifest)
    if unknown := sorted(set(names) - set(CANONICAL_CLASSES)):
        known = ", ".join(CANONICAL_CLASSES)
        raise DataError(f"{folder / 'classes.txt'}: unknown class {unknown[0]!r}; known are {known}.")
    if sources is not None and (unknown := sorted(sources - {row["source"] for row in rows})):
        known = ", ".join(sorted({row["source"] for row in rows}))
        raise DataError(f"{manifest}: there is no source {unknown[0]!r}; the sources are {known}.")
    to_canonical = np.array([CANONICAL_CLASSES.index(name) for name in names], np.int64)
    fields = []
    for row in rows:
        if row["split"] != split or (sources is not None and row["source"] not in sources):
            continue
        image = folder / "images" / row["file"]
        if not image.is_file():
            raise DataError(f"{image}: the picture that {manifest.name} names is missing; put it there.")
        label_file = (folder / "labels" / row["file"]).with_suffix(".txt")
        boxes, labels = _read_yolo_labels(label_file, len(names))
        fields.append(Field(image, boxes, to_canonical[labels], row["source"]))
    if not fields:
        splits = ", ".join(sorted({row["split"] for row in rows})) or "none"
        raise DataError(f"{manifest}: no field is marked as split {split!r}; the splits are {splits}.")
    return DataSet(folder, split, tuple(fields), sources)


def _read_manifest(folder: Path, manifest: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the class names and the rows of the manifest."""
    try:
        names = (folder / "classes.txt").read_text("utf-8").split()
        with manifest.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{folder}: not a data set folder ({error}).") from error
    for number, row in enumerate(rows, start=2):
        for column in ("file", "split", "source"):
            if not row.get(column):
                raise DataError(f"{manifest}: line {number} has no {column!r}; every field needs one.")
    return names, rows


def _read_yolo_labels(path: Path, class_count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return boxes float32 (N, 4) as fractions and class numbers int64 (N,) of a label file."""
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        table = np.array(lines, np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: the labels cannot be read ({error}).") from error
    if not lines:
        return np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
    if table.shape[1] != 5:
        raise DataError(f"{path}: a label line needs five numbers: class, centre x and y, width, height.")
    labels = table[:, 0].astype(np.int64)
    if ((table[:, 0] != labels) | (labels < 0) | (labels >= class_count)).any():
        raise DataError(f"{path}: a class number is not in classes.txt.")
    centre, half = table[:, 1:3], table[:, 3:5] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    if not (np.isfinite(boxes) & (np.abs(boxes - 0.5) < 1)).all() or not (half > 0).all():
        raise DataError(f"{path}: a box lies outside the picture or is empty; sizes are fractions of the picture.")
    return np.clip(boxes, 0, 1).astype(np.float32), labels
