"""Annotated fields: reading a data set and holding its pictures ready for training."""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import CANONICAL_CLASSES, RED_CELL
from core.imaging.illumination import divide_light, estimate_light
from core.imaging.reading import read_image
from core.models.card import DataProvenance
from trainer.dataset.manifest import DataError, manifest_faults, picture_path, read_manifest
from trainer.dataset.scales import estimated_diameter

if TYPE_CHECKING:
    from collections.abc import Container

    from numpy.typing import NDArray

    from trainer.dataset.manifest import Cell, Picture


_FOLD = re.compile(r"(not-)?fold(\d+)")


@dataclass(frozen=True)
class Field:
    """One annotated photograph.

    ``boxes`` float32 (N, 4) x1 y1 x2 y2 as fractions of width and height; ``labels`` int64 (N,),
    indices into the ``classes`` of its data set; ``source`` the laboratory or collection it comes from;
    ``incomplete`` the classes whose cells are not all annotated in it; ``group`` names the fields that
    belong together, such as those of one slide.
    """

    path: Path
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    source: str
    incomplete: frozenset[str] = frozenset()
    group: str = ""

    def pixel_boxes(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the boxes float32 (N, 4) in pixels of a picture of the given size."""
        return self.boxes * np.array([width, height, width, height], np.float32)


@dataclass(frozen=True)
class PreparedField:
    """A field ready for cropping: even light, no larger than training can use.

    ``image`` uint8 RGB (H, W, 3) with the illumination divided out; ``boxes`` float32 (N, 4) in its
    pixels; ``diameter`` the median red cell diameter ``sqrt(w * h)`` in its pixels; ``incomplete`` the labels
    whose cells are not all annotated.
    """

    image: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    diameter: float
    incomplete: frozenset[int] = frozenset()


def median_diameter(
    boxes: NDArray[np.float32], labels: NDArray[np.int64], red_labels: Container[int] = (0,)
) -> float | None:
    """Return the median of ``sqrt(w * h)`` of the red cells in pixels, None if there are none."""
    red = boxes[[label in red_labels for label in labels.tolist()]]
    if len(red) == 0:
        return None
    return float(np.median(np.sqrt((red[:, 2] - red[:, 0]) * (red[:, 3] - red[:, 1]))))


@dataclass(frozen=True)
class DataSet:
    """The fields of one split of a data set.

    ``folder`` is what was loaded: a folder, or the file of a manifest. ``red_cells`` are the names of the
    classes that are red cells; how large the cells of a field are is told by these. ``parents`` has for each class
    the label of the class that it is a kind of, -1 for none.
    """

    folder: Path
    split: str
    fields: tuple[Field, ...]
    sources: frozenset[str] | None = None
    classes: tuple[str, ...] = CANONICAL_CLASSES
    red_cells: frozenset[str] = frozenset({RED_CELL})
    parents: tuple[int, ...] = (-1,) * len(CANONICAL_CLASSES)

    @property
    def red_labels(self) -> frozenset[int]:
        """The indices of the red cell classes."""
        return frozenset(label for label, name in enumerate(self.classes) if name in self.red_cells)

    @property
    def classes_without_cells(self) -> tuple[str, ...]:
        """Names of the classes of which no field has a cell."""
        there = {label for field in self.fields for label in field.labels.tolist()}
        return tuple(name for label, name in enumerate(self.classes) if label not in there)

    @property
    def title(self) -> str:
        """The name of the folder, or of the manifest without its suffix."""
        path = self.folder.resolve()
        return path.stem if path.suffix == ".json" else path.name

    @property
    def name(self) -> str:
        """The title, with the sources in brackets if not all of them are in use."""
        return self.title if self.sources is None else f"{self.title} ({', '.join(sorted(self.sources))})"

    @property
    def provenance(self) -> DataProvenance:
        """What a model card says of this data set."""
        return DataProvenance(self.name, self.split, len(self.fields), self.sha256)

    @cached_property
    def sha256(self) -> str:
        """Hash over names and annotations in order, for the model card."""
        digest = hashlib.sha256()
        if self.classes != CANONICAL_CLASSES:
            digest.update("\n".join(self.classes).encode())
        for field in self.fields:
            digest.update(field.path.name.encode())
            digest.update(field.boxes.tobytes())
            digest.update(field.labels.tobytes())
        return digest.hexdigest()


def prepare(field: Field, data: DataSet, largest_diameter: float) -> PreparedField:
    """Read a field of a data set, shrink it so that red cells are at most ``largest_diameter`` wide, even its light."""
    image = read_image(field.path).pixels
    height, width = image.shape[:2]
    diameter = median_diameter(field.pixel_boxes(width, height), field.labels, data.red_labels)
    if diameter is None:
        diameter = estimated_diameter(image) if data.red_labels else largest_diameter
    if diameter > largest_diameter:
        shrink = largest_diameter / diameter
        size = (max(round(width * shrink), 1), max(round(height * shrink), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        diameter = largest_diameter
    image = divide_light(image, estimate_light(image))
    height, width = image.shape[:2]
    incomplete = frozenset(data.classes.index(name) for name in field.incomplete if name in data.classes)
    return PreparedField(image, field.pixel_boxes(width, height), field.labels, diameter, incomplete)


def load_data_set(path: Path, split: str, sources: frozenset[str] | None = None) -> DataSet:
    """Read a split of a data set.

    Parameters
    ----------
    path
        A manifest (``.json``), or a YOLO folder with ``images/ labels/ classes.txt manifest.csv``,
        where ``manifest.csv`` has the columns ``file, split, source`` and, if need be, ``group``.
    split
        The name of a split. Of a manifest with folds, ``fold3`` are the fields of fold 3 and ``not-fold3``
        those of the other folds.
    sources
        Keeps only the named sources.

    Raises
    ------
    DataError
        If a file is missing or broken, or nothing is left.
    """
    load = _load_manifest if path.suffix.lower() == ".json" else _load_yolo_folder
    return load(path, split, sources)


def _load_manifest(file: Path, split: str, sources: frozenset[str] | None) -> DataSet:
    manifest = read_manifest(file)
    if (fault := next(manifest_faults(file, manifest), None)) is not None:
        raise DataError(fault)
    _check_sources(file, sources, {picture.source for picture in manifest.images})
    labels = {category.id: label for label, category in enumerate(manifest.categories)}
    cells = manifest.cells_by_picture()
    fields = []
    for picture in manifest.images:
        if not _in_split(picture, split) or (sources is not None and picture.source not in sources):
            continue
        path = picture_path(file, picture)
        if not path.is_file():
            raise DataError(f"{path}: the picture that {file.name} names is missing; put it there.")
        fields.append(_manifest_field(path, picture, cells[picture.id], labels))
    if not fields:
        names = {picture.split for picture in manifest.images} | {
            f"fold{picture.fold}" for picture in manifest.images if picture.fold is not None
        }
        raise _no_field(file, split, {name for name in names if name})
    return DataSet(file, split, tuple(fields), sources, manifest.classes, manifest.red_cells, manifest.parents)


def _in_split(picture: Picture, split: str) -> bool:
    if (fold := _FOLD.fullmatch(split)) is None:
        return picture.split == split
    return picture.fold is not None and (picture.fold == int(fold[2])) != bool(fold[1])


def _manifest_field(path: Path, picture: Picture, cells: list[Cell], labels: dict[int, int]) -> Field:
    boxes = np.array([cell.bbox for cell in cells], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    fractions = boxes / [picture.width, picture.height, picture.width, picture.height]
    return Field(
        path,
        np.clip(fractions, 0, 1).astype(np.float32),
        np.array([labels[cell.category_id] for cell in cells], np.int64),
        picture.source,
        frozenset(picture.incomplete),
        picture.group,
    )


def _check_sources(file: Path, wanted: frozenset[str] | None, there: set[str]) -> None:
    if wanted is not None and (unknown := sorted(wanted - there)):
        known = ", ".join(sorted(there))
        raise DataError(f"{file}: there is no source {unknown[0]!r}; the sources are {known}.")


def _no_field(file: Path, split: str, there: set[str]) -> DataError:
    if not there:
        return DataError(f"{file}: none of its pictures has a split; divide them with 'smearcount-train data split'.")
    return DataError(f"{file}: no field is marked as split {split!r}; the splits are {', '.join(sorted(there))}.")


def _load_yolo_folder(folder: Path, split: str, sources: frozenset[str] | None) -> DataSet:
    manifest = folder / "manifest.csv"
    names, rows = _read_manifest(folder, manifest)
    classes = CANONICAL_CLASSES if set(names) <= set(CANONICAL_CLASSES) else tuple(names)
    _check_sources(manifest, sources, {row["source"] for row in rows})
    to_label = np.array([classes.index(name) for name in names], np.int64)
    fields = []
    for row in rows:
        if row["split"] != split or (sources is not None and row["source"] not in sources):
            continue
        image = folder / "images" / row["file"]
        if not image.is_file():
            raise DataError(f"{image}: the picture that {manifest.name} names is missing; put it there.")
        label_file = (folder / "labels" / row["file"]).with_suffix(".txt")
        boxes, labels = _read_yolo_labels(label_file, len(names))
        fields.append(Field(image, boxes, to_label[labels], row["source"], group=row.get("group") or ""))
    if not fields:
        raise _no_field(manifest, split, {row["split"] for row in rows})
    return DataSet(folder, split, tuple(fields), sources, classes, parents=(-1,) * len(classes))


def _read_manifest(folder: Path, manifest: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the class names and the rows of the manifest."""
    try:
        names = (folder / "classes.txt").read_text("utf-8").split()
        with manifest.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        missing = Path(error.filename).name if folder.is_dir() else "such folder or manifest"
        raise DataError(
            f"{folder}: not a data set folder, there is no {missing}; give a manifest (.json), or a folder with "
            "images, labels, classes.txt and manifest.csv."
        ) from error
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            f"{folder}: not a data set folder ({error}); give a manifest (.json) or another folder."
        ) from error
    if not names or len(set(names)) < len(names):
        raise DataError(f"{folder / 'classes.txt'}: every class needs a name of its own, one a line.")
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
