"""What a segmentation network is taught: masks of the cells, and of the edges where cells touch.

Where only boxes are known, masks are derived. A pixel belongs to a cell when it is stained (Otsu's threshold on the
evenly lit green channel, small holes filled, see ``core.imaging.scale.stained_area``) and lies in the ellipse of the
box, a little enlarged; the middle of the ellipse belongs to the cell even if it is pale, and of a cell that is hardly
stained the whole ellipse does. Where boxes overlap, a pixel goes to the cell in whose ellipse it lies deeper.
An edge is where two cells meet or cover each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.scale import stained_area
from trainer.dataset.masks import UNKNOWN, TrueMasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_OUTER, _INNER = 1.12, 0.75  # of the ellipse of a box: never beyond, always within
_LEAST_STAINED = 0.8  # of the ellipse; a paler cell is taken to fill its ellipse
_PALE = 0.98
_EDGE_WIDTH = 0.1  # red cell diameters on each side of where cells meet
_BORDER = 0.6  # so near to the border a stained place without a box may be a cell that was cut
_OVERLAP = 0.9  # of both ellipses: what lies in there is under two cells


def derive_masks(
    image: NDArray[np.uint8],
    boxes: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: int,
    diameter: float,
) -> TrueMasks:
    """Derive masks from boxes by the method of this module.

    Parameters
    ----------
    image
        uint8 RGB (H, W, 3) under even light.
    boxes, labels
        float32 (N, 4) in its pixels, int64 (N,).
    classes
        How many classes there are.
    diameter
        Red cell diameter in pixels.
    """
    stained = stained_area(image)
    height, width = image.shape[:2]
    if stained is None:
        stained = np.zeros((height, width), np.uint8)
    depths = []
    for box in boxes:
        window, distance = _ellipse(box, width, height)
        inside = (stained[window] > 0) & (distance < _OUTER) | (distance < _INNER)
        if (stained[window][distance < 1] > 0).mean() < _LEAST_STAINED:
            inside = distance < _PALE
        depths.append((window, np.where(inside, distance, np.inf)))
    owners, covered = _owners(depths, height, width)
    values = _values(owners, labels, classes, covered, diameter)
    _mark_unknown(values, stained, diameter)
    return TrueMasks(values)


def exact_masks(
    boxes: NDArray[np.float32],
    labels: NDArray[np.int64],
    shapes: Sequence[NDArray[np.bool_]],
    size: tuple[int, int],
    classes: int,
    diameter: float,
) -> TrueMasks:
    """Return the masks of cells of known shape, bool (h, w) in the box of each, in a field of ``size`` (H, W)."""
    depths = []
    for box, shape in zip(boxes, shapes, strict=True):
        x, y = int(box[0]), int(box[1])
        window = np.s_[y : y + shape.shape[0], x : x + shape.shape[1]]
        thickness = cv2.distanceTransform(np.pad(shape, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        depths.append((window, np.where(shape, 1 - thickness / max(thickness.max(), 1), np.inf)))
    owners, covered = _owners(depths, *size)
    return TrueMasks(_values(owners, labels, classes, covered, diameter))


def _ellipse(box: NDArray[np.float32], width: int, height: int) -> tuple[tuple[slice, slice], NDArray[np.float64]]:
    """Return the window round a box, and how far out its pixels are: 0 in the middle, 1 at the ellipse."""
    x1, y1, x2, y2 = (float(value) for value in box)
    grow_x, grow_y = 0.07 * (x2 - x1) + 1, 0.07 * (y2 - y1) + 1
    left, right = max(math.floor(x1 - grow_x), 0), min(math.ceil(x2 + grow_x), width)
    top, bottom = max(math.floor(y1 - grow_y), 0), min(math.ceil(y2 + grow_y), height)
    y, x = np.ogrid[top:bottom, left:right]
    half_x, half_y = max((x2 - x1) / 2, 0.5), max((y2 - y1) / 2, 0.5)
    distance = np.hypot((x + 0.5 - (x1 + x2) / 2) / half_x, (y + 0.5 - (y1 + y2) / 2) / half_y)
    return np.s_[top:bottom, left:right], distance


def _owners(
    depths: Sequence[tuple[tuple[slice, slice], NDArray[np.float64]]], height: int, width: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Give each pixel to the cell in which it lies deepest.

    Returns
    -------
    The number of the cell from 1 on, int32 (H, W), 0 outside; and bool (H, W) where two cells cover each other.
    """
    owners = np.zeros((height, width), np.int32)
    deepest = np.full((height, width), np.inf)
    times = np.zeros((height, width), np.uint8)
    for number, (window, depth) in enumerate(depths, start=1):
        mine = depth < deepest[window]
        owners[window][mine] = number
        deepest[window][mine] = depth[mine]
        times[window] += depth < _OVERLAP
    return owners, times > 1


def _values(
    owners: NDArray[np.int32],
    labels: NDArray[np.int64],
    classes: int,
    covered: NDArray[np.bool_],
    diameter: float,
) -> NDArray[np.int8]:
    values = np.zeros((classes + 1, *owners.shape), np.int8)
    label_of = np.concatenate([[-1], labels])[owners]
    for label in range(classes):
        values[label] = label_of == label
    side = 2 * max(round(_EDGE_WIDTH * diameter), 1) + 1
    window = np.ones((side, side), np.uint8)
    most = cv2.dilate(owners.astype(np.float32), window)
    beyond = np.float32(len(labels) + 1)
    least = beyond - cv2.dilate(np.where(owners > 0, beyond - owners, 0).astype(np.float32), window)
    values[-1] = (owners > 0) & ((most != least) | covered)
    return values


def _mark_unknown(values: NDArray[np.int8], stained: NDArray[np.uint8], diameter: float) -> None:
    """Mark, in place, stained areas near the border outside every box: cells mostly outside the image have no box."""
    reach = math.ceil(_BORDER * diameter)
    outside = (stained > 0) & (values[:-1].max(axis=0) == 0)
    outside[reach:-reach, reach:-reach] = False
    values[:, outside] = UNKNOWN
