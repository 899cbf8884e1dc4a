"""Boxes and points from files: Pascal VOC, YOLO, COCO, CSV and point files."""

from __future__ import annotations

import csv
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from rich.console import Console

from core.annotations.collecting import Notices
from core.annotations.read import read_annotations
from core.annotations.yolo import CLASS_LISTS, ClassLists
from core.imaging.reading import read_image
from trainer.cli.console import progress
from trainer.dataset.boxes_from_points import points_to_boxes
from trainer.dataset.importing.fields import Imported, ImportedCell, ImportedField, PictureFolder, unread
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.annotations.base import AnnotatedImage

_POINT_SIDE = 1.0  # pixels; only the centre of the square counts
_VOC_SPLITS = ("train", "val", "test")


def read_voc(source: Path, images: Path | None) -> Imported:
    """Read a folder of Pascal VOC files; ``ImageSets/Main`` tells the splits if it is there."""
    result = _read(source, images, _files(source, ".xml"))
    splits = _voc_splits(source / "ImageSets" / "Main")
    for item in result.fields:
        item.split = splits.get(item.path.stem)
    if splits and (without := [item.path.name for item in result.fields if item.split is None]):
        result.notes.append(f"Pictures in no list of ImageSets/Main: {len(without)}, such as {without[0]}.")
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
                    raise DataError(f"{file}: {name} is in {splits[name]}.txt too; a picture belongs to one split.")
                splits[name] = split
    return splits


def read_yolo(source: Path, images: Path | None) -> Imported:
    """Read a YOLO folder; a ``manifest.csv`` tells splits, sources and groups if it is there."""
    labels = source / "labels"
    inside = labels if labels.is_dir() else source
    if not any((folder / name).is_file() for folder in (inside, source) for name in CLASS_LISTS):
        raise DataError(f"{source}: there is no classes.txt to say what the class numbers mean; put it there.")
    files = [file for file in _files(inside, ".txt") if file.name not in CLASS_LISTS]
    if inside is source:  # a licence or a list of pictures may lie beside the labels
        stems = {path.stem for path in PictureFolder([images or source]).paths}
        files = [file for file in files if file.stem in stems]
    result = _read(source, images, files)
    result.classes = ClassLists((), Notices()).of_folder(inside).names
    if (manifest := source / "manifest.csv").is_file():
        _add_rows(result, manifest)
    return result


def _add_rows(result: Imported, manifest: Path) -> None:
    """Take split, source and group of each picture from the table."""
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
        result.faults.append(f"{manifest}: {name or 'a line without a file name'} has no picture with labels.")
    result.files.append(manifest)


def read_coco(source: Path, images: Path | None) -> Imported:
    """Read a COCO file, or all those of a folder."""
    files = [source] if source.is_file() else _files(source, ".json")
    result = _read(source, images, files)
    for file in files:
        with suppress(msgspec.DecodeError, UnicodeDecodeError):  # the reader has said so
            categories = msgspec.json.decode(file.read_bytes(), type=_Categories).categories
            result.classes += tuple(category.name for category in categories)
    return result


class _Name(msgspec.Struct):
    name: str


class _Categories(msgspec.Struct):
    categories: list[_Name] = []


def read_table(source: Path, images: Path | None) -> Imported:
    """Read a CSV table ``filename, cell_type, xmin, ymin, xmax, ymax``, or all those of a folder."""
    return _read(source, images, [source] if source.is_file() else _files(source, ".csv"))


def read_points(source: Path, images: Path | None, names: Sequence[str] = ()) -> Imported:
    """Read point files, lines of ``x y type``, and find the box of each cell in its picture.

    Parameters
    ----------
    names
        What the types 0, 1, 2, ... are called; without, they stay ``type 0``, unless a class list is there.
    """
    labels = source / "labels"
    inside = labels if labels.is_dir() else source
    pictures = PictureFolder([images or source])
    stems = {path.stem for path in pictures.paths}
    files = [file for file in _files(inside, ".txt") if file.stem in stems]
    result = _read(source, images, files, _POINT_SIDE, pictures)
    called = {f"type {number}": name for number, name in enumerate(names)}
    for item in progress(result.fields, "Finding boxes"):
        _find_boxes(item, called)
    return result


def _find_boxes(item: ImportedField, called: dict[str, str]) -> None:
    boxes = np.array([cell.box for cell in item.cells], np.float64).reshape(-1, 4)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    found = points_to_boxes(read_image(item.path).pixels, centres)
    item.cells = [
        ImportedCell(called.get(cell.name, cell.name), (x1, y1, x2, y2), "point", quality)
        for cell, (x1, y1, x2, y2), quality in zip(
            item.cells, found.boxes.tolist(), found.quality.tolist(), strict=True
        )
    ]


def _files(folder: Path, suffix: str) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give the folder of the annotations.")
    files = sorted(path for path in folder.rglob(f"*{suffix}") if not path.name.startswith("."))
    if not files:
        raise DataError(f"{folder}: there are no {suffix} files here; give the folder of the annotations.")
    return files


def _read(
    source: Path,
    images: Path | None,
    files: list[Path],
    point_side: float | None = None,
    pictures: PictureFolder | None = None,
) -> Imported:
    pictures = pictures or PictureFolder([images or (source if source.is_dir() else source.parent)])
    console = Console(stderr=True)
    with console.status("Reading") if console.is_terminal else nullcontext():
        found = read_annotations(files, pictures.size, (), point_diameter=point_side)
    places = [(image, pictures.find(image.file_name)) for image in found.images]
    fields = [_field(image, path) for image, path in places if path is not None]
    faults = [
        f"{image.file_name}: this picture has boxes but is missing; put it back, or name its folder with --images."
        for image, path in places
        if path is None
    ]
    result = Imported(fields, [*pictures.faults, *found.notices, *faults], files=list(files))
    if missing := unread(pictures, fields):
        result.notes.append(
            f"Pictures left out, without an annotation that could be read: {len(missing)}, such as {missing[0]}."
        )
    return result


def _field(image: AnnotatedImage, path: Path) -> ImportedField:
    cells = [
        ImportedCell(name, (x1, y1, x2, y2))
        for name, (x1, y1, x2, y2) in zip(image.names, image.boxes.tolist(), strict=True)
    ]
    return ImportedField(path, image.width, image.height, cells)
