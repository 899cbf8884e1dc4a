"""Pieces of many photographs, cut beside the window as they are needed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from core.images import ImageError, read_image
from gui.verify.background import Background, Cancelled

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_CONTEXT = 0.55
_MOST_KEPT = 2000

Region = tuple[int, int, int]
"""Left, top and side of a square of a photograph, in its pixels."""


def region_of(box: Sequence[float], diameter: float) -> Region:
    """Return the square that shows a box with what is round it; a point is shown like a cell of that diameter."""
    x1, y1, x2, y2 = box
    longer = max(x2 - x1, y2 - y1) or diameter
    side = max(round(longer * (1 + 2 * _CONTEXT)), 8)
    return round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side


@dataclass(frozen=True)
class Wanted:
    """Pieces of one photograph."""

    image: int
    path: Path
    regions: tuple[Region, ...]


@dataclass(frozen=True, eq=False)
class _Cut:
    """One piece that was cut."""

    image: int
    region: Region
    picture: QImage


class CropStore(QObject):
    """The pieces that were cut, and those that are being cut."""

    arrived = Signal()

    def __init__(self, side: int, parent: QObject) -> None:
        super().__init__(parent)
        self._side = side
        self._kept: OrderedDict[tuple[int, Region], QPixmap] = OrderedDict()
        self._background = Background("crops", self)
        self._background.reported.connect(self._on_cut)

    def crop(self, image: int, region: Region) -> QPixmap | None:
        """Return a piece, None if it is not there yet."""
        return self._kept.get((image, region))

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Cut these pieces, as far as they are not at hand, and no others."""
        missing: list[Wanted] = []
        for one in wanted:
            regions = tuple(region for region in one.regions if (one.image, region) not in self._kept)
            if regions:
                missing.append(Wanted(one.image, one.path, regions))
        if not missing:
            self._background.cancel()
            return
        side = self._side
        self._background.start(lambda cancel, report: _cut_all(missing, side, cancel, report))

    def forget(self) -> None:
        """Drop everything: another session has other pictures under the same numbers."""
        self._background.cancel()
        self._kept.clear()

    def close(self) -> None:
        """End the thread."""
        self._background.close()

    @Slot(object)
    def _on_cut(self, cut: _Cut) -> None:
        self._kept[cut.image, cut.region] = QPixmap.fromImage(cut.picture)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit()


def _cut_all(wanted: Sequence[Wanted], side: int, cancel: threading.Event, report: Callable[[object], None]) -> None:
    for one in wanted:
        if cancel.is_set():
            raise Cancelled
        try:
            pixels = read_image(one.path).pixels
        except (ImageError, OSError):
            continue
        for region in one.regions:
            report(_Cut(one.image, region, _cut(pixels, region, side)))


def _cut(pixels: NDArray[np.uint8], region: Region, side: int) -> QImage:
    """Return a square piece, ``side`` pixels wide; what lies beyond the photograph is transparent."""
    left, top, size = region
    height, width = pixels.shape[:2]
    square = np.zeros((size, size, 4), np.uint8)
    x1, x2 = max(left, 0), min(left + size, width)
    y1, y2 = max(top, 0), min(top + size, height)
    if x2 > x1 and y2 > y1:
        square[y1 - top : y2 - top, x1 - left : x2 - left, :3] = pixels[y1:y2, x1:x2]
        square[y1 - top : y2 - top, x1 - left : x2 - left, 3] = 255
    how = cv2.INTER_AREA if size > side else cv2.INTER_CUBIC
    scaled = np.ascontiguousarray(cv2.resize(square, (side, side), interpolation=how))
    return QImage(scaled.data, side, side, scaled.strides[0], QImage.Format.Format_RGBA8888).copy()
