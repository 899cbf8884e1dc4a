"""Counted cells into annotation files: the formats, the names of files, and what is left out."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.annotations.base import AnnotatedImage, AnnotationError
from core.annotations.formats.coco import write_coco
from core.annotations.formats.qupath import write_geojson
from core.annotations.formats.table import write_csv
from core.annotations.formats.voc import write_voc
from core.annotations.formats.yolo import write_yolo
from core.annotations.training_set import export_training_set
from core.annotations.writing import file_stem, same_on_every_disk
from core.session.session import SessionError, stamp_of
from core.text import gettext, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.cells import Detections
    from core.counting.count import CountResult
    from core.exchange.kind_classes import KindClasses
    from core.session.values import FileStamp

_NAMED = 3
_HERE = Path()


class Format(Enum):
    """What is written; the value is its name in the window."""

    VOC = gettext("Pascal VOC (LabelImg)")
    YOLO = "YOLO"
    COCO = gettext("COCO JSON")
    CSV = "CSV"
    GEOJSON = gettext("QuPath GeoJSON")
    TRAINING = gettext("Training data for smearcount-train")

    @property
    def suffix(self) -> str:
        """The suffix of the one file that is written; "" if it is a folder of files."""
        return {Format.COCO: ".json", Format.CSV: ".csv"}.get(self, "")

    @property
    def explanation(self) -> str:
        """What it holds, and for what."""
        return {
            Format.VOC: gettext("One XML file for each image, as LabelImg writes it; whole pixels."),
            Format.YOLO: gettext("A folder labels with one text file for each image, and classes.txt."),
            Format.COCO: gettext("One JSON file with all images and boxes, and the contours of cells that have one."),
            Format.CSV: gettext("One table with a line for each cell."),
            Format.GEOJSON: gettext("One file for each image that QuPath opens: contours, or boxes, as detections."),
            Format.TRAINING: gettext("Copies of the images with their labels, split for training and validation."),
        }[self]


COMMAND_NAMES = {
    "voc": Format.VOC,
    "yolo": Format.YOLO,
    "coco": Format.COCO,
    "csv": Format.CSV,
    "geojson": Format.GEOJSON,
}
"""What the command calls the formats of annotations."""

_FILES_OF_IMAGES = {Format.VOC: ("", ".xml"), Format.YOLO: ("labels", ".txt"), Format.GEOJSON: ("", ".geojson")}
"""The folder and the suffix of the files of formats with one for each image."""


@dataclass(frozen=True, eq=False)
class ExportItem:
    """An image file, as it was when it was counted, with its boxes."""

    path: Path
    stamp: FileStamp | None
    annotated: AnnotatedImage


def counted_cells(
    name: str,
    size: tuple[int, int],
    cells: Detections,
    result: CountResult,
    classes: KindClasses,
    kinds: Mapping[int, str],
    *,
    excluded: bool = False,
) -> AnnotatedImage:
    """Return the cells of an image that count, edits included.

    ``kinds``: the kinds that users gave to cells, by their ids; only those of the classes' tree name them.
    ``excluded``: also those that only the counting frame leaves out. A training image that lacks the boxes of some
    cells would teach that those are none.
    """
    chosen = cells.taken(np.flatnonzero(result.counted | result.excluded if excluded else result.counted))
    names = classes.names_of(chosen, kinds)
    return AnnotatedImage(name, *size, chosen.boxes, names, chosen.scores, contours=chosen.contours)


def image_names(paths: Sequence[Path]) -> list[str]:
    """Return the names of images in a file about all of them: with folders if they need them to differ."""
    names = [path.name for path in paths]
    if len({same_on_every_disk(name) for name in names}) == len(names):
        return names
    return [(folder / path.name).as_posix() for folder, path in zip(_folders(paths), paths, strict=True)]


def subfolders(paths: Sequence[Path]) -> list[Path]:
    """Return the folder for each image's own annotation file, below the chosen one.

    That is the chosen one itself, unless images in different folders have the same name.
    """
    stems = {same_on_every_disk(file_stem(path.name)) for path in paths}
    return _folders(paths) if len(stems) < len(paths) else [_HERE] * len(paths)


def _folders(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of images, relative to the one that holds all of them."""
    try:
        common = os.path.commonpath([path.parent for path in paths])
    except ValueError:  # on different drives
        return [_HERE] * len(paths)
    return [path.parent.relative_to(common) for path in paths]


