"""The red cell diameter: a first guess without the network, and what found cells say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.imaging.illumination import WHITE

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_DIAMETER, LARGEST_DIAMETER = 8.0, 500.0
_WORKING_SIDE = 512
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
    stain = cv2.GaussianBlur(255 - field[..., 1], (0, 0), 1.0)
    cap = max(float(np.quantile(stain, _NUCLEUS_QUANTILE)), 2 * _MIN_DENSITY_STEP)
    level, _ = cv2.threshold(np.minimum(stain, cap).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
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
    height, width = field.shape[:2]
    shrink = min(1.0, _WORKING_SIDE / max(height, width))
    small = cv2.resize(field, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else field
    if (mask := stained_area(np.asarray(small, np.uint8))) is None:
        return None
    distance = cv2.distanceTransform(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)
    reach = max(3, int(0.5 * float(np.quantile(distance[distance > 0], 0.9))) | 1)
    peaks = (distance == cv2.dilate(distance, np.ones((reach, reach), np.uint8))) & (distance > 1.5)
    radii = np.sort(distance[peaks])
    if len(radii) == 0:
        return None
    weight = np.cumsum(radii**2)
    radius = float(radii[np.searchsorted(weight, weight[-1] / 2)])
    return float(np.clip(2.2 * radius / shrink, SMALLEST_DIAMETER, LARGEST_DIAMETER))


def measured_diameter(red_cells: NDArray[np.float32]) -> float:
    """Return the median diameter ``sqrt(w * h)`` of red cells in pixels; ``red_cells`` are boxes (N, 4), N > 0."""
    sides = red_cells[:, 2:] - red_cells[:, :2]
    return float(np.clip(np.median(np.sqrt(sides[:, 0] * sides[:, 1])), SMALLEST_DIAMETER, LARGEST_DIAMETER))
