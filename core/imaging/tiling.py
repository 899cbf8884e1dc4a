"""Cutting a field into overlapping tiles, and saying which tile owns a cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SEAM_SLACK = 0.03
"""A tile keeps boxes centred this share of its length beyond its own area: the two neighbours see a
cell on the seam at slightly different places, and suppression joins what both keep."""


@dataclass(frozen=True)
class Tile:
    """A rectangle of the image to look at, and the part of it whose cells the tile owns.

    All in pixels of the image: ``x1 y1 x2 y2`` is looked at; a box belongs to the tile when its centre
    lies in ``own`` (x1, y1, x2, y2).
    """

    x1: int
    y1: int
    x2: int
    y2: int
    own: tuple[float, float, float, float]

    def owns(self, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell which boxes (N, 4) in pixels of the image the tile keeps; bool (N,)."""
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        slack = _SEAM_SLACK * max(self.x2 - self.x1, self.y2 - self.y1)
        x1, y1, x2, y2 = self.own
        return (x >= x1 - slack) & (x < x2 + slack) & (y >= y1 - slack) & (y < y2 + slack)


def _spans(length: int, tile: int, overlap: int) -> list[tuple[int, int, float, float]]:
    """Split a length into (start, end, own start, own end); ends of the image belong to the end tiles.

    The last tile is cut short rather than moved back: tiles that all begin at multiples of one step
    lie alike on the network's grid, so that a cell scores as it would in an untiled image.
    """
    step = tile - overlap
    starts = range(0, max(length - overlap, 1), step)
    edges = [-np.inf, *(start + overlap / 2 for start in starts[1:]), np.inf]
    return [(s, min(s + tile, length), *own) for s, own in zip(starts, pairwise(edges), strict=True)]


def tiles(width: int, height: int, tile: int, overlap: int) -> Iterator[Tile]:
    """Yield tiles of at most ``tile`` pixels that overlap by at least ``overlap``, row by row."""
    for y1, y2, own_y1, own_y2 in _spans(height, tile, overlap):
        for x1, x2, own_x1, own_x2 in _spans(width, tile, overlap):
            yield Tile(x1, y1, x2, y2, (own_x1, own_y1, own_x2, own_y2))
