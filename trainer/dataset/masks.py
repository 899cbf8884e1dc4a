"""Masks as files: a folder with one folder for each class and one named ``edge``, one image for each field.

A mask is a PNG, JPEG, TIFF or BMP as large as its image and named like it: bright where there is a cell. Those
that others drew, such as the masks of ALL-IDB, are used as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.imaging.files.finding import IMAGE_SUFFIXES
from core.imaging.reading import ImageError, read_image
from core.report.formats.annotated import write_picture
from core.text import gettext
from trainer.dataset.manifest import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

EDGE = "edge"
UNKNOWN = -1
_UNKNOWN_VALUE = 128
_CELL_FROM = 192
_NOTHING_TO = 64


@dataclass(frozen=True, eq=False)
class TrueMasks:
    """Masks to learn: int8 (C + 1, H, W), 1 in a cell of the class, 0 outside, ``UNKNOWN`` elsewhere.

    The last one is the edge mask.
    """

    values: NDArray[np.int8]

    @property
    def masks(self) -> NDArray[np.int8]:
        """Those of the classes, (C, H, W)."""
        return self.values[:-1]

    @property
    def edge(self) -> NDArray[np.int8]:
        """That of the edges, (H, W)."""
        return self.values[-1]


def write_masks(folder: Path, name: str, truth: TrueMasks, classes: tuple[str, ...]) -> None:
    """Write the masks of a field: 255 in cells, 0 outside, 128 where it is unknown.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    for kind, values in zip((*classes, EDGE), truth.values, strict=True):
        grey = np.where(values == UNKNOWN, _UNKNOWN_VALUE, np.where(values > 0, 255, 0)).astype(np.uint8)
        (folder / kind).mkdir(parents=True, exist_ok=True)
        write_picture(np.repeat(grey[..., None], 3, axis=2), folder / kind / f"{name}.png")


def read_masks(folder: Path, name: str, classes: tuple[str, ...]) -> TrueMasks | None:
    """Read the masks of an image by its name without suffix; None if no class has one.

    A class or an edge mask that has no file is unknown.

    Raises
    ------
    DataError
        If a file is damaged, or the masks of a field differ in size.
    """
    found = {kind: _mask(path) for kind in (*classes, EDGE) if (path := mask_file(folder / kind, name)) is not None}
    if not found.keys() & set(classes):
        return None
    shapes = {mask.shape for mask in found.values()}
    if len(shapes) > 1:
        raise DataError(
            gettext("{folder}: the masks of {name} differ in size; each must be as large as the image.").format(
                folder=folder, name=name
            )
        )
    unknown = np.full(shapes.pop(), UNKNOWN, np.int8)
    return TrueMasks(np.stack([found.get(kind, unknown) for kind in (*classes, EDGE)]))


def mask_file(folder: Path, name: str) -> Path | None:
    """Return the mask file of an image by its name without suffix; None if it is missing."""
    paths = (folder / f"{name}{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    return next((path for path in paths if path.is_file()), None)


def _mask(path: Path) -> NDArray[np.int8]:
    """Read one mask, int8 (H, W)."""
    try:
        grey = read_image(path).pixels.max(axis=2)
    except ImageError as error:
        raise DataError(str(error)) from error
    if grey.max(initial=0) == 1:  # drawn in 0 and 1
        grey = grey * np.uint8(255)
    known = np.where(grey >= _CELL_FROM, 1, UNKNOWN)
    return np.where(grey < _NOTHING_TO, 0, known).astype(np.int8)
