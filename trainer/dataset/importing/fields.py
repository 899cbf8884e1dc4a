"""What every form of annotation comes down to here: pictures with their cells, and what was wrong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.annotations.base import base_name
from core.imaging.reading import ImageError, find_images, read_image
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ImportedCell:
    """One cell: ``box`` x1 y1 x2 y2 in pixels, ``origin`` how it was made, ``quality`` 0 to 1 if that was measured."""

    name: str
    box: Box
    origin: str = "box"
    quality: float | None = None


@dataclass
class ImportedField:
    """One picture with its cells; ``source``, ``group`` and ``split`` where the annotations say so."""

    path: Path
    width: int
    height: int
    cells: list[ImportedCell]
    source: str = ""
    group: str = ""
    split: str | None = None


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


class PictureFolder:
    """The pictures of a folder by the names that annotations give them: with folders, without, without suffix."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.faults: list[str] = []
        self.paths: list[Path] = []
        self._by_name: dict[str, Path | None] = {}
        self._sizes: dict[Path, tuple[int, int] | None] = {}
        for folder in folders:
            if not folder.is_dir():
                raise DataError(f"{folder}: no such folder; give the folder of the pictures.")
            for path in find_images([folder], recursive=True):
                self.paths.append(path)
                relative = path.relative_to(folder)
                names = {relative.as_posix(), relative.with_suffix("").as_posix(), path.name, path.stem}
                for name in names:
                    # a name that two pictures share stands for neither
                    self._by_name[name] = path if self._by_name.get(name, path) == path else None

    def find(self, name: str) -> Path | None:
        """Return the picture of a name; None if there is none, or several."""
        name = name.replace("\\", "/").removeprefix("./")
        return self._by_name.get(name) or self._by_name.get(base_name(name))

    def size(self, name: str) -> tuple[int, int] | None:
        """Return the width and height of a picture, None if it is not there or cannot be read."""
        path = self.find(name)
        return None if path is None else self.size_of(path)

    def size_of(self, path: Path) -> tuple[int, int] | None:
        """Return the width and height of a picture file; what is wrong with it becomes a fault."""
        if path not in self._sizes:
            try:
                image = read_image(path)
                self._sizes[path] = image.width, image.height
            except ImageError as error:
                self.faults.append(str(error))
                self._sizes[path] = None
        return self._sizes[path]


def unread(folder: PictureFolder, fields: Iterable[ImportedField]) -> list[Path]:
    """Return the pictures of the folder that no annotation was read for."""
    annotated = {item.path for item in fields}
    return [path for path in folder.paths if path not in annotated]
