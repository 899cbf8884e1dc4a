"""Boxes and points from files of every format that the program reads."""

from __future__ import annotations

import csv
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, cast

import msgspec
import numpy as np
from rich.console import Console

from core.annotations.formats.yolo import CLASS_LISTS, ClassLists
from core.annotations.notices import Notices
from core.annotations.read import read_annotations
from core.exchange.match_images import one_for_each_image
from core.imaging.reading import read_image
from core.text import gettext, ngettext
from trainer.dataset.boxes_from_points import points_to_boxes
from trainer.dataset.importing.fields import ImageFolder, Imported, ImportedCell, ImportedField, unread
from trainer.dataset.manifest import DataError
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.annotations.base import AnnotatedImage

_POINT_SIDE = 1.0  # pixels; only the centre of the square counts
_ONE_PLACE = 3.0  # pixels; two clicks on one cell, as no two cells are so near
_NAMED = 3
_VOC_SPLITS = ("train", "val", "test")
SUFFIXES = {
    "csv": (".csv",),
    "qupath": (".geojson", ".json"),
    "cvat": (".xml",),
    "labelme": (".json",),
    "imagej": (".xml", ".zip", ".roi"),
}
"""Formats whose files need nothing but reading, and the suffixes of those."""


def read_files(source: Path, images: Path | None, kind: str, *, stored_rows: bool = False) -> Imported:
    """Read a file of a format of ``SUFFIXES``, or all those of a folder; of points, the boxes are found."""
    files = [source] if source.is_file() else _files(source, *SUFFIXES[kind])
    result = _read(source, images, files, point_side=_POINT_SIDE, stored_rows=stored_rows)
    _find_all_boxes(result, {})
    return result


def read_voc(source: Path, images: Path | None, *, stored_rows: bool = False) -> Imported:
    """Read a folder of Pascal VOC files; ``ImageSets/Main`` tells the splits if it is there."""
    result = _read(source, images, _files(source, ".xml"), stored_rows=stored_rows)
    splits = _voc_splits(source / "ImageSets" / "Main")
    if splits:
        for item in result.fields:
            item.split = splits.get(item.path.stem)
        if without := [item.path.name for item in result.fields if item.split is None]:
            result.notes.append(f"Images in no list of ImageSets/Main: {len(without)}, such as {without[0]}.")
    return result


def _voc_splits(folder: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for split in _VOC_SPLITS:
        file = folder / f"{split}.txt"
        if not file.is_file():
            continue
        for line in file.read_text("utf-8").splitlines():
            if name := line.split()[0] if line.strip() else "":
                if name in splits:
                    raise DataError(f"{file}: {name} is in {splits[name]}.txt too; an image belongs to one split.")
                splits[name] = split
    return splits


def read_yolo(source: Path, images: Path | None, *, stored_rows: bool = False) -> Imported:
    """Read a YOLO folder; a ``manifest.csv`` tells splits, sources and groups if it is there."""
    labels = source / "labels"
    inside = labels if labels.is_dir() else source
    if not any((folder / name).is_file() for folder in (inside, source) for name in CLASS_LISTS):
        raise DataError(f"{source}: there is no classes.txt to say what the class numbers mean; put it there.")
    files = [file for file in _files(inside, ".txt") if file.name not in CLASS_LISTS]
    if inside is source:  # a licence or a list of images may lie beside the labels
        stems = {path.stem for path in ImageFolder([images or source]).paths}
        files = [file for file in files if file.stem in stems]
    result = _read(source, images, files, stored_rows=stored_rows)
    result.classes = ClassLists((), Notices()).of_folder(inside).names
    if (manifest := source / "manifest.csv").is_file():
        _add_rows(result, manifest)
    return result


def _add_rows(result: Imported, manifest: Path) -> None:
    """Take split, source and group of each image from the table."""
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as stream:
            rows = {row.get("file") or "": row for row in csv.DictReader(stream)}
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{manifest}: the table cannot be read ({error}).") from error
    for item in result.fields:
        if (row := rows.pop(item.path.name, None)) is None:
            result.faults.append(f"{manifest}: {item.path.name} is not in the table; add a line for it.")
            continue
        item.split, item.source, item.group = row.get("split") or None, row.get("source") or "", row.get("group") or ""
    for name in rows:
        result.faults.append(f"{manifest}: {name or 'a line without a file name'} has no image with labels.")
    result.files.append(manifest)


def read_coco(source: Path, images: Path | None, *, stored_rows: bool = False) -> Imported:
    """Read a COCO file, or all those of a folder."""
    files = [source] if source.is_file() else _files(source, ".json")
    result = _read(source, images, files, stored_rows=stored_rows)
    for file in files:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # the reader has said so
            categories = msgspec.json.decode(file.read_bytes(), type=_Categories).categories
            result.classes += tuple(category.name for category in categories)
    return result


class _Name(msgspec.Struct):
    name: str


class _Categories(msgspec.Struct):
    categories: list[_Name] = []


def read_points(source: Path, images: Path | None, names: Sequence[str] = (), *, stored_rows: bool = False) -> Imported:
    """Read point files, lines of ``x y type``, and find the box of each cell in its picture.

    Parameters
    ----------
    names
        What the types 0, 1, 2, ... are called; without, they stay ``type 0``, unless a class list is there.
    """
    labels = source / "labels"
    inside = labels if labels.is_dir() else source
    folder = ImageFolder([images or source])
    stems = {path.stem for path in folder.paths}
    files = [file for file in _files(inside, ".txt") if file.stem in stems]
    result = _read(source, images, files, folder, point_side=_POINT_SIDE, stored_rows=stored_rows)
    _find_all_boxes(result, {f"type {number}": name for number, name in enumerate(names)})
    return result


def _find_all_boxes(result: Imported, called: dict[str, str]) -> None:
    items = [item for item in result.fields if any(cell.origin == "point" for cell in item.cells)]
    points, doubles = sum(len(item.cells) for item in items), list[str]()
    for item in progress(items, "Finding boxes"):
        doubles += _find_boxes(item, called)
    if items:
        text = ngettext(
            "{points:,} cells of {n:,} image ({name}) are marked with points: their boxes were found in the image.",
            "{points:,} cells of {n:,} images, such as {name}, are marked with points: their boxes were found in the "
            "images.",
            len(items),
        )
        result.notes.append(text.format(points=points - len(doubles), n=len(items), name=items[0].path.name))
    if doubles:
        text = ngettext(
            "{n:,} point marks a cell that has one already, and is left out: {places}.",
            "{n:,} points mark cells that have one already, and are left out: {places}.",
            len(doubles),
        )
        named, more = ", ".join(doubles[:_NAMED]), len(doubles) - _NAMED
        places = gettext("{named} and {more:,} more").format(named=named, more=more) if more > 0 else named
        result.notes.append(text.format(n=len(doubles), places=places))


def _find_boxes(item: ImportedField, called: dict[str, str]) -> list[str]:
    """Find the boxes around the points of an image; return where points are that mark a cell once more."""
    boxes = np.array([cell.box for cell in item.cells], np.float64).reshape(-1, 4)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    first = [place for place in range(len(centres)) if not _is_again(place, centres, item)]
    again = [place for place in range(len(centres)) if place not in set(first)]
    found = points_to_boxes(read_image(item.path).pixels, centres[first])
    doubles = [f"{item.path.name} ({centres[place][0]:.0f}, {centres[place][1]:.0f})" for place in again]
    item.cells = [
        ImportedCell(called.get(item.cells[place].name, item.cells[place].name), (x1, y1, x2, y2), "point", quality)
        for place, (x1, y1, x2, y2), quality in zip(first, found.boxes.tolist(), found.quality.tolist(), strict=True)
    ]
    return doubles


def _is_again(place: int, centres: NDArray[np.float64], item: ImportedField) -> bool:
    """Tell whether a point of the same class stands at the same pixels before."""
    near = np.hypot(*(centres[:place] - centres[place]).T) < _ONE_PLACE
    return any(item.cells[other].name == item.cells[place].name for other in np.flatnonzero(near).tolist())


def _files(folder: Path, *suffixes: str) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder of the annotations.")
    files = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in suffixes and not path.name.startswith(".")
    )
    if not files:
        raise DataError(
            f"{folder}: there are no {' or '.join(suffixes)} files here; give the folder of the annotations."
        )
    return files


