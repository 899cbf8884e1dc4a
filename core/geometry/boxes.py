"""Geometry of boxes ``x1 y1 x2 y2``: overlap and non-maximum suppression."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

Real = TypeVar("Real", np.float32, np.float64)

_VOTE_POWER = 4
_BANDS = 3
_PAIRS_AT_ONCE = 1_000_000  # some 50 MB of working memory


def touching_pairs(first: NDArray[Real], second: NDArray[Real]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Find the pairs of boxes (N, 4) and (M, 4) that touch or overlap, in portions that fit the memory.

    Only boxes that are near each other are looked at: a field of 5,000 cells has 12.5 million pairs and a few
    thousand that touch.

    Returns
    -------
    Positions int64 (P,) in ``first``, ascending over all portions, and in ``second``.
    """
    portions = []
    for one, other in _near_pairs(first, second, 0.0):
        a, b = first[one], second[other]
        touching = (a[:, 0] <= b[:, 2]) & (a[:, 1] <= b[:, 3]) & (b[:, 1] <= a[:, 3])
        portions.append((one[touching], other[touching]))
    return portions or [(np.zeros(0, np.int64), np.zeros(0, np.int64))]


def _near_pairs(
    first: NDArray[Real], second: NDArray[Real], least: float
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the pairs of boxes that may touch and overlap by ``least``, in portions that fit the memory.

    They are positions int64 (P,) in both.
    """
    if not len(first) or not len(second):
        return
    order, start, count = _windows(first.astype(np.float64), second.astype(np.float64), least)
    row = np.repeat(np.arange(len(first)), _BANDS)
    total = np.cumsum(count)
    cuts = np.searchsorted(total, np.arange(_PAIRS_AT_ONCE, total[-1], _PAIRS_AT_ONCE))
    for windows in np.split(np.arange(len(row)), np.unique(cuts)):
        length = count[windows]
        along = np.arange(length.sum()) - np.repeat(np.cumsum(length) - length - start[windows], length)
        yield np.repeat(row[windows], length), order[along]


def _windows(
    first: NDArray[np.float64], second: NDArray[np.float64], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Sort the second boxes so that each first one finds its neighbours in three short rows.

    Two boxes whose intersection over union is at least ``least`` begin, in x and in y, within this share of their sides
    of each other: 1 less ``least``. The image is cut into bands as high as that share of any box; each holds the
    boxes that begin in it, from left to right. The boxes that may overlap one enough then begin in three bands.

    Returns
    -------
    The order int64 (M,) of the second boxes; start and length int64 (3 N,) of the windows in it.
    """
    reach = 1 - least + 1e-6
    x, y = (min(float(first[:, axis].min()), float(second[:, axis].min())) for axis in (0, 1))
    widest, tallest = (reach * float((second[:, axis + 2] - second[:, axis]).max()) + 1e-3 for axis in (0, 1))
    height = max(tallest, reach * float((first[:, 3] - first[:, 1]).max()) + 1e-3, 1e-3)
    # A power of 2 keeps the sum of a band and a place exact
    length = 2.0 ** np.ceil(np.log2(max(float(first[:, 2].max()), float(second[:, 2].max())) - x + widest + 2))
    key = np.floor((second[:, 1] - y) / height) * length + (second[:, 0] - x)
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    lowest = np.floor((first[:, 1] - tallest - y) / height)[:, None]
    bands = lowest + np.arange(_BANDS)
    left = np.maximum(first[:, 0] - widest - x, 0)[:, None]
    right = (first[:, 0] + reach * (first[:, 2] - first[:, 0]) + 1e-3 - x)[:, None]
    start = np.searchsorted(ranked, bands * length + left, side="left")
    stop = np.searchsorted(ranked, bands * length + right, side="right")
    return order, start.ravel(), np.maximum(stop - start, 0).ravel()


def overlapping_pairs(
    first: NDArray[Real], second: NDArray[Real], least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Real]]:
    """Find the pairs of boxes (N, 4) and (M, 4) whose intersection over union is at least ``least`` and not 0.

    Returns
    -------
    Positions int64 (P,) in ``first``, ascending, and in ``second``, and the IoU of each pair (P,) in the
    precision of the boxes.
    """
    return _with_overlap(first, second, least, _near_pairs(first, second, least))


