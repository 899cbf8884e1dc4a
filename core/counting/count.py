"""From detections to a count: the one place where a number is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from core.counting.edits import CellEdits
from core.counting.frame import EdgeRule, Frame
from core.geometry.boxes import areas, iou_matrix, overlapping_pairs, suppress_by_class
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from core.cells import Detections
    from core.counting.region import Region
    from core.models.card import ModelCard

SAME_CELL_IOU = 0.75
"""Boxes of two classes that overlap more than this are one cell, and count as the likelier class."""

PIECE = 0.9
"""A detection more than this inside a cell of the user of the same class is a piece of that cell."""

_AHEAD = 16
"""So many images may be counted ahead."""

_LEAST_PIECE = 0.3  # smaller ones may be cells of their own in a box that was drawn round several


@dataclass(frozen=True)
class CountSettings:
    """What decides a count besides the detections: enough to reproduce it.

    ``thresholds``: class name to the lowest score that counts; ``nms_iou``: the overlap above which
    two boxes of a class are one cell; ``edge_rule``: which cells at the border are left out.
    """

    thresholds: Mapping[str, float]
    nms_iou: float = 0.5
    edge_rule: EdgeRule = EdgeRule.ALL

    @classmethod
    def suggested_by(cls, card: ModelCard) -> CountSettings:
        """Return the settings that a model's card suggests."""
        return cls(dict(card.thresholds), card.nms_iou)

    def frame(self, width: int, height: int, region: Region | None = None) -> Frame:
        """Return what counts in an image of that size in pixels, of which maybe only a region is counted."""
        return Frame(width, height, self.edge_rule, region)


@dataclass(frozen=True)
class Ledger:
    """How a class's count came about: ``model`` - ``removed`` + ``added``.

    ``left_out`` of the removed cells were left out by the sorting by kinds, as no cells; the others by users. ``came``
    of the added cells were found as another class, and ``went`` of the removed ones count as another class now.
    """

    model: int
    added: int
    removed: int
    left_out: int = 0
    came: int = 0
    went: int = 0

    @property
    def steps(self) -> list[str]:
        """What was done to the count of the model, each in a few words."""
        by_hand = self.removed - self.left_out - self.went
        texts = (
            (gettext("+{n:,} added"), self.added - self.came),
            (gettext("+{n:,} from another class"), self.came),
            (gettext("\N{MINUS SIGN}{n:,} removed"), by_hand),
            (gettext("\N{MINUS SIGN}{n:,} to another class"), self.went),
            (gettext("{n:,} left out as no cell"), self.left_out),
        )
        return [text.format(n=number) for text, number in texts if number]

    @property
    def total(self) -> int:
        """The count."""
        return self.model + self.added - self.removed


@dataclass(frozen=True)
class CountResult:
    """The count of one image.

    ``counted`` bool (N,) marks the cells that count: the detections, followed by the cells of the user.
    ``excluded`` bool (N,) marks those that would count if they were not outside the frame.
    ``counts``, ``mean_scores`` and ``ledger`` are by class name; a mean score is that of the counted
    detections, None without any.
    """

    counted: NDArray[np.bool_]
    counts: dict[str, int]
    mean_scores: dict[str, float | None]
    ledger: dict[str, Ledger]
    excluded: NDArray[np.bool_]


class _Found:
    """Detections as a cache key: the same under other ids."""

    def __init__(self, detections: Detections) -> None:
        self.detections = detections

    def __eq__(self, other: object) -> bool:
        mine = self.detections
        return (
            isinstance(other, _Found)
            and mine.boxes is other.detections.boxes
            and mine.scores is other.detections.scores
            and mine.labels is other.detections.labels
        )

    def __hash__(self) -> int:
        return id(self.detections.boxes)


def precompute(detections: Detections, settings: CountSettings, frame: Frame, classes: tuple[str, ...]) -> None:
    """Do the work of counting detections without edits ahead: from any thread, under any ids."""
    index = CountIndex.of(detections, CellEdits.none(detections), settings.nms_iou, frame)
    index.count(settings.thresholds, classes)


