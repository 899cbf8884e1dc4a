"""The pictures of a session as the window sees them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from core.counting.count import CountIndex
from core.counting.edits import CellEdits

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from core.cells import CellChange, Detections
    from core.counting.frame import Frame
    from core.counting.quality import FieldQuality
    from core.session.values import FileStamp, StoredDetections


class State(Enum):
    """Where a picture stands with the model."""

    WAITING = "waiting"
    COUNTING = "counting"
    COUNTED = "counted"
    FAILED = "failed"


@dataclass
class Entry:
    """One picture of the list.

    ``row`` is its place in the list, ``diameter`` the red cell size in pixels set by hand (None: estimate
    it), ``edited`` the number of cells that a person corrected. ``countable`` is what its count needs;
    None until it was counted, or read from the session. ``quality`` is what was last thought of it as a field.
    """

    id: int
    path: Path
    row: int = 0
    state: State = State.WAITING
    error: str = ""
    notices: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    diameter: float | None = None
    reviewed: bool = False
    edited: int = 0
    stamp: FileStamp | None = None
    countable: CountIndex | None = None
    quality: FieldQuality | None = None


@dataclass
class ImageCells:
    """The cells of one picture: what the model found, and the person's corrections, which belong to no count."""

    found: StoredDetections
    changes: dict[int, CellChange]
    corrections: CellEdits
    cells: Detections

    @classmethod
    def of(cls, found: StoredDetections, changes: dict[int, CellChange], classes: Sequence[str]) -> ImageCells:
        """Lay the corrections over what was found; ``changes`` is what became of each corrected cell, by its id."""
        corrections = CellEdits.from_edits(found.detections, changes.values(), classes)
        return cls(found, changes, corrections, corrections.apply(found.detections))

    def countable(self, nms_iou: float, frame: Frame | None) -> CountIndex:
        """Return what a count needs to keep; ``frame`` says which cells are left out."""
        return CountIndex.of(self.found.detections, self.corrections, nms_iou, frame)
