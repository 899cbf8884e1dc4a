"""From what was read to a manifest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.classes import CANONICAL_CLASSES, canonical_class
from trainer.dataset.importing.formats import SUFFIXES, read_coco, read_files, read_points, read_voc, read_yolo
from trainer.dataset.importing.masks import read_mask_folders
from trainer.dataset.importing.sessions import read_session
from trainer.dataset.importing.single_cells import read_class_folders
from trainer.dataset.manifest import (
    MANIFEST_VERSION,
    UNSET,
    Annotation,
    Category,
    DataError,
    ImageEntry,
    Info,
    Manifest,
    Source,
    box_fault,
    name_from,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.dataset.importing.fields import Imported, ImportedCell

FORMATS = {
    "voc": "Pascal VOC: a folder of .xml files",
    "yolo": "YOLO: a folder with labels and classes.txt, and maybe manifest.csv",
    "coco": "COCO: a .json file, or a folder of them",
    "csv": "a table: filename, cell_type, xmin, ymin, xmax, ymax, or image_path, xmin, ymin, xmax, ymax, label",
    "qupath": "QuPath: a folder of .geojson files named after their images",
    "cvat": "CVAT for images 1.1: an .xml file",
    "labelme": "labelme: a folder of .json files",
    "imagej": "ImageJ: Cell Counter .xml files, and .zip or .roi files of regions named after their images",
    "points": "point files: lines of 'x y type' for each image",
    "classes": "single cells: a folder for each class, one cell in each image",
    "masks": "mask images: a folder for each class, and maybe one named edge",
    "session": "a session of SmearCount: its reviewed images",
}
EVERY_CLASS = "all"
_LICENCES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "LICENCE.txt", "COPYING")


@dataclass(frozen=True)
class ImportOptions:
    """What the person says besides the files.

    ``images`` is where the images lie if not in the source; ``name`` what the source is called; ``split`` where
    images without a split go; ``incomplete`` the classes whose cells are not all annotated, or ``all``;
    ``unreliable`` those of them whose annotations are left out altogether;
    ``kinds_of`` the class that classes of other names are kinds of; ``type_names`` those of point types;
    ``stored_rows`` whether images that the camera turned were annotated as they are stored, where files do not say so.
    """

    images: Path | None = None
    name: str = ""
    split: str | None = None
    incomplete: tuple[str, ...] = ()
    unreliable: tuple[str, ...] = ()
    kinds_of: str = ""
    type_names: tuple[str, ...] = ()
    unreviewed: bool = False
    stored_rows: bool = False
    licence: str = ""
    note: str = ""


def read_source(kind: str, source: Path, options: ImportOptions) -> Imported:
    """Read annotations of a form of ``FORMATS``; raises DataError where nothing can be read at all."""
    if not source.exists():
        raise DataError(f"{source}: there is no such file or folder; check the name.")
    images, stored_rows = options.images, options.stored_rows
    match kind:
        case "voc":
            return read_voc(source, images, stored_rows=stored_rows)
        case "yolo":
            return read_yolo(source, images, stored_rows=stored_rows)
        case "coco":
            return read_coco(source, images, stored_rows=stored_rows)
        case "points":
            return read_points(source, images, options.type_names, stored_rows=stored_rows)
        case _ if kind in SUFFIXES:
            return read_files(source, images, kind, stored_rows=stored_rows)
        case "classes":
            return read_class_folders(source)
        case "masks":
            return read_mask_folders(source, options.images)
        case _:
            return read_session(source, unreviewed=options.unreviewed)


def build_manifest(
    imported: Imported, kind: str, source: Path, out: Path, options: ImportOptions, command: str
) -> Manifest:
    """Make the manifest of what was read; images stay where they are.

    Class names of the usual kinds become ``RBC``, ``WBC`` and ``Platelets``. The three come first, in this order.
    Cells whose box holds nothing go to ``imported.faults`` instead.

    Raises
    ------
    DataError
        If there is no image, or a class that is said to be incomplete is not there.
    """
    if not imported.fields:
        raise DataError(f"{source}: there is no image with annotations that can be used.")
    name = options.name or source.resolve().stem
    categories = _categories(imported, options)
    _check_incomplete(source, imported, options)
    ids = {category.name: category.id for category in categories}
    unreliable = {_class_name(name) for name in options.unreliable}
    images: list[ImageEntry] = []
    annotations: list[Annotation] = []
    for item in imported.fields:
        of_picture = item.source or name
        picture = ImageEntry(
            id=len(images) + 1,
            file_name=name_from(out, item.path),
            width=item.width,
            height=item.height,
            sha256=hashlib.sha256(item.path.read_bytes()).hexdigest(),
            source=of_picture,
            group=f"{of_picture}/{item.group}" if item.group else "",
            split=item.split or options.split,
            incomplete=_incomplete((*options.incomplete, *item.incomplete), ids),
        )
        images.append(picture)
        for cell in item.cells:
            if _class_name(cell.name) in unreliable:
                continue
            x, y, w, h = _xywh(cell)
            if (fault := box_fault((x, y, w, h), item.width, item.height)) is not None:
                imported.faults.append(f"{item.path}: the cell {cell.name} at {x:g}, {y:g} {fault}.")
                continue
            quality = UNSET if cell.quality is None else round(cell.quality, 3)
            number = ids[_class_name(cell.name)]
            annotations.append(
                Annotation(
                    len(annotations) + 1, picture.id, number, (x, y, w, h), round(w * h, 2), 0, cell.origin, quality
                )
            )
    return Manifest(
        Info(
            MANIFEST_VERSION,
            f"{name}, imported by SmearCount",
            _sources(images, imported, kind, source, options),
            None,
            [command],
        ),
        categories,
        images,
        annotations,
    )


def _class_name(name: str) -> str:
    return canonical_class(name, CANONICAL_CLASSES) or name


def _xywh(cell: ImportedCell) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = cell.box
    return round(x1, 2), round(y1, 2), round(x2 - x1, 2), round(y2 - y1, 2)


def _categories(imported: Imported, options: ImportOptions) -> list[Category]:
    there = {_class_name(cell.name) for item in imported.fields for cell in item.cells}
    named = {_class_name(name) for name in imported.classes} | {
        _class_name(name) for name in options.incomplete if name != EVERY_CLASS
    }
    order = [*CANONICAL_CLASSES, *(name for name in options.type_names if name not in CANONICAL_CLASSES)]
    names = [name for name in order if name in there | named]
    names += sorted((there | named) - set(names), key=_by_number)
    return [
        Category(number, name, name if name in CANONICAL_CLASSES else options.kinds_of)
        for number, name in enumerate(names, start=1)
    ]


def _check_incomplete(source: Path, imported: Imported, options: ImportOptions) -> None:
    """Refuse a class that is neither in the source nor one of the usual three: a slip of the keyboard."""
    there = {_class_name(cell.name) for item in imported.fields for cell in item.cells}
    there |= {*CANONICAL_CLASSES, EVERY_CLASS, *options.type_names, *map(_class_name, imported.classes)}
    for name in options.incomplete:
        if name != EVERY_CLASS and _class_name(name) not in there:
            known = ", ".join(sorted(there - {EVERY_CLASS}))
            raise DataError(f"{source}: there is no class {name!r} to be incomplete; the classes are {known}.")


def _by_number(name: str) -> tuple[str, int, str]:
    """Sort ``type 10`` after ``type 9``."""
    head, _, tail = name.rpartition(" ")
    return (head, int(tail), "") if tail.isdigit() else (name, 0, "")


def _incomplete(names: Sequence[str], ids: dict[str, int]) -> list[str]:
    if EVERY_CLASS in names:
        return list(ids)
    return list(dict.fromkeys(_class_name(name) for name in names))


def _sources(
    images: Sequence[ImageEntry], imported: Imported, kind: str, source: Path, options: ImportOptions
) -> list[Source]:
    counts: dict[str, int] = {}
    for picture in images:
        counts[picture.source] = counts.get(picture.source, 0) + 1
    licence = options.licence or _licence(source)
    digest = imported.sha256()
    return [Source(name, kind, count, digest, licence, options.note) for name, count in sorted(counts.items())]


def _licence(source: Path) -> str:
    """Return the first line of the licence that lies beside the annotations, such as ``MIT License``."""
    folder = source if source.is_dir() else source.parent
    for name in _LICENCES:
        if (file := folder / name).is_file():
            lines = file.read_text("utf-8", "replace").split("\n")
            return next((line.strip() for line in lines if line.strip()), "")
    return ""