@lru_cache(maxsize=64)
def _candidates(found: _Found, nms_iou: float) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return the survivors of non-maximum suppression, and the pairs (P, 2) that may be one cell.

    Suppression goes from high scores to low, so that it commutes with a threshold: a slider needs it
    only once. Pairs are (likelier, less likely) and ordered by the first one's score.
    """
    boxes, labels = found.detections.boxes, found.detections.labels
    kept = suppress_by_class(boxes, found.detections.scores, labels, nms_iou)
    survivors = np.flatnonzero(kept)
    one, other, overlap = overlapping_pairs(boxes[survivors], boxes[survivors], SAME_CELL_IOU)
    one, other = survivors[one], survivors[other]
    rivals = (overlap > SAME_CELL_IOU) & (labels[one] != labels[other]) & (one < other)
    pairs = np.stack([one[rivals], other[rivals]], axis=1)
    return kept, pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


@lru_cache(maxsize=8192)
def _covered(
    found: Detections, nms_iou: float, box: tuple[float, float, float, float], label: int
) -> NDArray[np.int64]:
    """Return the detections that are the same cell as one of the user's, or a piece of it."""
    placed = np.array([box], np.float32)
    overlap = iou_matrix(placed, found.boxes)[0]
    same = found.labels == label
    shared = overlap * (areas(placed) + areas(found.boxes)) / (1 + overlap)
    pieces = same & (overlap > _LEAST_PIECE) & (shared > PIECE * areas(found.boxes))
    return np.flatnonzero(pieces | (overlap > np.where(same, nms_iou, SAME_CELL_IOU)))


