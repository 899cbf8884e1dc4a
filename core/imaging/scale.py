"""The red cell diameter: a first guess without the network, and what found cells say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.illumination import WHITE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from core.imaging.flat_field import FlatFieldImage

SMALLEST_DIAMETER, LARGEST_DIAMETER = 8.0, 500.0
_WORKING_SIDE = 512
_SMALLEST_RADIUS = 5.0  # pixels at which a radius can be told; else the next size is looked at
_BOX_OVER_RADIUS = 2.2  # rather too small a guess: what is seen larger is counted as well, and smaller it is not
_MIN_DENSITY_STEP = 12.0
_NUCLEUS_QUANTILE = 0.8  # darker than this counts as dark as this: nuclei must not set the threshold


def stained_area(field: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return what is stained in a field, uint8 (H, W) of 0 and 1; None if nothing stands out.

    It is separated by Otsu's threshold on green, which haemoglobin and eosin absorb; holes (the central
    pallor) are filled.

    Parameters
    ----------
    field
        uint8 RGB (H, W, 3) with the illumination divided out.
    """
    return _stained(np.ascontiguousarray(field[..., 1]))


def _stained(green: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    stain = cv2.GaussianBlur(255 - green, (0, 0), 1.0)
    darker = np.cumsum(np.bincount(stain.ravel(), minlength=256))
    cap = max(float(np.searchsorted(darker, _NUCLEUS_QUANTILE * darker[-1])), 2 * _MIN_DENSITY_STEP)
    level, _ = cv2.threshold(np.minimum(stain, np.uint8(cap)), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    mask = (stain > max(level, 255 - WHITE + _MIN_DENSITY_STEP)).astype(np.uint8)
    if not mask.any():
        return None
    fill_holes(mask, 0.02 * int(mask.sum()) + 40)
    return None if mask.all() else mask


def fill_holes(mask: NDArray[np.uint8], largest: float) -> None:
    """Fill the holes of a mask of 0 and 1 that are smaller than ``largest`` square pixels, in place."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for place, contour in enumerate(contours):
        is_hole = hierarchy[0][place][3] >= 0
        if is_hole and cv2.contourArea(contour) < largest:
            cv2.drawContours(mask, [contour], -1, 1, -1)


def guess_diameter(field: NDArray[np.uint8]) -> float | None:
    """Guess the red cell diameter in pixels from the thickness of what is stained.

    The peaks of the distance transform of the stained area are the radii of its discs. The
    area-weighted median passes over platelets and dirt.

    Parameters
    ----------
    field
        uint8 RGB (H, W, 3) with the illumination divided out.

    Returns
    -------
    The diameter, or None if nothing stands out.
    """
    green = np.ascontiguousarray(field[..., 1])
    return _guess(max(green.shape), lambda shrink: _shrunk(green, shrink), (_WORKING_SIDE,))


def guess_diameter_of(image: FlatFieldImage, *, roughly: bool = False) -> float | None:
    """Guess the red cell diameter of an image from a part of it, as ``guess_diameter``.

    Parameters
    ----------
    roughly
        It will be corrected: half the size is enough, unless cells are small in it.
    """
    part = image.sample_window
    sides = (_WORKING_SIDE // 2, _WORKING_SIDE) if roughly else (_WORKING_SIDE,)
    return _guess(max(part.x2 - part.x1, part.y2 - part.y1), image.green, sides)


def _shrunk(green: NDArray[np.uint8], shrink: float) -> NDArray[np.uint8]:
    if shrink == 1:
        return green
    return np.asarray(cv2.resize(green, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA), np.uint8)


def _guess(side: int, green_at: Callable[[float], NDArray[np.uint8]], sides: Sequence[int]) -> float | None:
    """Guess from the green channel, ``side`` pixels long, at the first size that shows the radii of its discs."""
    guess = None
    for working in sides:
        shrink = min(1.0, working / side)
        radius = _usual_radius(green_at(shrink))
        guess = None if radius is None else _BOX_OVER_RADIUS * radius / shrink
        if shrink == 1 or (radius is not None and radius >= _SMALLEST_RADIUS):
            break
    return None if guess is None else float(np.clip(guess, SMALLEST_DIAMETER, LARGEST_DIAMETER))


def _usual_radius(green: NDArray[np.uint8]) -> float | None:
    if (mask := _stained(green)) is None:
        return None
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)
    reach = max(3, int(0.5 * float(np.quantile(distance[distance > 0], 0.9))) | 1)
    peaks = (distance == cv2.dilate(distance, np.ones((reach, reach), np.uint8))) & (distance > 1.5)
    radii = np.sort(distance[peaks])
    if len(radii) == 0:
        return None
    weight = np.cumsum(radii**2)
    return float(radii[np.searchsorted(weight, weight[-1] / 2)])


def measured_diameter(red_cells: NDArray[np.float32]) -> float:
    """Return the median diameter ``sqrt(w * h)`` of red cells in pixels; ``red_cells`` are boxes (N, 4), N > 0."""
    sides = red_cells[:, 2:] - red_cells[:, :2]
    return float(np.clip(np.median(np.sqrt(sides[:, 0] * sides[:, 1])), SMALLEST_DIAMETER, LARGEST_DIAMETER))
