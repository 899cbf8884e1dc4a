"""The manifest: one COCO JSON file that says which pictures a data set holds, and where each came from.

Any reader of COCO takes it. What COCO does not know stands beside it: the source and the group of each
picture, its split and fold, the classes that are not all annotated in it, and the hash of its file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from core.classes import RED_CELL
from core.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST_VERSION = 1
SMALLEST_SIDE = 0.5
"""Pixels; a box with a shorter side holds no cell."""
BEYOND = 1.0
"""Pixels that a rounded box may reach beyond the border."""

EXCLUDED = "excluded"
"""The split of pictures that no command uses; it is no side of a split."""


class DataError(ValueError):
    """A data set that cannot be used; the message names the file and the remedy."""


class Source(Struct, omit_defaults=True):
    """Where pictures come from: ``sha256`` of the annotation files as they were read."""

    name: str
    format: str
    pictures: int
    sha256: str
    licence: str = ""
    note: str = ""


class Info(Struct):
    """What the manifest says of itself; ``history`` are the commands that made it."""

    smearcount_manifest: int
    description: str = "Blood cells"
    sources: list[Source] = []
    split_seed: int | None = None
    history: list[str] = []


class Category(Struct):
    """A class; ``supercategory`` is ``RBC`` for every kind of red cell, likewise ``WBC`` and ``Platelets``."""

    id: int
    name: str
    supercategory: str = ""


class Picture(Struct):
    """A photograph; ``file_name`` is relative to the manifest's folder where possible.

    ``sha256`` is that of the file; ``group`` names the pictures that belong on one side of a split;
    ``incomplete`` the classes whose cells are not all annotated.
    """

    id: int
    file_name: str
    width: int
    height: int
    sha256: str
    source: str
    group: str = ""
    split: str | None = None
    fold: int | None = None
    incomplete: list[str] = []


class Cell(Struct):
    """An annotation: ``bbox`` x y w h in pixels.

    ``origin`` tells how it was made; ``quality`` 0 to 1 how far a box made from a point can be trusted.
    """

    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float
    iscrowd: int = 0
    origin: str = "box"
    quality: float | UnsetType = UNSET


class Manifest(Struct):
    """A data set; the order of the classes is that of ``categories``."""

    info: Info
    categories: list[Category]
    images: list[Picture]
    annotations: list[Cell]

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in order."""
        return tuple(category.name for category in self.categories)

    @property
    def red_cells(self) -> frozenset[str]:
        """Names of the classes that are red cells."""
        return frozenset(item.name for item in self.categories if RED_CELL in (item.name, item.supercategory))

    @property
    def parents(self) -> tuple[int, ...]:
        """For each class the label of the class here that it is a kind of, -1 for none."""
        names = self.classes
        return tuple(
            names.index(item.supercategory) if item.supercategory in names and item.supercategory != item.name else -1
            for item in self.categories
        )

    def cells_by_picture(self) -> dict[int, list[Cell]]:
        """Return the cells of each picture by its id; pictures without cells are there too."""
        cells: dict[int, list[Cell]] = {picture.id: [] for picture in self.images}
        for cell in self.annotations:
            cells.setdefault(cell.image_id, []).append(cell)
        return cells