def files_there(target: Path, kind: Format, paths: Sequence[Path]) -> int:
    """Return how many annotation files an export of images into a folder would replace."""
    if kind not in _FILES_OF_IMAGES:
        return 0
    inner, suffix = _FILES_OF_IMAGES[kind]
    present: dict[Path, set[str]] = {}
    number = 0
    for folder, path in zip(subfolders(paths), paths, strict=True):
        place = target / folder / inner
        if place not in present:
            try:
                present[place] = {same_on_every_disk(name) for name in os.listdir(place)}
            except OSError:
                present[place] = set()
        number += same_on_every_disk(file_stem(path.name) + suffix) in present[place]
    return number


@dataclass(frozen=True)
class Written:
    """What an export wrote; ``notices`` are sentences about what it left out."""

    images: int
    boxes: int
    notices: tuple[str, ...] = ()


def write_export(target: Path, kind: Format, items: Sequence[ExportItem], classes: KindClasses, source: str) -> Written:
    """Write annotations into a file or folder.

    Parameters
    ----------
    target
        A file for formats with a suffix, else a folder.
    source
        What the manifest of training data says of where the images come from.

    Raises
    ------
    AnnotationError
        If something cannot be written, or nothing is left to write.
    """
    notices: list[str] = []
    match kind:
        case Format.TRAINING:
            faults = [_fault(item) for item in items]
            notices = [fault for fault in faults if fault]
            items = [item for item, fault in zip(items, faults, strict=True) if not fault]
            if not items:
                text = gettext("{target}: nothing was written. {why}")
                raise AnnotationError(text.format(target=printable(target), why=first_sentences(notices)))
            annotated = [(item.path, item.annotated) for item in items]
            export_training_set(target, annotated, classes.names, source=source)
        case Format.COCO:
            write_coco(target, [item.annotated for item in items], classes.names, classes.above)
        case Format.CSV:
            write_csv(target, [item.annotated for item in items])
        case _:
            _write_folders(target, kind, items, classes.names)
    return Written(len(items), sum(len(item.annotated) for item in items), tuple(notices))


def _write_folders(target: Path, kind: Format, items: Sequence[ExportItem], classes: Sequence[str]) -> None:
    folders: defaultdict[Path, list[AnnotatedImage]] = defaultdict(list)
    for folder, item in zip(subfolders([item.path for item in items]), items, strict=True):
        folders[folder].append(item.annotated)
    for folder, images in folders.items():
        match kind:
            case Format.VOC:
                write_voc(target / folder, images)
            case Format.GEOJSON:
                write_geojson(target / folder, images)
            case _:
                write_yolo(target / folder, images, classes)


def first_sentences(notices: Sequence[str]) -> str:
    """Return the first few of several sentences, and how many more there are."""
    more = len(notices) - _NAMED
    return " ".join([*notices[:_NAMED], *([gettext("(And {n:,} more.)").format(n=more)] if more > 0 else [])])


def _fault(item: ExportItem) -> str:
    """Return why an image cannot become training data, "" if it can: it must be the file that was counted."""
    try:
        now, stamp = item.path.stat(), item.stamp
        if stamp is None or (now.st_size, now.st_mtime_ns) == (stamp.size, stamp.modified_ns):
            return ""
        same = stamp_of(item.path).sha256 == stamp.sha256
    except (OSError, SessionError):
        text = gettext("{path}: the image is missing or cannot be read; put it back and export again.")
        return text.format(path=printable(item.path))
    if same:
        return ""
    text = gettext("{path}: the file has changed since it was counted; count it again (F5).")
    return text.format(path=printable(item.path))
