"""From points to boxes: the outline of each marked cell, found in the image.

The method, in order:

1. The light of the field is divided out (``core.imaging.illumination``), once more what is left of it after a
   closing wider than a cell, and what is stained is separated by Otsu's threshold on green, the pallor filled
   (``core.imaging.scale.stained_area``).
2. The size of a cell is the median of ``sqrt(area)`` of the connected pieces that hold one point and are
   round enough to be one cell; without such pieces it is guessed from the thickness of what is
   stained, and in a crowd is no larger than the distance from a point to the next.
3. Each point is a marker. So is each peak of the distance transform that is farther from every point than half a cell,
   and than its own disc reaches: an unmarked cell, which must not be given to its neighbour.
4. What is stained is dealt out to the markers by flooding the distance transform from its peaks down: a
   watershed, whose borders run along the necks between touching cells. Each point is raised to the peak that a cell of
   the usual size has, so that of two overlapping cells neither takes the other. No cell reaches farther from its point
   than ``REACH`` cell sizes.
5. The box of a cell is that of its piece of the flooded area.

The quality of a box is ``size * whole * centred * free``, each 0 to 1:

- ``size``: 1 where the side of the box, ``sqrt(w * h)``, is within a quarter of the usual one, falling
  to 0 at a factor of 2.5;
- ``whole``: the share of the piece in its convex hull, less what an ellipse already lacks;
- ``centred``: 1 where the point lies within a quarter of the box's side from the middle, falling to 0 at its edge;
- ``free``: 1 minus half the share of the outline that touches another cell.

A point on nothing stained, or with less than half a cell left to it, gets a square of the usual size and quality 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.illumination import divide_light, estimate_light
from core.imaging.scale import SMALLEST_DIAMETER, guess_diameter, stained_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

REACH = 0.95
LARGEST_DIAMETER = 100.0
"""Pixels; images of larger cells are shrunk first, which costs the boxes less than it saves time."""
GOOD_QUALITY = 0.5
"""Boxes below this quality should be reviewed."""

_USUAL_DIAMETER = 60.0
_CROWD = 10
_SLIVER = 0.5  # of the usual side; less than this of a cell says nothing about its size
_LEVEL_SIDE = 96
_LARGEST_SHARE = 0.4  # of the image; nobody marks points in images of one cell
_SOLID = 0.9  # share of its convex hull that a single cell fills
_STEPS = 2  # of growing at each level; one pixel of height is up to 1.4 steps sideways and down
_CORE = 0.08  # radius of a marker in cell sizes


@dataclass(frozen=True)
class FoundBoxes:
    """Boxes float32 (N, 4) x1 y1 x2 y2 in pixels, in the order of the points, and their ``quality`` float32 (N,)."""

    boxes: NDArray[np.float32]
    quality: NDArray[np.float32]


def points_to_boxes(image: NDArray[np.uint8], points: NDArray[np.float64]) -> FoundBoxes:
    """Find the box of the cell at each point.

    Parameters
    ----------
    image
        The image, uint8 RGB (H, W, 3).
    points
        float64 (N, 2) x y in pixels, one in each cell.
    """
    field = divide_light(image, estimate_light(image))
    guessed = min(_guess(field), _spacing(points))
    field = _levelled(field, guessed)
    if guessed > 1.2 * LARGEST_DIAMETER:
        shrink = LARGEST_DIAMETER / guessed
        small = np.asarray(cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)
        found = points_to_boxes(small, points * shrink)
        return FoundBoxes(_within(found.boxes / shrink, image), found.quality)
    mask = stained_area(field)
    if mask is None:
        mask = np.zeros(image.shape[:2], np.uint8)
    inside = np.clip(points, 0, [image.shape[1] - 1, image.shape[0] - 1]).astype(int)
    usual = _usual_size(mask, inside) or guessed
    pieces = _deal_out(mask, inside, usual)
    boxes, quality = np.zeros((len(points), 4), np.float32), np.zeros(len(points), np.float32)
    for cell, point in enumerate(points):
        found = _measure(pieces, cell + 1, point, usual)
        if found is None:
            half = usual / 2
            boxes[cell] = (point[0] - half, point[1] - half, point[0] + half, point[1] + half)
        else:
            boxes[cell], quality[cell] = found
    return FoundBoxes(_within(boxes, image), quality)


def _within(boxes: NDArray[np.floating], image: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = image.shape[:2]
    return np.clip(boxes, 0, [width, height, width, height]).astype(np.float32)


def _guess(field: NDArray[np.uint8]) -> float:
    """Guess the size of a cell; where the light misleads the guess, after levelling it."""
    guessed = guess_diameter(field) or _USUAL_DIAMETER
    if guessed > _LARGEST_SHARE * min(field.shape[:2]):
        guessed = guess_diameter(_levelled(field, 0)) or _USUAL_DIAMETER
    return guessed


def _levelled(field: NDArray[np.uint8], diameter: float) -> NDArray[np.uint8]:
    """Even out the light that a smooth surface cannot: the field is what a closing wider than a cell leaves."""
    height, width = field.shape[:2]
    shrink = _LEVEL_SIDE / min(height, width)
    small = cv2.resize(field, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    reach = min(max(_LEVEL_SIDE // 4, round(1.5 * diameter * shrink)), int(0.8 * _LEVEL_SIDE)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    light = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel), (0, 0), reach / 4)
    return divide_light(field, np.maximum(light, 1).astype(np.float32))


def _spacing(points: NDArray[np.float64]) -> float:
    """Return the median distance from a point to the next: in a crowded field that is the size of a cell."""
    if len(points) < _CROWD:
        return float("inf")
    distance = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    return max(float(np.median(distance.min(axis=1))), SMALLEST_DIAMETER)


def _usual_size(mask: NDArray[np.uint8], inside: NDArray[np.int_]) -> float | None:
    """Return the diameter of the pieces that are one cell, None if there are too few of them."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    held = np.bincount(labels[inside[:, 1], inside[:, 0]], minlength=count)
    height, width = mask.shape
    x, y, w, h, area = (stats[:, column] for column in range(5))
    whole = (x > 0) & (y > 0) & (x + w < width) & (y + h < height)
    round_enough = area > 0.85 * np.pi / 4 * w * h
    single = (held == 1) & whole & round_enough
    single[0] = False
    if single.sum() < 3:
        return None
    return float(np.median(np.sqrt(w[single] * h[single])))