def no_red_cells_text(classes: Sequence[str]) -> str:
    """Return what to do about a data set none of whose classes is a red cell."""
    return (
        f"None of the classes ({', '.join(classes)}) is a red cell, by whose width pictures are scaled, so that cells "
        "are learned and found at a wrong size: name it by 'data import --kinds-of RBC' or 'data merge --map OLD=RBC'."
    )


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; what it says is not checked beyond its form, which ``manifest_faults`` does.

    Raises
    ------
    DataError
        If the file cannot be read, or is none.
    """
    if path.is_dir():
        raise DataError(
            f"{path}: this is a folder; make a manifest of it with 'smearcount-train data import yolo {path} "
            "--out FILE.json'."
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: the manifest cannot be read ({error.strerror or error}).") from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).info.smearcount_manifest
        if version > MANIFEST_VERSION:
            raise DataError(f"{path}: made by a newer SmearCount; update this one to read it.")
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.ValidationError as error:
        raise DataError(
            f"{path}: this is no manifest ({error}); make one of it with 'smearcount-train data import'."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: the JSON is damaged ({error}); make the manifest again.") from error


class _Version(Struct):
    smearcount_manifest: int


class _Versioned(Struct):
    """What is looked at first, so that a newer file is refused for being newer."""

    info: _Version


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest, whole or not at all.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    document = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, document + b"\n")
    except OSError as error:
        raise DataError(f"{path}: the manifest cannot be written ({error.strerror or error}).") from error


def picture_path(manifest_file: Path, picture: Picture) -> Path:
    """Return where a picture lies."""
    return manifest_file.parent / picture.file_name


def name_from(manifest_file: Path, picture: Path) -> str:
    """Return the name of a picture in a manifest: relative to its folder where possible, with slashes."""
    try:
        relative = os.path.relpath(picture.resolve(), manifest_file.parent.resolve())
    except ValueError:  # another drive
        return picture.resolve().as_posix()
    return Path(relative).as_posix()


def manifest_faults(path: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for each thing in a manifest that contradicts itself; the pictures are not looked at."""
    for what, ids in (
        ("categories", [item.id for item in manifest.categories]),
        ("category names", list(manifest.classes)),
        ("images", [item.id for item in manifest.images]),
        ("annotations", [item.id for item in manifest.annotations]),
        ("file names", [item.file_name for item in manifest.images]),
    ):
        if len(set(ids)) < len(ids):
            twice = next(value for place, value in enumerate(ids) if value in ids[:place])
            yield f"{path}: {twice!r} stands twice among the {what}; keep one of them."
    pictures = {picture.id: picture for picture in manifest.images}
    known = {category.id for category in manifest.categories}
    names = set(manifest.classes)
    for picture in manifest.images:
        if picture.width < 1 or picture.height < 1:
            yield f"{path}: {picture.file_name} has no size; import it again."
        if unknown := sorted(set(picture.incomplete) - names):
            yield f"{path}: {picture.file_name} names the class {unknown[0]!r} as incomplete, which is no category."
    for cell in manifest.annotations:
        picture = pictures.get(cell.image_id)
        if picture is None:
            yield f"{path}: annotation {cell.id} belongs to none of the images; delete it."
        elif cell.category_id not in known:
            yield (
                f"{path}: annotation {cell.id} of {picture.file_name} has the unknown category {cell.category_id}; "
                "add it to the categories."
            )
        elif (fault := box_fault(cell.bbox, picture.width, picture.height)) is not None:
            yield f"{path}: annotation {cell.id} of {picture.file_name} {fault}; draw it again or delete it."


def box_fault(box: tuple[float, float, float, float], width: int, height: int) -> str | None:
    """Say what is wrong with a box x y w h in a picture, None if nothing is."""
    x, y, w, h = box
    if w < SMALLEST_SIDE or h < SMALLEST_SIDE:
        return f"is a box without area ({w:g} × {h:g} pixels)"
    if x < -BEYOND or y < -BEYOND or x + w > width + BEYOND or y + h > height + BEYOND:
        return f"is a box that reaches beyond the picture of {width} × {height} pixels"
    return None


def groups_on_both_sides(manifest: Manifest) -> dict[str, list[str]]:
    """Return the groups that more than one split or fold has, with their names."""
    sides: dict[str, set[str]] = {}
    for picture in manifest.images:
        if not picture.group:
            continue
        of_group = sides.setdefault(picture.group, set())
        if picture.split not in (None, EXCLUDED):
            of_group.add(str(picture.split))
        if picture.fold is not None:
            of_group.add(f"fold{picture.fold}")
    several = {group: sorted(names) for group, names in sides.items()}
    return {group: names for group, names in several.items() if _disagree(names)}


def _disagree(names: list[str]) -> bool:
    folds = sum(name.startswith("fold") for name in names)
    return folds > 1 or len(names) - folds > 1