def _pairs_among(boxes: NDArray[Real], least: float) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Real]]:
    """Find the pairs that ``overlapping_pairs`` finds among boxes (N, 4) themselves, each once, the first one first."""
    halves = ((one[one < other], other[one < other]) for one, other in _near_pairs(boxes, boxes, least))
    return _with_overlap(boxes, boxes, least, halves)


def _with_overlap(
    first: NDArray[Real],
    second: NDArray[Real],
    least: float,
    near: Iterable[tuple[NDArray[np.int64], NDArray[np.int64]]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Real]]:
    """Return those of the near pairs whose intersection over union is at least ``least``, and it."""
    size_1, size_2 = areas(first), areas(second)
    (left_1, top_1, right_1, bottom_1), (left_2, top_2, right_2, bottom_2) = first.T.copy(), second.T.copy()
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, first.dtype))]
    for one, other in near:
        width = np.minimum(right_1[one], right_2[other]) - np.maximum(left_1[one], left_2[other])
        height = np.minimum(bottom_1[one], bottom_2[other]) - np.maximum(top_1[one], top_2[other])
        common = np.maximum(width, 0) * np.maximum(height, 0)
        union = size_1[one] + size_2[other] - common
        overlap = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
        enough = np.flatnonzero((overlap >= least) & (overlap > 0))
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


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float) -> NDArray[np.bool_]:
    """Greedy non-maximum suppression.

    Goes through the boxes in descending order of score (ties: first given first) and drops each that
    overlaps a kept one by more than ``iou``.

    Returns
    -------
    bool array (N,): True for the kept boxes.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    one, other, overlap = _pairs_among(ranked, iou)
    result = np.zeros(len(boxes), bool)
    result[order] = _keep_better(len(boxes), one, other, overlap > iou)
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


def thin_and_place(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], labels: NDArray[np.int32], doubles: float, votes: float
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Suppress near doubles by class, and place each box that is left by a vote of all that mean the same cell.

    That is box voting (Gidaris and Komodakis 2015).

    Parameters
    ----------
    boxes, scores, labels
        Candidates (N, 4), (N,), (N,).
    doubles
        The overlap above which a box is dropped for a likelier one of its class, as by ``suppress_by_class``.
    votes
        At most ``doubles``. Boxes of a class that overlap one that is left by at least this much vote, it among them. A
        vote weighs as much as the fourth power of its score.

    Returns
    -------
    bool (N,): which boxes are left, and float32 (N, 4): where those are placed, and the others as they were.
    """
    kept, placed = np.zeros(len(boxes), bool), boxes.copy()
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        ranked = members[np.argsort(-scores[members], kind="stable")]
        one, other, overlap = _pairs_among(boxes[ranked], votes)
        mine = _keep_better(len(ranked), one, other, overlap > doubles)
        kept[ranked] = mine
        forth, back = mine[one], mine[other]
        left, voter = np.concatenate([one[forth], other[back]]), np.concatenate([other[forth], one[back]])
        weight = scores[ranked].astype(np.float64) ** _VOTE_POWER
        votes_of = np.concatenate([boxes[ranked] * weight[:, None], weight[:, None]], axis=1)
        sums = votes_of.copy()  # its own among them
        for side, column in enumerate(votes_of.T.copy()):
            sums[:, side] += np.bincount(left, column[voter], len(ranked))
        voted = mine & (weight > 0)
        placed[ranked[voted]] = (sums[voted, :4] / sums[voted, 4:]).astype(np.float32)
    return kept, placed


def _keep_better(
    number: int, one: NDArray[np.int64], other: NDArray[np.int64], doubles: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Go through the pairs of ranked boxes, the better one first, and drop the worse double where that is kept."""
    kept = [True] * number
    # In ascending order of the first, so that whether it is kept itself is settled by then
    for better, worse in zip(one[doubles].tolist(), other[doubles].tolist(), strict=True):
        if kept[better]:
            kept[worse] = False
    return np.array(kept, bool)