def _read(
    source: Path,
    images: Path | None,
    files: list[Path],
    folder: ImageFolder | None = None,
    *,
    point_side: float | None = None,
    stored_rows: bool = False,
) -> Imported:
    folder = folder or ImageFolder([images or (source if source.is_dir() else source.parent)])
    console = Console(stderr=True)
    with console.status("Reading") if console.is_terminal else nullcontext():
        found = read_annotations(files, folder.index, (), point_diameter=point_side, stored_rows=stored_rows)
    annotated, doubles = one_for_each_image(found.images, folder.index)
    fields = [_field(image, cast("Path", image.image_id), folder) for image in annotated]
    faults = [
        f"{image.file_name}: this image has boxes but is missing; put it back, or name its folder with --images."
        for image in found.images
        if image.image_id is None
    ]
    wrong = [notice for notice in found.notices if notice not in found.remarks]
    result = Imported(fields, [*folder.faults, *wrong, *doubles, *faults], list(found.remarks), list(files))
    if missing := unread(folder, fields):
        result.notes.append(
            f"Images left out, without an annotation that could be read: {len(missing)}, such as {missing[0]}."
        )
    if crowded := [item for item in fields if item.incomplete]:
        text = ngettext(
            "{n:,} image ({name}) has crowds: their classes count as not all annotated there.",
            "{n:,} images, such as {name}, have crowds: their classes count as not all annotated there.",
            len(crowded),
        )
        result.notes.append(text.format(n=len(crowded), name=crowded[0].path.name))
    if turned := len(found.undecided):
        way = gettext("as it is stored") if stored_rows else gettext("upright")
        text = ngettext(
            "The camera turned {n:,} image ({name}), and its annotations do not say which way round it was: they are "
            "taken as drawn on it {way}. If that is wrong, give --rows upright or --rows stored.",
            "The camera turned {n:,} images, such as {name}, and their annotations do not say which way round they "
            "were: they are taken as drawn on each {way}. If that is wrong, give --rows upright or --rows stored.",
            turned,
        )
        result.notes.append(text.format(n=turned, name=found.undecided[0], way=way))
    return result


def _field(image: AnnotatedImage, path: Path, folder: ImageFolder) -> ImportedField:
    origin = "point" if image.points else "box"
    cells = [
        ImportedCell(name, (x1, y1, x2, y2), origin)
        for name, (x1, y1, x2, y2) in zip(image.names, image.boxes.tolist(), strict=True)
    ]
    return ImportedField(path, image.width, image.height, cells, split=folder.split_of(path), incomplete=image.crowds)
