"""Which found cell is which true one: each is matched with at most one of the other kind."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from core.geometry.boxes import overlapping_pairs, touching_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

UNMATCHED = -1

Pairs = tuple[list[int], list[int]]
"""Found and true cells that may be one: the found ones in ascending order, each with its best true one first."""


def match_boxes(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], truth: NDArray[np.float32], iou: float = 0.5
) -> NDArray[np.int64]:
    """Match found boxes with true ones, each with at most one (as in PASCAL VOC and COCO).

    Goes through the found boxes in descending order of score (ties: first given first); each takes the
    still free true box that it overlaps most (ties: last given first, as in COCO), if the intersection over
    union is at least ``iou``. What a box takes does not depend on the boxes after it, so one matching
    serves every threshold.

    Parameters
    ----------
    boxes, scores
        Found boxes float32 (N, 4) ``x1 y1 x2 y2`` and their scores (N,).
    truth
        True boxes float32 (M, 4).

    Returns
    -------
    int64 array (N,): the true box of each found one, or ``UNMATCHED``.
    """
    order = np.argsort(-scores, kind="stable")
    found, true, _ = box_pairs(boxes[order], truth, iou)
    return _in_given_order(take_best((found.tolist(), true.tolist()), len(boxes), len(truth)), order)


def match_points(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Match found boxes with true points inside them, each with at most one.

    As many boxes as possible get a point: two overlapping boxes with a point in both and a point in one
    are two true cells, whichever is the likelier. If not all can, the likelier ones do (ties: first given
    first), and of several points the one nearest the box's centre is preferred. Whether a box gets a point
    does not depend on the boxes after it, so one matching serves every threshold; which point it gets does.

    Parameters
    ----------
    boxes, scores
        Found boxes float32 (N, 4) ``x1 y1 x2 y2`` and their scores (N,).
    points
        True cells float32 (M, 2) ``x y``; a point on a border is inside.

    Returns
    -------
    int64 array (N,): the point of each box, or ``UNMATCHED``.
    """
    order = np.argsort(-scores, kind="stable")
    found, true = point_pairs(boxes[order], points)
    return _in_given_order(take_most((found.tolist(), true.tolist()), len(boxes), len(points)), order)


def _in_given_order(matched: Sequence[int], order: NDArray[np.int64]) -> NDArray[np.int64]:
    result = np.full(len(matched), UNMATCHED, np.int64)
    result[order] = matched
    return result


def box_pairs(
    boxes: NDArray[np.float32], truth: NDArray[np.float32], iou: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the pairs of boxes (N, 4) and true boxes (M, 4) that overlap by at least ``iou``, and their IoU.

    The pairs (P,) are in the order of ``Pairs``. They are computed in float64, as in COCO's tools: an overlap
    that is exactly at the limit must not miss it by rounding.
    """
    found, true, overlap = overlapping_pairs(boxes.astype(np.float64), truth.astype(np.float64), iou)
    order = np.lexsort((-true, -overlap, found))
    return found[order], true[order], overlap[order]


def point_pairs(boxes: NDArray[np.float32], points: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs (P,) of boxes (N, 4) and points (M, 2) inside them, in the order of ``Pairs``."""
    portions = touching_pairs(boxes, np.tile(points, 2))
    found, true = (np.concatenate(parts) for parts in zip(*portions, strict=True))
    away = points[true] - (boxes[found, :2] + boxes[found, 2:]) / 2
    order = np.lexsort((true, (away**2).sum(axis=1), found))
    return found[order], true[order]


def take_best(pairs: Pairs, found: int, true: int) -> list[int]:
    """Let each of the ``found`` cells in turn take its best of the ``true`` ones that is still free."""
    matched, taken = [UNMATCHED] * found, bytearray(true)
    for one, other in zip(*pairs, strict=True):
        if matched[one] == UNMATCHED and not taken[other]:
            matched[one] = other
            taken[other] = 1
    return matched


def take_most(pairs: Pairs, found: int, true: int) -> list[int]:
    """Let each of the ``found`` cells in turn have one of the ``true`` ones if those before it keep one too.

    A cell without a free one asks the owners of its own to move on (an augmenting path, Berge 1957). A cell
    that was refused cannot be served later either, and one that was served stays so: every beginning of the
    found cells is matched as often as it can be.
    """
    wanted: dict[int, list[int]] = {}
    for one, other in zip(*pairs, strict=True):
        wanted.setdefault(one, []).append(other)
    owner = [UNMATCHED] * true
    matched = [UNMATCHED] * found
    for cell in wanted:
        asked_by: dict[int, int] = {}
        queue = deque([cell])
        while queue:
            asking = queue.popleft()
            new = [place for place in wanted[asking] if place not in asked_by]
            asked_by.update(dict.fromkeys(new, asking))
            free = next((place for place in new if owner[place] == UNMATCHED), None)
            if free is not None:
                _move_on(free, cell, asked_by, owner, matched)
                break
            queue.extend(owner[place] for place in new)
    return matched


def _move_on(free: int, cell: int, asked_by: dict[int, int], owner: list[int], matched: list[int]) -> None:
    """Give each cell on the way from ``cell`` to a free place the place that it asked for."""
    place = free
    while True:
        asking = asked_by[place]
        left = matched[asking]
        matched[asking], owner[place] = place, asking
        if asking == cell:
            return
        place = left
