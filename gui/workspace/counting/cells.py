"""The cells of one image, and what its count needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.cells import Detections
from core.counting.count import CountIndex
from core.counting.edits import CellEdits
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.cells import CellChange
    from core.counting.count import CountSettings
    from core.counting.frame import Frame
    from core.session.values import StoredDetections


@dataclass(eq=False)
class ImageCells:
    """The cells of one image: detections, the edits (which belong to no count), and both together."""

    found: StoredDetections
    changes: dict[int, CellChange]
    corrections: CellEdits
    cells: Detections

    @classmethod
    def of(cls, found: StoredDetections, changes: dict[int, CellChange], classes: Sequence[str]) -> ImageCells:
        """Apply edits to detections; ``changes`` is what became of each edited cell, by its id."""
        corrections = CellEdits.from_edits(found.detections, changes.values(), classes)
        return cls(found, changes, corrections, corrections.apply(found.detections))

    def index(self, nms_iou: float, frame: Frame | None) -> CountIndex:
        """Return what a count needs; ``frame`` says which cells are left out."""
        return CountIndex.of(self.found.detections, self.corrections, nms_iou, frame)

    def able(self, index: CountIndex) -> Detections:
        """Return the cells that can count at some threshold, without their contours; ``index`` is of these cells."""
        cells, places = self.cells, able_places(index)
        return Detections(
            cells.boxes[places], cells.scores[places], cells.labels[places], cells.ids[places], cells.origin[places]
        )


@dataclass(frozen=True, eq=False)
class CountedCells:
    """What counts in one image: of the N cells that can, ``counted`` bool (N,) are those that do.

    ``diameter``: of a red cell in the image, in pixels.
    """

    image: int
    cells: Detections
    counted: NDArray[np.bool_]
    diameter: float


@dataclass(eq=False)
class KnownCount:
    """What is known of one image: what its count needs, the counts at some settings, and which cells they are of.

    ``able``: the cells that count at some settings; ``now`` those that do at these.
    """

    index: CountIndex | None = None
    settings: CountSettings | None = None
    counts: dict[str, int] | None = None
    state: State = State.WAITING
    reviewed: bool = False
    able: Detections | None = None
    diameter: float = 0.0
    now: CountedCells | None = None


def able_places(index: CountIndex) -> NDArray[np.int64]:
    """Return the positions of the cells of an image that can count at some threshold."""
    by_hand = np.arange(index.size - len(index.hand_labels), index.size)
    return np.concatenate([index.cells, by_hand])