def _deal_out(mask: NDArray[np.uint8], inside: NDArray[np.int_], usual: float) -> NDArray[np.uint16]:
    """Return what is stained as numbered cells, uint16 (H, W): n + 1 for point n, above for unmarked ones."""
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)
    distance = distance[1:-1, 1:-1].astype(np.float32)
    pieces = np.zeros(mask.shape, np.uint16)
    near = np.ones(mask.shape, np.uint8)
    near[inside[:, 1], inside[:, 0]] = 0
    from_point = cv2.distanceTransform(near, cv2.DIST_L2, 5) if len(inside) else np.full(mask.shape, np.inf, np.float32)
    number = len(inside)
    for x, y in _peaks(distance, usual):
        if from_point[y, x] > max(0.5 * usual, 1.15 * distance[y, x]):
            number += 1
            cv2.circle(pieces, (x, y), max(round(_CORE * usual), 1), number, -1)
    for cell, (x, y) in enumerate(inside.tolist(), start=1):
        cv2.circle(pieces, (x, y), max(round(_CORE * usual), 1), cell, -1)
    pieces *= mask
    _flood(pieces, (np.maximum(distance, 0.5 * usual - from_point) * mask).astype(np.float32))
    _limit(pieces, inside, usual)
    return pieces


def _peaks(distance: NDArray[np.float32], usual: float) -> list[tuple[int, int]]:
    """Return the middles of the discs that what is stained consists of, those of half a cell's radius or more."""
    reach = max(3, int(0.5 * usual) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    peaks = (distance == cv2.dilate(distance, kernel)) & (distance > 0.2 * usual)
    _, _, _, centres = cv2.connectedComponentsWithStats(peaks.astype(np.uint8), connectivity=8)
    height, width = distance.shape
    return [(min(round(x), width - 1), min(round(y), height - 1)) for x, y in centres[1:].tolist()]


def _flood(pieces: NDArray[np.uint16], height: NDArray[np.float32]) -> None:
    """Grow the numbered pieces from the peaks of ``height`` down to 0, pixel by pixel and level by level, in place."""
    levels = np.arange(np.floor(height.max(initial=0)), 0, -1)
    for level in levels:
        for _ in range(_STEPS):
            _grow(pieces, height > level)
    while _grow(pieces, height > 0):
        pass


def _grow(pieces: NDArray[np.uint16], allowed: NDArray[np.bool_]) -> bool:
    """Grow the pieces by a pixel where that is allowed and free, in place; return whether they grew."""
    grown = cv2.dilate(pieces, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    new = allowed & (pieces == 0) & (grown > 0)
    np.copyto(pieces, grown, where=new)
    return bool(new.any())


def _limit(pieces: NDArray[np.uint16], inside: NDArray[np.int_], usual: float) -> None:
    """Take from each marked cell what is too far from its point to be part of it, in place."""
    reach = int(np.ceil(REACH * usual))
    height, width = pieces.shape
    near = pieces > len(inside)
    for cell, (x, y) in enumerate(inside.tolist(), start=1):
        x1, y1, x2, y2 = max(x - reach, 0), max(y - reach, 0), min(x + reach + 1, width), min(y + reach + 1, height)
        v, u = np.mgrid[y1 - y : y2 - y, x1 - x : x2 - x]
        near[y1:y2, x1:x2] |= (pieces[y1:y2, x1:x2] == cell) & (u * u + v * v <= reach * reach)
    pieces[~near] = 0


def _measure(
    pieces: NDArray[np.uint16], number: int, point: NDArray[np.float64], usual: float
) -> tuple[tuple[float, float, float, float], float] | None:
    """Return the box of a numbered piece and its quality, None if there is no such piece."""
    reach = int(2 * usual) + 2
    top, left = max(int(point[1]) - reach, 0), max(int(point[0]) - reach, 0)
    window = pieces[top : int(point[1]) + reach + 1, left : int(point[0]) + reach + 1]
    mine = (window == number).astype(np.uint8)
    contours, _ = cv2.findContours(mine, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    outline = max(contours, key=len)
    x, y, w, h = cv2.boundingRect(outline)
    if w * h < (_SLIVER * usual) ** 2:
        return None
    area, hull = cv2.contourArea(outline), cv2.contourArea(cv2.convexHull(outline))
    side = float(np.sqrt(w * h))
    factor = max(side / usual, usual / side)
    size = _falling(factor, 1.25, 2.5)
    whole = min(area / hull / _SOLID, 1.0) ** 2 if hull > 0 else 0.0
    off = max(abs(point[0] - left - x - w / 2) / w, abs(point[1] - top - y - h / 2) / h)
    centred = _falling(float(off), 0.25, 0.5)
    others = cv2.dilate(((window > 0) & (window != number)).astype(np.uint8), np.ones((3, 3), np.uint8))
    shared = float(np.mean([others[row, column] for column, row in outline[:, 0].tolist()]))
    box = (float(left + x), float(top + y), float(left + x + w), float(top + y + h))
    return box, size * whole * centred * (1 - shared / 2)


def _falling(value: float, good: float, bad: float) -> float:
    """Return 1 up to ``good``, 0 from ``bad`` on, and a straight line between."""
    return float(np.clip((bad - value) / (bad - good), 0, 1))
