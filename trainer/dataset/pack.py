"""Packing: a copy of a data set small enough to be carried to another machine."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import cv2
import msgspec
import numpy as np

from core.imaging.reading import read_image
from core.text import gettext
from trainer.dataset.load import median_diameter
from trainer.dataset.manifest import EXCLUDED, Annotation, DataError, ImageEntry, Manifest, image_path
from trainer.dataset.scales import estimated_diameter
from trainer.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

IMAGES = "images"


def pack(file: Path, manifest: Manifest, out: Path, red_cells: float, quality: int) -> Manifest:
    """Write the images of a manifest anew, as JPEGs whose red cells are at most ``red_cells`` pixels wide.

    Images that no command uses are left out; groups, splits and incomplete classes stay.

    Parameters
    ----------
    file, manifest
        The data set.
    out
        The manifest to be written; the images go to a folder ``images`` beside it.
    red_cells
        Largest red cell diameter in pixels. A model learns from up to 1.5 times its own.
    quality
        Of the JPEGs, 0 to 100.

    Returns
    -------
    The manifest of the copy.

    Raises
    ------
    ImageError, DataError
        If an image cannot be read or written.
    """
    folder = out.parent / IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    cells, kept = manifest.cells_by_image(), [item for item in manifest.images if item.split != EXCLUDED]
    red = {category.id for category in manifest.categories if category.name in manifest.red_cells}
    images, annotations = [], []
    for image in progress(kept, gettext("Packing")):
        own = cells[image.id]
        pixels, scales = _shrunk(read_image(image_path(file, image)).pixels, own, red, red_cells)
        images.append(_written(image, pixels, folder, quality))
        annotations += [_scaled(cell, scales) for cell in own]
    return msgspec.structs.replace(manifest, images=images, annotations=annotations)


def _shrunk(
    pixels: NDArray[np.uint8], cells: Sequence[Annotation], red: set[int], red_cells: float
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return an image whose red cells are no larger than that, and by what its sides x and y were multiplied."""
    height, width = pixels.shape[:2]
    boxes = np.array([cell.bbox for cell in cells], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    labels = np.array([cell.category_id in red for cell in cells], np.int64)
    diameter = median_diameter(boxes, labels, {1}) or (estimated_diameter(pixels) if red else red_cells)
    scale = min(red_cells / diameter, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    if size != (width, height):
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return pixels, (size[0] / width, size[1] / height)


def _written(image: ImageEntry, pixels: NDArray[np.uint8], folder: Path, quality: int) -> ImageEntry:
    path = folder / f"{image.id:06d}.jpg"
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    try:
        path.write_bytes(content)
    except OSError as error:
        raise DataError(
            gettext("{file}: the image cannot be written ({reason}); free some disk space.").format(
                file=path, reason=error.strerror
            )
        ) from error
    return msgspec.structs.replace(
        image,
        file_name=f"{IMAGES}/{path.name}",
        width=pixels.shape[1],
        height=pixels.shape[0],
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _scaled(cell: Annotation, scales: tuple[float, float]) -> Annotation:
    (x, y, width, height), (by_x, by_y) = cell.bbox, scales
    box = (x * by_x, y * by_y, width * by_x, height * by_y)
    return msgspec.structs.replace(cell, bbox=box, area=cell.area * by_x * by_y)
