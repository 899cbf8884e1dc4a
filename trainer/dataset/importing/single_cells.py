"""Folders of single-cell images: one folder for each class, one cell in each image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.files.finding import find_images
from core.imaging.illumination import WHITE, divide_light, estimate_light
from core.imaging.reading import ImageError, read_image
from trainer.dataset.importing.fields import Box, Imported, ImportedCell, ImportedField
from trainer.dataset.manifest import DataError
from trainer.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_SMALLEST_SHARE = 0.02  # of the image; what is smaller is no cell that somebody would cut out
_STEP = 12.0  # pixel values by which a stained cell differs from the empty field at least
_MIDDLE = 0.2  # the cell is what is stained within this share of the sides from the middle


def read_class_folders(source: Path) -> Imported:
    """Read the images of each folder in a folder as cells of the class that the folder is named after."""
    if not source.is_dir():
        raise DataError(f"{source}: no such folder; give the folder that holds a folder for each class.")
    result = Imported()
    folders = sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {folder.name: find_images([folder], recursive=True) for folder in folders}
    pictures = [(name, path) for name, inside in found.items() for path in inside.images]
    result.faults += [problem for inside in found.values() for _, problem in inside.problems]
    if not pictures:
        raise DataError(f"{source}: there are no folders with images here; make one for each class.")
    for name, path in progress(pictures, "Reading"):
        try:
            image = read_image(path)
        except ImageError as error:
            result.faults.append(str(error))
            continue
        box = cell_in_the_middle(image.pixels)
        cell = ImportedCell(
            name, box or (0.0, 0.0, float(image.width), float(image.height)), "whole" if box is None else "segmented"
        )
        result.fields.append(ImportedField(path, image.width, image.height, [cell]))
    whole = sum(item.cells[0].origin == "whole" for item in result.fields)
    if whole:
        result.notes.append(f"In {whole} images no outline was found; the whole image is the box.")
    return result


def cell_in_the_middle(image: NDArray[np.uint8]) -> Box | None:
    """Return the box x1 y1 x2 y2 of what is stained in the middle of an image, uint8 RGB (H, W, 3).

    None if nothing stands out there, or it fills the picture.
    """
    mask = _foreground(divide_light(image, estimate_light(image)))
    height, width = mask.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    dx, dy = max(int(_MIDDLE * width), 1), max(int(_MIDDLE * height), 1)
    middle = labels[height // 2 - dy : height // 2 + dy, width // 2 - dx : width // 2 + dx]
    there = np.bincount(middle[middle > 0], minlength=len(stats))
    if not there.any():
        return None
    x, y, w, h, area = stats[int(there.argmax())].tolist()
    if area < _SMALLEST_SHARE * width * height or (w >= width - 1 and h >= height - 1):
        return None
    return float(x), float(y), float(x + w), float(y + h)


def _foreground(field: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what is stained, uint8 (H, W) of 0 and 1, with pale plasma and all.

    In an image of one white cell Otsu's threshold parts the nucleus from the rest. A second one among the rest
    finds the plasma, if there is any that stands out.
    """
    stain = cv2.GaussianBlur(np.asarray(np.clip(WHITE - field.min(axis=2), 0, 255), np.uint8), (0, 0), 1.0)
    level, _ = cv2.threshold(stain, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    rest = stain[stain <= level]
    if len(rest):
        lower, _ = cv2.threshold(rest, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        level = max(lower, _STEP)
    mask = (stain > level).astype(np.uint8)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(mask, outlines, -1, 1, -1)
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(np.uint8)
