"""An image to verify: what the model found in it, and what is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.counting.count import CountIndex, CountSettings
from core.counting.edits import CellEdits
from core.geometry.matching import UNMATCHED, match_boxes, match_points
from core.verification.ground_truth import TruthKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from core.cells import Detections
    from core.counting.frame import Frame
    from core.verification.ground_truth import GroundTruth


def truth_inside(truth: GroundTruth, found: Detections, index: CountIndex, frame: Frame) -> NDArray[np.bool_]:
    """Tell which true cells belong to a frame, bool (M,).

    A point has no extent to touch a side with. It belongs where the cell that was found round it does, at
    whatever threshold, or else both counts would part at the sides of the frame; alone it belongs where it lies.
    """
    boxes = truth.boxes
    if truth.kind == TruthKind.POINTS and len(truth):
        around = found.boxes[index.cells]
        matched = match_points(around, index.scores, truth.points)
        boxes = boxes.copy()
        boxes[matched[matched != UNMATCHED]] = around[matched != UNMATCHED]
    return frame.inside(boxes)


@dataclass(frozen=True, eq=False)
class Case:
    """One image with its truth.

    ``image`` is its number in the session and ``name`` the name of its file. ``cells`` are the detections,
    followed by the cells of the user if edits are verified too; ``index`` counts them. ``truth`` is all
    of the truth, ``in_frame`` bool (M,) marks those of its M cells that lie in the counting frame.
    """

    image: int
    name: str
    cells: Detections
    index: CountIndex
    truth: GroundTruth
    in_frame: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        image: int,
        name: str,
        found: Detections,
        truth: GroundTruth,
        settings: CountSettings,
        frame: Frame | None = None,
        edits: CellEdits | None = None,
    ) -> Case:
        """Prepare an image as ``core.counting.count.count`` would; the settings' thresholds do not matter.

        Parameters
        ----------
        found
            Everything that the model found above its score floor.
        truth
            The truth of the whole image. Typed totals are taken to be of the frame.
        frame
            ``settings.frame`` of the image; may be left out where the whole image counts.
        edits
            The edits of the image. Without them the model is verified, which is the usual question; with them
            the count as reported.
        """
        changed = edits or CellEdits.none(found)
        index = CountIndex.of(found, changed, settings.nms_iou, frame)
        inside = np.ones(len(truth), bool) if frame is None else truth_inside(truth, found, index, frame)
        return cls(image, name, changed.apply(found), index, truth, inside)

    def counted(self, thresholds: Mapping[str, float], classes: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the positions of the cells that count, the likeliest first."""
        counted = np.flatnonzero(self.index.count(thresholds, classes).counted)
        return counted[np.argsort(-self.scores[counted], kind="stable")]

    @property
    def scores(self) -> NDArray[np.float32]:
        """The score of each cell, float32 (N,); infinite for the user's, which count at any threshold."""
        scores = self.cells.scores.copy()
        scores[len(scores) - len(self.index.hand_labels) :] = np.inf
        return scores

    @property
    def located(self) -> bool:
        """Whether the places of the true cells are known."""
        return self.truth.kind != TruthKind.TOTALS

    def true_counts(self, classes: tuple[str, ...]) -> list[int | None]:
        """Return how many cells of each class are there; None if they were not annotated."""
        truth = self.truth if self.in_frame.all() else self.truth.only(self.in_frame)
        return truth.counts_for(classes)

    def match(self, counted: NDArray[np.int64], true: NDArray[np.int64], iou: float) -> NDArray[np.int64]:
        """Match cells (positions, (N,)) with true ones (positions, (M,)); return the place of each's true one."""
        boxes, scores, truth = self.cells.boxes[counted], self.scores[counted], self.truth.boxes[true]
        if self.truth.kind == TruthKind.POINTS:
            return match_points(boxes, scores, truth[:, :2])
        return match_boxes(boxes, scores, truth, iou)
