"""Data set folders: ``images/ labels/ classes.txt manifest.csv``, read as if they were a manifest.

``manifest.csv`` has the columns ``file, split, source`` and optionally ``group``; a label file has a line ``class cx cy
w h`` for each cell, in fractions of the image. The window exports such folders.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image

from core.classes import CANONICAL_CLASSES
from core.imaging.reading import read_image
from core.text import gettext
from trainer.dataset.manifest import (
    MANIFEST_VERSION,
    Annotation,
    Category,
    DataError,
    ImageEntry,
    Info,
    Manifest,
    image_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

TABLE = "manifest.csv"


def list_folder(folder: Path) -> Manifest:
    """Return the manifest of a data set folder, as yet without sizes of images and without cells.

    Raises
    ------
    DataError
        If this is not a data set folder.
    """
    names, rows = _read_table(folder)
    classes = CANONICAL_CLASSES if set(names) <= set(CANONICAL_CLASSES) else tuple(names)
    images = [
        ImageEntry(number, f"images/{row['file']}", 0, 0, "", row["source"], row.get("group") or "", row["split"])
        for number, row in enumerate(rows, start=1)
    ]
    categories = [Category(number, name) for number, name in enumerate(classes, start=1)]
    return Manifest(Info(MANIFEST_VERSION), categories, images, [])


def read_labels(folder: Path, manifest: Manifest, images: Iterable[ImageEntry]) -> None:
    """Complete some images of ``list_folder`` with their sizes and cells, in place.

    Raises
    ------
    DataError
        If an image is missing, or its labels are missing or damaged.
    """
    names = _class_names(folder)
    ids = np.array([1 + manifest.classes.index(name) for name in names], np.int64)
    for image in images:
        path = image_path(folder / TABLE, image)
        if not path.is_file():  # as ``load_data_set`` says
            continue
        image.width, image.height = _size(path)
        size = np.array([image.width, image.height, image.width, image.height])
        label_file = (folder / "labels" / image.file_name.removeprefix("images/")).with_suffix(".txt")
        boxes, labels = _read_label_file(label_file, len(names))
        for (x, y, w, h), category in zip((boxes * size).tolist(), ids[labels].tolist(), strict=True):
            number = len(manifest.annotations) + 1
            manifest.annotations.append(Annotation(number, image.id, category, (x, y, w, h), w * h))


def _class_names(folder: Path) -> list[str]:
    return (folder / "classes.txt").read_text("utf-8").split()


def _read_table(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the class names and the rows of ``manifest.csv``."""
    table = folder / TABLE
    try:
        names = _class_names(folder)
        with table.open(newline="", encoding="utf-8-sig") as stream:
            rows = list(csv.DictReader(stream))
    except FileNotFoundError as error:
        missing = Path(error.filename).name if folder.is_dir() else gettext("such folder or manifest")
        raise DataError(
            gettext(
                "{folder}: not a data set folder, there is no {missing}; give a manifest (.json), or a folder with "
                "images, labels, classes.txt and manifest.csv."
            ).format(folder=folder, missing=missing)
        ) from error
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(
            gettext("{folder}: not a data set folder ({reason}); give a manifest (.json) or another folder.").format(
                folder=folder, reason=error
            )
        ) from error
    if not names or len(set(names)) < len(names):
        raise DataError(
            gettext("{file}: write one class per line, each with a name of its own.").format(
                file=folder / "classes.txt"
            )
        )
    for number, row in enumerate(rows, start=2):
        for column in ("file", "split", "source"):
            if not row.get(column):
                raise DataError(
                    gettext("{file}: line {n} has no {column!r}; every image needs one.").format(
                        file=table, n=number, column=column
                    )
                )
    return names, rows


def _size(path: Path) -> tuple[int, int]:
    """Return width and height of an image as it is shown, from its header where that is enough."""
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
            return (image.height, image.width) if turned else (image.width, image.height)
    except (OSError, ValueError, SyntaxError, TypeError):
        whole = read_image(path)
        return whole.width, whole.height


def _read_label_file(path: Path, classes: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return boxes x y w h float64 (N, 4), as fractions and cut at the border, and class numbers int64 (N,)."""
    try:
        lines = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        table = np.array(lines, np.float64)
    except (OSError, ValueError) as error:
        raise DataError(
            gettext("{file}: the labels cannot be read ({reason}); export them again.").format(file=path, reason=error)
        ) from error
    if not lines:
        return np.zeros((0, 4)), np.zeros(0, np.int64)
    if table.shape[1] != 5:
        raise DataError(
            gettext("{file}: each line needs five numbers: class, centre x and y, width, height.").format(file=path)
        )
    labels = table[:, 0].astype(np.int64)
    if ((table[:, 0] != labels) | (labels < 0) | (labels >= classes)).any():
        raise DataError(gettext("{file}: a class number is not in classes.txt; add its name there.").format(file=path))
    centre, half = table[:, 1:3], table[:, 3:5] / 2
    corners = np.concatenate([centre - half, centre + half], axis=1)
    if not (np.isfinite(corners) & (np.abs(corners - 0.5) < 1)).all() or not (half > 0).all():
        raise DataError(
            gettext(
                "{file}: a box is empty or outside the image; coordinates must be fractions of the image's size."
            ).format(file=path)
        )
    corners = np.clip(corners, 0, 1)
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1), labels
