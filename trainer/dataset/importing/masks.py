"""Fields whose cells were drawn as masks: their boxes, counted in the masks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.detection.segmentation.instances import count_class
from core.detection.segmentation.masks import CellMasks
from core.imaging.flat_field import FlatFieldImage
from core.imaging.reading import read_image
from core.imaging.scale import guess_diameter_of
from core.models.method import CountingMethod, Method
from trainer.dataset.importing.fields import ImageFolder, Imported, ImportedCell, ImportedField
from trainer.dataset.manifest import DataError
from trainer.dataset.masks import EDGE, mask_file, read_masks

if TYPE_CHECKING:
    from pathlib import Path

_SMALLEST = 0.08
"""Red cell diameters; what is smaller is a slip of the pen."""
_UNKNOWN_DIAMETER = 40.0


def read_mask_folders(source: Path, images: Path | None) -> Imported:
    """Read a folder with a folder of masks for each class, and maybe one named ``edge``.

    Each piece of a mask is a cell; where there is an edge mask, it separates cells that touch.

    Raises
    ------
    DataError
        If there is no folder of masks, or masks do not fit each other.
    """
    classes = tuple(sorted(path.name for path in source.iterdir() if path.is_dir() and path.name != EDGE))
    if images is None:
        raise DataError(f"{source}: say with --images in which folder the photographs of these masks are.")
    if not classes:
        raise DataError(f"{source}: there is no folder of masks; it needs one for each class, such as RBC.")
    pictures = ImageFolder([images])
    result = Imported(classes=classes)
    for path in pictures.paths:
        truth = read_masks(source, path.stem, classes)
        if truth is None:
            result.notes.append(f"{path}: there is no mask of it; it is left out.")
            continue
        photograph = read_image(path)
        if truth.values.shape[1:] != (photograph.height, photograph.width):
            result.faults.append(f"{path}: its masks have another size; make them as large as the photograph.")
            continue
        lit = FlatFieldImage.of(photograph.pixels, even_light=True)
        masks = CellMasks(
            (truth.masks > 0).astype(np.float32),
            (truth.edge > 0).astype(np.float32),
            guess_diameter_of(lit) or _UNKNOWN_DIAMETER,
        )
        cells: list[ImportedCell] = []
        for label, name in enumerate(classes):
            found = count_class(masks, label, CountingMethod(method=Method.COMPONENTS, smallest=_SMALLEST))
            cells += [
                ImportedCell(name, (x1, y1, x2, y2), "mask") for x1, y1, x2, y2 in found.boxes.astype(float).tolist()
            ]
        result.fields.append(ImportedField(path, photograph.width, photograph.height, cells))
        result.files += [file for kind in (*classes, EDGE) if (file := mask_file(source / kind, path.stem)) is not None]
    result.faults += pictures.faults
    return result
