"""Reading a split of a data set, and preparing its images for training."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import CANONICAL_CLASSES, RED_CELL
from core.imaging.illumination import divide_light, estimate_light
from core.imaging.reading import read_image
from core.models.card import DataProvenance
from core.text import gettext
from trainer.dataset.folder import TABLE, list_folder, read_labels
from trainer.dataset.manifest import DataError, image_path, manifest_faults, read_manifest
from trainer.dataset.scales import estimated_diameter
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from trainer.dataset.manifest import Annotation, ImageEntry, Manifest

_LARGEST_OVER_MODEL = 1.5
"""Fields are kept at up to this many times the model's red cell diameter."""

_FOLD = re.compile(r"(not-)?fold(\d+)")


@dataclass(frozen=True)
class LabelledImage:
    """One annotated image.

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
        """Return the boxes float32 (N, 4) in pixels of an image of the given size."""
        return self.boxes * np.array([width, height, width, height], np.float32)


@dataclass(frozen=True)
class PreparedImage:
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
    """The images of one split of a data set.

    ``folder`` is what was loaded: a folder, or the file of a manifest. ``red_cells`` are the names of the
    classes that are red cells, by which the scale of an image is known. ``parents`` has for each class
    the label of the class that it is a kind of, -1 for none.
    """

    folder: Path
    split: str
    images: tuple[LabelledImage, ...]
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
        """Names of the classes without a cell in any image."""
        there = {label for field in self.images for label in field.labels.tolist()}
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
        """How a model card describes this data set."""
        return DataProvenance(self.name, self.split, len(self.images), self.sha256)

    @cached_property
    def sha256(self) -> str:
        """Hash over names and annotations in order, for the model card."""
        digest = hashlib.sha256()
        if self.classes != CANONICAL_CLASSES:
            digest.update("\n".join(self.classes).encode())
        for field in self.images:
            digest.update(field.path.name.encode())
            digest.update(field.boxes.tobytes())
            digest.update(field.labels.tobytes())
        return digest.hexdigest()


def prepare(field: LabelledImage, data: DataSet, largest_diameter: float) -> PreparedImage:
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
    return PreparedImage(image, field.pixel_boxes(width, height), field.labels, diameter, incomplete)


def prepare_all(data: DataSet, red_cell_diameter: float) -> Iterator[PreparedImage]:
    """Read the fields of a split, shrunk if need be, for a model of this red cell diameter."""
    for field in progress(data.images, gettext("Reading {split}").format(split=data.split)):
        yield prepare(field, data, _LARGEST_OVER_MODEL * red_cell_diameter)


def load_data_set(path: Path, split: str, sources: frozenset[str] | None = None) -> DataSet:
    """Read a split of a data set.

    Parameters
    ----------
    path
        A manifest (``.json``), or a data set folder, see ``trainer.dataset.folder``.
    split
        The name of a split. Of a manifest with folds, ``fold3`` are the images of fold 3 and ``not-fold3``
        those of the other folds.
    sources
        Keeps only the named sources.

    Raises
    ------
    DataError
        If a file is missing or damaged, or nothing is left.
    """
    if path.suffix.lower() == ".json":
        file, manifest = path, read_manifest(path)
        if (fault := next(manifest_faults(file, manifest), None)) is not None:
            raise DataError(fault)
        chosen = _choose(file, manifest, split, sources)
    else:
        file, manifest = path / TABLE, list_folder(path)
        chosen = _choose(file, manifest, split, sources)
        read_labels(path, manifest, chosen)
    labels = {category.id: label for label, category in enumerate(manifest.categories)}
    cells = manifest.cells_by_image()
    fields = tuple(_field(file, image, cells[image.id], labels) for image in chosen)
    return DataSet(path, split, fields, sources, manifest.classes, manifest.red_cells, manifest.parents)


def _choose(file: Path, manifest: Manifest, split: str, sources: frozenset[str] | None) -> list[ImageEntry]:
    """Return the images of a split and of some sources."""
    there = {image.source for image in manifest.images}
    if sources is not None and (unknown := sorted(sources - there)):
        raise DataError(
            gettext("{file}: there is no source {source!r}; the sources are {sources}.").format(
                file=file, source=unknown[0], sources=", ".join(sorted(there))
            )
        )
    chosen = [
        image for image in manifest.images if _in_split(image, split) and (sources is None or image.source in sources)
    ]
    if not chosen:
        raise _no_image(file, manifest, split)
    return chosen


def _in_split(image: ImageEntry, split: str) -> bool:
    if (fold := _FOLD.fullmatch(split)) is None:
        return image.split == split
    return image.fold is not None and (image.fold == int(fold[2])) != bool(fold[1])


def _no_image(file: Path, manifest: Manifest, split: str) -> DataError:
    names = {image.split for image in manifest.images if image.split}
    names |= {f"fold{image.fold}" for image in manifest.images if image.fold is not None}
    if not names:
        return DataError(
            gettext("{file}: its images are not split yet; run 'smearcount-train data split' first.").format(file=file)
        )
    return DataError(
        gettext("{file}: no image is in split {split!r}; the splits are {splits}.").format(
            file=file, split=split, splits=", ".join(sorted(names))
        )
    )


def _field(file: Path, image: ImageEntry, cells: list[Annotation], labels: dict[int, int]) -> LabelledImage:
    path = image_path(file, image)
    if not path.is_file():
        raise DataError(
            gettext("{file}: this image is listed in {manifest} but missing; put it there.").format(
                file=path, manifest=file.name
            )
        )
    boxes = np.array([cell.bbox for cell in cells], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    fractions = boxes / [image.width, image.height, image.width, image.height]
    return LabelledImage(
        path,
        np.clip(fractions, 0, 1).astype(np.float32),
        np.array([labels[cell.category_id] for cell in cells], np.int64),
        image.source,
        frozenset(image.incomplete),
        image.group,
    )
