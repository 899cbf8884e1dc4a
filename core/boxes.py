"""Geometry of boxes ``x1 y1 x2 y2``: overlap and non-maximum suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)

_PAIRS_AT_ONCE = 1_000_000  # some 50 MB of working memory


def touching_pairs(first: NDArray[Real], second: NDArray[Real]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Find the pairs of boxes (N, 4) and (M, 4) that touch or overlap, in portions that fit the memory.

    Boxes are sorted by their left side, to look only at those that can overlap: a field of 5,000 cells has
    12.5 million pairs and a few thousand that touch.

    Returns
    -------
    Positions int64 (P,) in ``first``, ascending over all portions, and in ``second``.
    """
    order = np.argsort(second[:, 0], kind="stable")
    left = second[order, 0]
    widest = (second[:, 2] - second[:, 0]).max(initial=0)
    start = np.searchsorted(left, first[:, 0] - widest, side="left")
    count = np.maximum(np.searchsorted(left, first[:, 2], side="right") - start, 0)
    total = np.cumsum(count)
    cuts = np.searchsorted(total, np.arange(_PAIRS_AT_ONCE, int(total.max(initial=0)), _PAIRS_AT_ONCE))
    portions = []
    for rows in np.split(np.arange(len(first)), np.unique(cuts)):
        one = np.repeat(rows, count[rows])
        along = np.arange(len(one)) - np.repeat(np.cumsum(count[rows]) - count[rows], count[rows])
        other = order[np.repeat(start[rows], count[rows]) + along]
        a, b = first[one], second[other]
        touching = (a[:, 0] <= b[:, 2]) & (a[:, 1] <= b[:, 3]) & (b[:, 1] <= a[:, 3])
        portions.append((one[touching], other[touching]))
    return portions


def overlapping_pairs(
    first: NDArray[Real], second: NDArray[Real], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Real]]:
    """Find the pairs of boxes (N, 4) and (M, 4) whose intersection over union is at least ``least`` and not 0.

    Returns
    -------
    Positions int64 (P,) in ``first``, ascending, and in ``second``, and the IoU of each pair (P,) in the
    precision of the boxes.
    """
    size_1, size_2 = areas(first), areas(second)
    found = []
    for one, other in touching_pairs(first, second):
        a, b = first[one], second[other]
        sides = np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
        shared = np.maximum(sides[:, 0], 0) * np.maximum(sides[:, 1], 0)
        union = size_1[one] + size_2[other] - shared
        overlap = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
        enough = (overlap >= least) & (overlap > 0)
        found.append((one[enough], other[enough], overlap[enough]))
    one, other, overlap = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return one, other, overlap


def areas(boxes: NDArray[Real]) -> NDArray[Real]:
    """Return the areas (N,) of boxes (N, 4) in square pixels."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def iou_matrix(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the intersection over union (N, M) of boxes (N, 4) and (M, 4); 0 for empty boxes."""
    top = np.maximum(first[:, None, :2], second[None, :, :2])
    bottom = np.minimum(first[:, None, 2:], second[None, :, 2:])
    sides = np.maximum(bottom - top, 0)
    shared = sides[..., 0] * sides[..., 1]
    union = areas(first)[:, None] + areas(second)[None] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


class NeighbourIndex:
    """Boxes sorted by their left side, to look only at those that can overlap.

    A field of 5,000 cells has 12.5 million pairs and a few thousand that touch.
    """

    def __init__(self, boxes: NDArray[np.float32]) -> None:
        self.order = np.argsort(boxes[:, 0], kind="stable")
        self.boxes = boxes[self.order]
        self.areas = areas(self.boxes)
        left = self.boxes[:, 0]
        widest = float((self.boxes[:, 2] - left).max()) if len(boxes) else 0.0
        self.first = np.searchsorted(left, left - widest, side="left")
        self.last = np.searchsorted(left, self.boxes[:, 2], side="right")

    def overlaps(self, position: int) -> tuple[slice, NDArray[np.float32]]:
        """Return a slice of sorted positions and their IoU with the box at ``position``."""
        near = slice(int(self.first[position]), int(self.last[position]))
        box, others = self.boxes[position], self.boxes[near]
        width = np.minimum(others[:, 2], box[2]) - np.maximum(others[:, 0], box[0])
        height = np.minimum(others[:, 3], box[3]) - np.maximum(others[:, 1], box[1])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        union = self.areas[near] + self.areas[position] - shared
        return near, shared / np.maximum(union, 1e-9)


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float) -> NDArray[np.bool_]:
    """Greedy non-maximum suppression.

    Goes through the boxes in descending order of score (ties: first given first) and drops each that
    overlaps a kept one by more than ``iou``.

    Returns
    -------
    bool array (N,): True for the kept boxes.
    """
    index = NeighbourIndex(boxes)
    alive = np.ones(len(boxes), bool)
    kept = np.zeros(len(boxes), bool)
    by_score = np.lexsort((index.order, -scores[index.order]))
    for position in by_score:
        if alive[position]:
            near, overlap = index.overlaps(position)
            alive[near] &= overlap <= iou
            kept[position] = True
    result = np.zeros(len(boxes), bool)
    result[index.order] = kept
    return result


def suppress_by_class(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.int32], iou: float
) -> NDArray[np.bool_]:
    """Apply ``suppress`` within each class; bool (N,)."""
    kept = np.zeros(len(boxes), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        kept[members] = suppress(boxes[members], scores[members], iou)
    return kept