@dataclass(frozen=True, eq=False)
class CountIndex:
    """The cells of one image that count at some threshold: a few kilobytes, so that thousands can be kept.

    ``size`` is the number of cells, detections and those of the user. The K detections that survive suppression
    have ``cells`` int64 (K,) (their positions), ``scores`` float32 (K,), ``labels`` int32 (K,), and ``overridden``
    bool (K,): removed, replaced or covered by an edit. ``pairs`` int64 (P, 2) are those of them that may be one
    cell, the likelier first. The H cells of the user have ``hand_labels`` int32 (H,) and ``confirms`` int64 (H,):
    which of the K they leave as it was but for its box, -1 if none; ``turns`` likewise: which they give another class.
    ``outside`` int64 (E,): the positions of the cells outside the frame. They still suppress their duplicates and
    other classes: a duplicate that reaches less far is not a cell of its own. ``left_out`` bool (K,): those that the
    sorting by kinds left out.
    """

    size: int
    cells: NDArray[np.int64]
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    overridden: NDArray[np.bool_]
    pairs: NDArray[np.int64]
    hand_labels: NDArray[np.int32]
    confirms: NDArray[np.int64]
    left_out: NDArray[np.bool_]
    turns: NDArray[np.int64]
    outside: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, found: Detections, edits: CellEdits, nms_iou: float, frame: Frame | None = None) -> CountIndex:
        """Suppress duplicates, apply the edits to the rest, and find the cells outside the frame."""
        if not len(edits.cells) and not edits.edited.any():
            return cls._unedited(_Found(found), nms_iou, frame)
        return cls._of(found, edits, nms_iou, frame)

    @staticmethod
    @lru_cache(maxsize=_AHEAD)
    def _unedited(found: _Found, nms_iou: float, frame: Frame | None) -> CountIndex:
        """Return the index of detections that nobody edited: the same under other ids."""
        cells = found.detections
        return CountIndex._of(cells, CellEdits.none(cells), nms_iou, frame)

    @classmethod
    def _of(cls, found: Detections, edits: CellEdits, nms_iou: float, frame: Frame | None) -> CountIndex:
        kept, pairs = _candidates(_Found(found), nms_iou)
        cells = np.flatnonzero(kept)
        overridden = edits.edited.copy()
        hand = edits.cells
        for box, label in zip(hand.boxes.tolist(), hand.labels.tolist(), strict=True):
            overridden[_covered(found, nms_iou, tuple(box), label)] = True
        confirms, turns = np.full(len(hand), -1, np.int64), np.full(len(hand), -1, np.int64)
        if len(hand) and len(cells):
            place = np.minimum(np.searchsorted(cells, edits.replaces), len(cells) - 1)
            mine, same = cells[place] == edits.replaces, found.labels[cells[place]] == hand.labels
            confirms[mine & same] = place[mine & same]
            turns[mine & ~same] = place[mine & ~same]
        outside = np.zeros(0, np.int64)
        if frame is not None:
            outside = np.flatnonzero(np.concatenate([kept & ~frame.inside(found.boxes), ~frame.inside(hand.boxes)]))
        return cls(
            len(found) + len(hand),
            cells,
            found.scores[cells],
            found.labels[cells],
            overridden[cells],
            np.searchsorted(cells, pairs),
            hand.labels,
            confirms,
            edits.left_out[cells],
            turns,
            outside,
        )

    def count(self, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> CountResult:
        """Count at the given thresholds; the cells of the user count at any."""
        if not len(self.hand_labels) and not self.overridden.any():
            return self._count_unedited(self, tuple(thresholds.items()), classes)
        return self._counted(thresholds, classes)

    @staticmethod
    @lru_cache(maxsize=_AHEAD)
    def _count_unedited(
        index: CountIndex, thresholds: tuple[tuple[str, float], ...], classes: tuple[str, ...]
    ) -> CountResult:
        return index._counted(dict(thresholds), classes)

    def _counted(self, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> CountResult:
        by_model = self._by_model(thresholds, classes)
        standing = np.zeros(self.size, bool)
        standing[self.cells[by_model & ~self.overridden]] = True
        standing[self.size - len(self.hand_labels) :] = True
        inside = np.ones(self.size, bool)
        inside[self.outside] = False
        by_model &= inside[self.cells]
        by_hand = inside[self.size - len(self.hand_labels) :]
        confirming = by_hand & (self.confirms >= 0)
        confirming[confirming] = by_model[self.confirms[confirming]]
        confirmed = np.zeros(len(self.cells), bool)
        confirmed[self.confirms[confirming]] = True
        removed = by_model & self.overridden & ~confirmed
        turned = by_hand & (self.turns >= 0)
        turned[turned] = removed[self.turns[turned]]
        ledger: dict[str, Ledger] = {}
        means: dict[str, float | None] = {}
        for label, name in enumerate(classes):
            mine = self.labels == label
            ledger[name] = Ledger(
                int((by_model & mine).sum()),
                int(((self.hand_labels == label) & by_hand & ~confirming).sum()),
                int((removed & mine).sum()),
                int((removed & self.left_out & mine).sum()),
                int(((self.hand_labels == label) & turned).sum()),
                int((self.labels[self.turns[turned]] == label).sum()),
            )
            scores = self.scores[by_model & mine & (~self.overridden | confirmed)]
            means[name] = float(scores.mean()) if len(scores) else None
        counted, excluded = standing & inside, standing & ~inside
        counted.flags.writeable = excluded.flags.writeable = False
        return CountResult(counted, {name: row.total for name, row in ledger.items()}, means, ledger, excluded)

    def count_of(self, name: str, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> int:
        """Return the count of one class at the given thresholds: that of ``count``, in a fraction of the time."""
        if len(self.hand_labels) or self.overridden.any():
            return self.count(thresholds, classes).counts[name]
        counted = self._by_model(thresholds, classes) & (self.labels == classes.index(name))
        if len(self.outside):
            counted &= ~np.isin(self.cells, self.outside)
        return int(counted.sum())

    def _by_model(self, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return which of the cells the model finds at the given thresholds."""
        limits = np.array([thresholds[name] for name in classes], np.float32)
        found = self.scores >= limits[self.labels]
        for likelier, other in self.pairs[found[self.pairs].all(axis=1)].tolist():
            if found[likelier]:
                found[other] = False
        return found

    def uncertain(
        self, thresholds: Mapping[str, float], classes: tuple[str, ...], reach: float
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the detections whose score is within ``reach`` of their threshold, the nearest first.

        Edited cells are not uncertain, nor is the less likely class of a cell that counts as another. Cells outside
        the frame do not matter.

        Returns
        -------
        positions int64 (D,) and score minus threshold float32 (D,); negative: it does not count.
        """
        limits = np.array([thresholds[name] for name in classes], np.float32)
        margins = (self.scores - limits[self.labels]).astype(np.float32)
        open_ = ~self.overridden & (np.abs(margins) <= reach) & ~np.isin(self.cells, self.outside)
        open_[self.pairs[margins[self.pairs[:, 0]] >= 0, 1]] = False
        uncertain = np.flatnonzero(open_)
        uncertain = uncertain[np.argsort(np.abs(margins[uncertain]), kind="stable")]
        return self.cells[uncertain], margins[uncertain]


def count(
    detections: Detections,
    settings: CountSettings,
    classes: tuple[str, ...],
    edits: CellEdits | None = None,
    frame: Frame | None = None,
) -> CountResult:
    """Count the cells of an image.

    Parameters
    ----------
    detections
        Everything that the model found above its score floor, in descending order of score.
    settings
        Thresholds by class name, the NMS overlap, and the edge rule.
    classes
        Class names in the order of the labels.
    edits
        The edits of the image; none if left out.
    frame
        ``settings.frame`` of the image; may be left out where the whole image counts.

    Raises
    ------
    ValueError
        If the frame is not of the settings' edge rule: the count could not be reproduced.
    """
    if settings.edge_rule is not (EdgeRule.ALL if frame is None else frame.rule):
        raise ValueError(gettext("counting needs a frame of the edge rule that its settings name"))
    edits = edits or CellEdits.none(detections)
    return CountIndex.of(detections, edits, settings.nms_iou, frame).count(settings.thresholds, classes)
