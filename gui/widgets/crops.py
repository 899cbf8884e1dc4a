"""Pieces of many photographs, cut beside the window as they are needed."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from core.cancel import Cancelled
from core.imaging.reading import ImageError, read_image
from gui.workspace.verification.background import Background

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_CONTEXT = 0.55
_MOST_BYTES = 200_000_000

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
    """The pieces that were cut out of one photograph; ``error``: why there are none."""

    wanted: Wanted
    pictures: tuple[QImage, ...]
    error: str = ""


class CropStore(QObject):
    """The pieces that were cut, and those that are being cut. They take a bounded part of the memory."""

    arrived = Signal()
    finished = Signal()  # all that was wanted is here, as far as it can be

    def __init__(self, side: int, parent: QObject) -> None:
        super().__init__(parent)
        self._side = side
        self._kept: OrderedDict[tuple[int, Region], QPixmap] = OrderedDict()
        self._failed: dict[tuple[int, Path], str] = {}
        self._background = Background("crops", self)
        self._background.reported.connect(self._on_cut)
        self._background.finished.connect(lambda *_: self.finished.emit())

    @property
    def busy(self) -> bool:
        """Whether pieces are being cut."""
        return self._background.busy

    def set_side(self, side: int) -> None:
        """Cut pieces of another width and height from now on."""
        if side != self._side:
            self.forget()
            self._side = side

    def crop(self, image: int, region: Region) -> QPixmap | None:
        """Return a piece, None if it is not there yet."""
        piece = self._kept.get((image, region))
        if piece is not None:
            self._kept.move_to_end((image, region))
        return piece

    def error(self, image: int, path: Path) -> str:
        """Return why a photograph could not be read; "" if it could, or nobody tried."""
        return self._failed.get((image, path), "")

    def retry(self) -> None:
        """Try photographs again that could not be read: they may be there by now."""
        self._failed.clear()

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Cut these pieces, as far as they are not at hand, and no others."""
        missing: list[Wanted] = []
        for one in wanted:
            regions = tuple(region for region in one.regions if (one.image, region) not in self._kept)
            if regions:
                missing.append(Wanted(one.image, one.path, regions))
        if not missing:
            self.cancel()
            return
        side = self._side
        self._background.start(lambda cancel, report: _cut_all(missing, side, cancel, report))

    def cancel(self) -> None:
        """Cut no more pieces."""
        self._background.cancel()

    def forget(self) -> None:
        """Drop everything: another session has other pictures under the same numbers."""
        self.cancel()
        self._kept.clear()
        self._failed.clear()

    def close(self) -> None:
        """End the thread."""
        self._background.close()

    @Slot(object)
    def _on_cut(self, cut: _Cut) -> None:
        if cut.error:
            self._failed[cut.wanted.image, cut.wanted.path] = cut.error
        for region, picture in zip(cut.wanted.regions, cut.pictures, strict=False):
            self._kept[cut.wanted.image, region] = QPixmap.fromImage(picture)
        while len(self._kept) * 4 * self._side**2 > _MOST_BYTES:
            self._kept.popitem(last=False)
        self.arrived.emit()


def _cut_all(wanted: Sequence[Wanted], side: int, cancel: threading.Event, report: Callable[[object], None]) -> None:
    for one in wanted:
        if cancel.is_set():
            raise Cancelled
        try:
            pixels = read_image(one.path).pixels
        except (ImageError, OSError) as error:
            report(_Cut(one, (), str(error)))
        else:
            report(_Cut(one, tuple(_cut(pixels, region, side) for region in one.regions)))


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
