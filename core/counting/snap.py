"""The box of a cell that a user points at: a candidate of the model, or the contour in the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.classes import CANONICAL_CLASSES, RED_CELL, WHITE_CELL, canonical_class
from core.detection.segmentation.classical import CARD, ClassicalModel
from core.detection.segmentation.instances import count_masks
from core.geometry.boxes import iou_matrix
from core.imaging.illumination import WHITE, estimate_light
from core.models.method import CountingMethod, Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.cells import Detections

Box = tuple[float, float, float, float]

_MIDDLE = 0.3  # how far from the middle of a cell one points at it, in its sides
_SMALLEST, _LARGEST = 0.6, 1.6  # what is a cell of a class, in its usual sides
_ROOM = 0.03  # that a box has on each side of what is stained, in its sides
_SAME = 0.7  # boxes that overlap more are one cell
_REACH = 3.0  # of what is looked at round the place, in red cell diameters
_METHODS = {
    **CARD.counting,
    RED_CELL: CountingMethod(method=Method.WATERSHED, threshold=0.3, smallest=0.5),
    WHITE_CELL: CountingMethod(method=Method.COMPONENTS, threshold=0.3, typical=1.8, smallest=0.6),
}


def candidate_at(
    found: Detections, counted: NDArray[np.float32], label: int, place: tuple[float, float], usual: tuple[float, float]
) -> Box | None:
    """Return the box of the candidate that a user means by pointing near its middle; None if there is none.

    Parameters
    ----------
    found
        Everything that the model found in the image, N cells.
    counted
        The boxes of the cells that count, float32 (K, 4): a candidate that is one of them is not meant.
    label
        The class that is wanted. A candidate of another class has the same box, but goes after those of this one.
    place
        ``x y`` in pixels of the image.
    usual
        Width and height of a cell of the class in pixels.
    """
    boxes = found.boxes
    apart = _apart(boxes, place)
    meant = np.flatnonzero((apart <= _MIDDLE) & _plausible(boxes, usual))
    meant = meant[iou_matrix(boxes[meant], counted).max(axis=1, initial=0) < _SAME]
    if not len(meant):
        return None
    likely = found.scores[meant] * (1 - apart[meant])
    best = meant[np.lexsort((-likely, found.labels[meant] != label))[0]]
    x1, y1, x2, y2 = boxes[best].tolist()
    return x1, y1, x2, y2


def contour_at(
    pixels: NDArray[np.uint8], place: tuple[float, float], class_name: str, diameter: float, usual: tuple[float, float]
) -> Box | None:
    """Return the box round what is stained at a place; None if nothing there is as large as a cell of the class.

    The surroundings are taken apart by density and colour, as where no model counts.

    Parameters
    ----------
    pixels
        The image, uint8 RGB (H, W, 3).
    place
        ``x y`` in pixels of the image.
    class_name
        The class that is wanted; others than red cells, white cells and platelets are sought like red cells.
    diameter
        That of a red cell in pixels.
    usual
        Width and height of a cell of the class in pixels.
    """
    height, width = pixels.shape[:2]
    reach = _REACH * max(diameter, usual[0] / 2)
    x1, y1 = max(int(place[0] - reach), 0), max(int(place[1] - reach), 0)
    x2, y2 = min(int(place[0] + reach) + 1, width), min(int(place[1] + reach) + 1, height)
    if x2 - x1 < 2 or y2 - y1 < 2:
        return None
    light = estimate_light(pixels)
    grid = light.shape[0]
    here = light[min(int(place[1] / height * grid), grid - 1), min(int(place[0] / width * grid), grid - 1)]
    scale = CARD.red_cell_diameter / diameter
    piece = cv2.resize(
        np.ascontiguousarray(pixels[y1:y2, x1:x2]), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )
    field = np.clip(piece * (WHITE / here), 0, 255).astype(np.uint8)
    found = count_masks(ClassicalModel().masks(field, CARD.red_cell_diameter), CARD.classes, _METHODS)
    stretch = np.array([(x2 - x1) / field.shape[1], (y2 - y1) / field.shape[0]] * 2, np.float32)
    boxes = found.boxes * stretch + np.array([x1, y1, x1, y1], np.float32)
    wanted = CANONICAL_CLASSES.index(canonical_class(class_name, CANONICAL_CLASSES) or RED_CELL)
    point = (place[0] - x1) / stretch[0], (place[1] - y1) / stretch[1]
    hit = [cv2.pointPolygonTest(contour, point, measureDist=False) >= 0 for contour in found.contours]
    apart = _apart(boxes, place)
    meant = np.flatnonzero(np.array(hit, bool) & (apart <= _MIDDLE) & _plausible(boxes, usual))
    if not len(meant):
        return None
    best = meant[np.lexsort((apart[meant], found.labels[meant] != wanted))[0]]
    left, top, right, bottom = boxes[best].tolist()
    across, down = _ROOM * (right - left), _ROOM * (bottom - top)
    return left - across, top - down, right + across, bottom + down


def _apart(boxes: NDArray[np.float32], place: tuple[float, float]) -> NDArray[np.float32]:
    """Return how far a place is from the middle of boxes (N, 4), in their sides, float32 (N,)."""
    apart = np.abs((boxes[:, :2] + boxes[:, 2:]) / 2 - np.array(place, np.float32))
    return (apart / np.maximum(boxes[:, 2:] - boxes[:, :2], 1)).max(axis=1, initial=0)


def _plausible(boxes: NDArray[np.float32], usual: tuple[float, float]) -> NDArray[np.bool_]:
    """Tell which boxes (N, 4) are as large as a cell, bool (N,)."""
    ratio = (boxes[:, 2:] - boxes[:, :2]) / np.array(usual, np.float32)
    return np.asarray(((ratio >= _SMALLEST) & (ratio <= _LARGEST)).all(axis=1), np.bool_)
