"""What every form of annotation comes down to here: images with their cells, and what was wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.annotations.orientation import ImageInfo
from core.exchange.match_images import ImageIndex, ListedImage, image_info
from core.imaging.doubts import Doubt
from core.imaging.files.finding import find_images
from core.imaging.reading import ImageError, read_image
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Box = tuple[float, float, float, float]

_SPLITS = {
    **dict.fromkeys(("train", "training", "train2017"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "val2017"), "val"),
    **dict.fromkeys(("test", "testing", "test2017"), "test"),
}
"""The splits that folders of images are named after, as Roboflow and others do it."""


@dataclass(frozen=True)
class ImportedCell:
    """One cell: ``box`` x1 y1 x2 y2 in pixels, ``origin`` how it was made, ``quality`` 0 to 1 if that was measured."""

    name: str
    box: Box
    origin: str = "box"
    quality: float | None = None


@dataclass
class ImportedField:
    """One image with its cells; ``source``, ``group`` and ``split`` where the annotations say so.

    ``incomplete`` are the classes of which the annotations say that not every cell is marked by itself.
    """

    path: Path
    width: int
    height: int
    cells: list[ImportedCell]
    source: str = ""
    group: str = ""
    split: str | None = None
    incomplete: tuple[str, ...] = ()


@dataclass
class Imported:
    """What was read: ``faults`` are sentences about what cannot be used, ``notes`` about what should be known.

    ``files`` are the annotation files, whose hash the manifest keeps; ``classes`` those that were looked for, also
    where none was found, as far as the files say so.
    """

    fields: list[ImportedField] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    classes: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Return the hash over the annotation files in the order of their names."""
        digest = hashlib.sha256()
        for file in sorted(self.files):
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
        return digest.hexdigest()


class ImageFolder:
    """The images in folders; ``index`` finds them by the names that annotations give them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.paths: list[Path] = []
        self._problems: list[str] = []
        self.folders = tuple(folders)
        for folder in folders:
            if not folder.is_dir():
                raise DataError(f"{folder}: no such folder; give the folder of the images.")
            found = find_images([folder], recursive=True)
            self.paths += found.images
            self._problems += [problem for _, problem in found.problems]
        # the whole image is read: one that is damaged in the middle is no training image
        self.index = ImageIndex([ListedImage(path, path) for path in self.paths], open=_read_through)

    @property
    def faults(self) -> list[str]:
        """Sentences about images that cannot be read."""
        return self._problems + self.index.problems

    def split_of(self, path: Path) -> str | None:
        """Return the split that the folder of an image stands for, such as ``val`` for ``valid``; None if for none."""
        for folder in self.folders:
            if path.is_relative_to(folder):
                parts = path.relative_to(folder).parts[:-1]
                return next((split for part in parts if (split := _SPLITS.get(part.lower())) is not None), None)
        return None


def _read_through(path: Path) -> ImageInfo:
    image = read_image(path)
    if Doubt.DAMAGED in image.doubts:
        raise ImageError(f"{path}: the file is damaged inside; copy it from the microscope again, or leave it out.")
    return ImageInfo(image.width, image.height, image_info(path).orientation)


def unread(folder: ImageFolder, fields: Iterable[ImportedField]) -> list[Path]:
    """Return the images of the folder that no annotation was read for."""
    annotated = {item.path for item in fields}
    return [path for path in folder.paths if path not in annotated]
