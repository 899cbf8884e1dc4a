"""The cells of one image, and what its count needs of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.counting.count import CountIndex
from core.counting.edits import CellEdits
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.cells import CellChange, Detections
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


@dataclass(eq=False)
class KnownCount:
    """What is known of one image: what its count needs, and the counts at some settings."""

    index: CountIndex | None = None
    settings: CountSettings | None = None
    counts: dict[str, int] | None = None
    state: State = State.WAITING
    reviewed: bool = False
