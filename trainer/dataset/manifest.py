"""The manifest: one COCO JSON file that lists the images of a data set, and where each came from.

Any COCO reader can read it. What COCO does not know is added: the source and the group of each
image, its split and fold, the classes that are not all annotated in it, and the hash of its file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Struct, UnsetType

from core.classes import RED_CELL
from core.errors import UserError
from core.files import write_whole
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MANIFEST_VERSION = 1
SMALLEST_SIDE = 0.5
"""Pixels; a box with a shorter side holds no cell."""
BEYOND = 1.0
"""Pixels that a rounded box may reach beyond the border."""

EXCLUDED = "excluded"
"""The split of images that no command uses; it is no side of a split."""


class DataError(UserError):
    """A data set that cannot be used; the message names the file and the remedy."""


class Source(Struct, omit_defaults=True, rename={"images": "pictures"}):
    """Where images come from: ``sha256`` of the annotation files as they were read."""

    name: str
    format: str
    images: int
    sha256: str
    licence: str = ""
    note: str = ""


class Info(Struct):
    """The manifest's description of itself; ``history`` are the commands that made it."""

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


class ImageEntry(Struct):
    """An image; ``file_name`` is relative to the manifest's folder where possible.

    ``sha256`` is that of the file; ``group`` names the images that belong on one side of a split;
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


class Annotation(Struct):
    """An annotation: ``bbox`` x y w h in pixels.

    ``origin`` is how it was made; ``quality`` 0 to 1 how far a box made from a point can be trusted.
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
    images: list[ImageEntry]
    annotations: list[Annotation]

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

    def cells_by_image(self) -> dict[int, list[Annotation]]:
        """Return the cells of each image by its id; images without cells are there too."""
        cells: dict[int, list[Annotation]] = {image.id: [] for image in self.images}
        for cell in self.annotations:
            cells.setdefault(cell.image_id, []).append(cell)
        return cells


def no_red_cells_text(classes: Sequence[str]) -> str:
    """Return a sentence on a data set without a class of red cells, with the remedy."""
    return gettext(
        "None of the classes ({classes}) is a red cell. Images are scaled by the width of red cells, so cells would be "
        "learned and found at the wrong size: name the class with 'data import --kinds-of RBC' or 'data merge --map "
        "OLD=RBC'."
    ).format(classes=", ".join(classes))


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; only its form is checked here, its content by ``manifest_faults``.

    Raises
    ------
    DataError
        If the file cannot be read, or is not a manifest.
    """
    if path.is_dir():
        raise DataError(
            gettext(
                "{folder}: this is a folder; make a manifest with 'smearcount-train data import yolo {folder} --out "
                "FILE.json'."
            ).format(folder=path)
        )
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            gettext("{file}: the manifest cannot be read ({reason}); check the name and your permissions.").format(
                file=path, reason=error.strerror or error
            )
        ) from error
    try:
        version = msgspec.json.decode(data, type=_Versioned).info.smearcount_manifest
        if version > MANIFEST_VERSION:
            raise DataError(
                gettext("{file}: made by a newer SmearCount; update this one to read it.").format(file=path)
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.ValidationError as error:
        raise DataError(
            gettext("{file}: not a manifest ({reason}); make one with 'smearcount-train data import'.").format(
                file=path, reason=error
            )
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(
            gettext("{file}: the JSON is damaged ({reason}); make the manifest again.").format(file=path, reason=error)
        ) from error


class _Version(Struct):
    smearcount_manifest: int


class _Versioned(Struct):
    """What is read first, so that a newer file is refused for being newer."""

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
        raise DataError(
            gettext("{file}: the manifest cannot be written ({reason}); choose another place.").format(
                file=path, reason=error.strerror or error
            )
        ) from error


def image_path(manifest_file: Path, image: ImageEntry) -> Path:
    """Return where an image lies."""
    return manifest_file.parent / image.file_name


def name_from(manifest_file: Path, image: Path) -> str:
    """Return the name of an image in a manifest: relative to its folder where possible, with slashes."""
    try:
        relative = os.path.relpath(image.resolve(), manifest_file.parent.resolve())
    except ValueError:  # another drive
        return image.resolve().as_posix()
    return Path(relative).as_posix()


def manifest_faults(path: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a sentence for each contradiction in a manifest; the images are not read."""
    for what, ids in (
        ("categories", [item.id for item in manifest.categories]),
        ("category names", list(manifest.classes)),
        ("images", [item.id for item in manifest.images]),
        ("annotations", [item.id for item in manifest.annotations]),
        ("file names", [item.file_name for item in manifest.images]),
    ):
        if len(set(ids)) < len(ids):
            twice = next(value for place, value in enumerate(ids) if value in ids[:place])
            yield gettext("{file}: {item!r} occurs twice among the {what}; keep one of them.").format(
                file=path, item=twice, what=what
            )
    images = {image.id: image for image in manifest.images}
    known = {category.id for category in manifest.categories}
    names = set(manifest.classes)
    for image in manifest.images:
        if image.width < 1 or image.height < 1:
            yield gettext("{file}: {image} has no size; import it again.").format(file=path, image=image.file_name)
        if unknown := sorted(set(image.incomplete) - names):
            yield gettext(
                "{file}: {image} is incomplete for the class {name!r}, which is not a category; add it to the "
                "categories."
            ).format(file=path, image=image.file_name, name=unknown[0])
    for cell in manifest.annotations:
        image = images.get(cell.image_id)
        if image is None:
            yield gettext("{file}: annotation {id} belongs to no image; delete it.").format(file=path, id=cell.id)
        elif cell.category_id not in known:
            yield (
                gettext(
                    "{file}: annotation {id} of {image} has the unknown category {category}; add it to the categories."
                ).format(file=path, id=cell.id, image=image.file_name, category=cell.category_id)
            )
        elif (fault := box_fault(cell.bbox, image.width, image.height)) is not None:
            yield gettext("{file}: annotation {id} of {image} {fault}; draw it again or delete it.").format(
                file=path, id=cell.id, image=image.file_name, fault=fault
            )


def box_fault(box: tuple[float, float, float, float], width: int, height: int) -> str | None:
    """Say what is wrong with a box x y w h in an image, None if nothing is."""
    x, y, w, h = box
    if w < SMALLEST_SIDE or h < SMALLEST_SIDE:
        return gettext("is a box without area ({width:g} × {height:g} pixels)").format(width=w, height=h)
    if x < -BEYOND or y < -BEYOND or x + w > width + BEYOND or y + h > height + BEYOND:
        return gettext("is a box that extends beyond the image of {width} × {height} pixels").format(
            width=width, height=height
        )
    return None


def groups_on_both_sides(manifest: Manifest) -> dict[str, list[str]]:
    """Return the groups that more than one split or fold has, with their names."""
    sides: dict[str, set[str]] = {}
    for image in manifest.images:
        if not image.group:
            continue
        of_group = sides.setdefault(image.group, set())
        if image.split not in (None, EXCLUDED):
            of_group.add(str(image.split))
        if image.fold is not None:
            of_group.add(f"fold{image.fold}")
    several = {group: sorted(names) for group, names in sides.items()}
    return {group: names for group, names in several.items() if _disagree(names)}


def _disagree(names: list[str]) -> bool:
    folds = sum(name.startswith("fold") for name in names)
    return folds > 1 or len(names) - folds > 1
