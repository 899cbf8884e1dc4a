"""How dark the middle of each cell is, measured in the files of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.errors import Cancelled
from core.imaging.reading import ImageError, read_image
from gui.tasks import Job, Task

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.cells import Detections
    from core.imaging.reading import CommonSpan
    from gui.workspace.counting.cells import CountedCells
    from gui.workspace.workspace import Workspace

_MIDDLE = 0.5  # of a cell's width and height
_GREEN = 1  # in which every stain of a smear is dark


class Darkness(QObject):
    """Reads images one after the other, for as long as somebody wants their cells sorted by it."""

    arrived = Signal()

    def __init__(self, workspace: Workspace, parent: QObject) -> None:
        super().__init__(parent)
        self._images = workspace.images
        self._known: dict[int, tuple[Detections, NDArray[np.float32]]] = {}
        self._reading = Task("darkness of cells", self._on_end, self, on_part=self._on_part)
        self.missing = 0
        workspace.store.session_changed.connect(self._forget)

    def of(self, cells: Sequence[CountedCells]) -> Mapping[int, NDArray[np.float32]]:
        """Return what is known, by the ids of the images; the rest is read, and ``arrived`` tells of it."""
        known = {
            one.image: self._known[one.image][1]
            for one in cells
            if one.image in self._known and self._known[one.image][0] is one.cells
        }
        missing = [
            (one, item.path, self._images.scale(item))
            for one in cells
            if one.image not in known and (item := self._images.item(one.image)) is not None
        ]
        self.missing = len(missing)
        if missing and not self._reading.busy:
            self._reading.start(lambda job: _measure_all(missing, job))
        return known

    def stop(self) -> None:
        """Read no further image."""
        self._reading.cancel()

    def close(self) -> None:
        """End the thread."""
        self._reading.close()

    @Slot()
    def _forget(self) -> None:
        self.stop()
        self._known.clear()

    @Slot(object)
    def _on_part(self, part: tuple[int, Detections, NDArray[np.float32]]) -> None:
        image, cells, darkness = part
        self._known[image] = cells, darkness
        self.arrived.emit()

    @Slot(object)
    def _on_end(self, _result: object) -> None:
        self.arrived.emit()


def _measure_all(images: Sequence[tuple[CountedCells, Path, CommonSpan | None]], job: Job) -> None:
    for one, path, scale in images:
        if job.cancelled.is_set():
            raise Cancelled
        try:
            pixels = read_image(path, batch=scale).pixels
        except (ImageError, OSError):
            job.report((one.image, one.cells, np.full(len(one.cells), -np.inf, np.float32)))
            continue
        job.report((one.image, one.cells, darkness_of(pixels, one.cells.boxes)))


def darkness_of(pixels: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how dark the middle of each box is, 0 (white) to 255, float32 (N,).

    ``pixels``: uint8 RGB (H, W, 3); ``boxes``: float32 (N, 4) in its pixels.
    """
    height, width = pixels.shape[:2]
    sums = cv2.integral(np.ascontiguousarray(pixels[:, :, _GREEN]))
    middle, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2 * _MIDDLE
    x1, y1 = np.clip(np.floor(middle - half).astype(np.int64), 0, [width - 1, height - 1]).T
    x2, y2 = np.clip(np.ceil(middle + half).astype(np.int64), 1, [width, height]).T
    x2, y2 = np.maximum(x2, x1 + 1), np.maximum(y2, y1 + 1)
    light = sums[y2, x2] - sums[y1, x2] - sums[y2, x1] + sums[y1, x1]
    return (255 - light / ((x2 - x1) * (y2 - y1))).astype(np.float32)
