"""A region of interest: an outline in the image, and what lies in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.text import gettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True)
class Region:
    """A rectangle or polygon, ``corners`` (x, y) in order, in pixels of the orientation-corrected image.

    An outline that is an upright rectangle is one, however it came about: only rectangles can have
    forbidden sides (``core.counting.frame``). ``msgspec`` writes a region as JSON, and checks it when reading.

    Raises
    ------
    ValueError
        If the outline encloses nothing or crosses itself; the message is for a person.
    """

    corners: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for corner in self.corners for value in corner):
            raise ValueError(gettext("a region's corners must be finite numbers"))
        if len(self.corners) > 2 and _crosses_itself(np.array(self.corners, np.float64)):
            raise ValueError(gettext("a region's outline must not cross itself"))
        if len(self.corners) < 3 or self.area == 0:
            raise ValueError(gettext("a region must enclose an area"))

    @classmethod
    def between(cls, x1: float, y1: float, x2: float, y2: float) -> Region:
        """Return the rectangle between two opposite corners, whichever they are."""
        left, right = sorted((x1, x2))
        top, bottom = sorted((y1, y2))
        return cls(((left, top), (right, top), (right, bottom), (left, bottom)))

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest upright rectangle around it, ``x1 y1 x2 y2``."""
        x, y = zip(*self.corners, strict=True)
        return min(x), min(y), max(x), max(y)

    @property
    def is_rectangle(self) -> bool:
        """Whether it is an upright rectangle."""
        x1, y1, x2, y2 = self.bounds
        return len(self.corners) == 4 and set(self.corners) == {(x1, y1), (x2, y1), (x2, y2), (x1, y2)}

    @property
    def area(self) -> float:
        """What it encloses, in square pixels."""
        return _area(list(self.corners))

    def area_within(self, width: float, height: float) -> float:
        """Return the area of what lies in an image of that size, in square pixels."""
        corners = list(self.corners)
        for axis, limit in ((0, width), (1, height)):
            corners = _cut(_cut(corners, axis, 0.0, 1), axis, limit, -1)
        return _area(corners)

    def contains(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which points (N, 2) lie inside; bool (N,).

        A ray to the left crosses the outline an odd number of times. A point on a side that two regions
        share is in exactly one of them.
        """
        inside = np.zeros(len(points), bool)
        x, y = points[:, 0], points[:, 1]
        for first, second in zip(self.corners, self.corners[1:] + self.corners[:1], strict=True):
            # from top to bottom, so that both regions at a shared side round alike
            (x1, y1), (x2, y2) = sorted((first, second), key=lambda corner: corner[::-1])
            level = (y1 <= y) & (y < y2)
            if y1 < y2:
                inside ^= level & (x >= x1 + (y - y1) * ((x2 - x1) / (y2 - y1)))
        return inside


def _area(corners: list[Point]) -> float:
    """Return the area of a polygon by the shoelace formula."""
    following = corners[1:] + corners[:1]
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(corners, following, strict=True))) / 2


def _cut(corners: list[Point], axis: int, limit: float, sign: int) -> list[Point]:
    """Return what of a polygon lies beyond a limit (Sutherland and Hodgman 1974): above for sign 1, below for -1."""
    kept: list[Point] = []
    for first, second in zip(corners, corners[1:] + corners[:1], strict=True):
        before, after = sign * (first[axis] - limit), sign * (second[axis] - limit)
        if before >= 0:
            kept.append(first)
        if before * after < 0:
            share = before / (before - after)
            x, y = (a + share * (b - a) for a, b in zip(first, second, strict=True))
            kept.append((x, y))
    return kept


def _crosses_itself(corners: NDArray[np.float64]) -> bool:
    """Tell whether two sides of a polygon (V, 2) that are no neighbours cross."""
    a, b = corners, np.roll(corners, -1, axis=0)

    def side_of_line(points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return on which side of each side's line each point lies, (V, V) of -1, 0 or 1."""
        along, to = (b - a)[:, None], points[None] - a[:, None]
        return np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0])

    apart = side_of_line(a) * side_of_line(b) < 0
    return bool((apart & apart.T).any())
