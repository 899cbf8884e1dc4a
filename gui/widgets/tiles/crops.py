"""Square pieces of images round their cells, there when they are first drawn or a little later."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage, QPixmap

from core.errors import Cancelled
from core.imaging.reading import ImageError, read_image
from gui.tasks import Debounce, Job, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from core.imaging.reading import CommonSpan

    Levels = Sequence[NDArray[np.uint8]]

_MOST_BYTES = 250_000_000
_SIDES = (64, 96, 128, 192, 256)
_SMALLEST = 8
EXTENT = 2.4
"""How much of an image a tile shows, in diameters of a red cell: the same for all, so that sizes can be compared."""

_LEAST_ROOM = 1.1

Region = tuple[int, int, int]
"""Left, top and side of a square of an image, in its pixels."""


@dataclass(frozen=True)
class Wanted:
    """Pieces of one image that are to be cut; those that are needed longest come last.

    ``scale``: by what its deep samples are scaled, so that it looks as it did when it was counted.
    """

    image: int
    path: Path
    regions: tuple[Region, ...]
    scale: CommonSpan | None = None


@dataclass(frozen=True, eq=False)
class _Cut:
    """The pieces that were cut out of one image; ``error``: why there are none."""

    wanted: Wanted
    side: int
    pieces: tuple[QImage, ...]
    error: str = ""


class Crops(QObject):
    """Pieces of images by the images' ids; they take a bounded part of the memory.

    Those of the image at hand are cut at once. Of other images there is no queue: whenever the thread that reads
    them is free, ``wanted`` is asked which pieces of which one image are missing in view.

    Parameters
    ----------
    wanted
        returns what to read next, None if nothing is missing
    parent
        the owner
    """

    arrived = Signal()

    def __init__(self, wanted: Callable[[], Wanted | None], parent: QObject) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._at_hand: tuple[int, Levels] | None = None
        self._side = _SIDES[0]
        self._kept: OrderedDict[tuple[int, Region, int], QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: dict[int, tuple[Path, str]] = {}
        self._reading = Task("crops", self._on_read, self)
        self._soon = Debounce(0, self._read_more, self)

    # -- pieces ------------------------------------------------------------------------------------

    def use(self, image: int | None, levels: Levels | None) -> bool:
        """Cut from this image in memory from now on; True if it is not the one from before.

        ``levels``: uint8 RGB (H, W, 3), the first in full size and each half as large as the one before.
        """
        if levels is None or image is None:
            changed, self._at_hand = self._at_hand is not None, None
            return changed
        if self._at_hand is not None and self._at_hand[1] is levels:
            return False
        self._at_hand = image, levels
        for key in [key for key in self._kept if key[0] == image]:  # its file may be another one now
            self._drop(key)
        return True

    def at_hand(self, image: int) -> bool:
        """Tell whether an image need not be read."""
        return self._at_hand is not None and self._at_hand[0] == image

    def piece(self, image: int, region: Region, side: int) -> QPixmap | None:
        """Return a piece, ``side`` pixels wide or a little wider; None if it is not there yet."""
        if self._at_hand is not None and self._at_hand[0] == image:
            if (image, region, side) not in self._kept:
                self._keep(image, region, side, cut(self._at_hand[1], region, side))
            return self._find(image, region, side)
        self._side = next((size for size in _SIDES if size >= side), side)
        piece = self._find(image, region, self._side)
        if piece is None:
            self._soon.start()
        return piece

    def is_missing(self, image: int, path: Path, region: Region) -> bool:
        """Tell whether a piece has to be read, and can be as far as is known."""
        known = self.at_hand(image) or bool(self.error(image, path))
        return not known and (image, region, self._side) not in self._kept

    def error(self, image: int, path: Path) -> str:
        """Return why an image could not be read; "" if it could, or nobody tried."""
        where, error = self._failed.get(image, (path, ""))
        return error if where == path else ""

    def error_of(self, image: int) -> str:
        """Return why an image could not be read, wherever its file was; "" if it could, or nobody tried."""
        return self._failed[image][1] if image in self._failed else ""

    @property
    def failed(self) -> bool:
        """Whether any image could not be read."""
        return bool(self._failed)

    # -- reading -----------------------------------------------------------------------------------

    def retry(self) -> None:
        """Try images again that could not be read: they may be there by now."""
        self._failed.clear()

    def cancel(self) -> None:
        """Read no more, until a piece is missing again."""
        self._soon.stop()
        self._reading.cancel()

    def forget(self) -> None:
        """Drop everything: another session has other images under the same ids."""
        self.cancel()
        self._at_hand = None
        self._kept.clear()
        self._bytes = 0
        self._failed.clear()

    def close(self) -> None:
        """End the thread."""
        self.cancel()
        self._reading.close()

    def _read_more(self) -> None:
        wanted = None if self._reading.busy else self._wanted()
        if wanted is not None:
            side = self._side
            self._reading.start(lambda job: _read(wanted, side, job))

    @Slot(object)
    def _on_read(self, cuts: _Cut) -> None:
        wanted = cuts.wanted
        if cuts.error:
            self._failed[wanted.image] = wanted.path, cuts.error
        for region, piece in zip(wanted.regions, cuts.pieces, strict=False):
            self._keep(wanted.image, region, cuts.side, piece)
        self.arrived.emit()
        self._read_more()

    def _find(self, image: int, region: Region, side: int) -> QPixmap | None:
        piece = self._kept.get((image, region, side))
        if piece is not None:
            self._kept.move_to_end((image, region, side))
        return piece

    def _keep(self, image: int, region: Region, side: int, piece: QImage) -> None:
        if (image, region, side) in self._kept:
            self._drop((image, region, side))
        self._kept[image, region, side] = QPixmap.fromImage(piece)
        self._bytes += 4 * side * side
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: tuple[int, Region, int]) -> None:
        del self._kept[key]
        self._bytes -= 4 * key[2] ** 2


def scaled_region(box: Sequence[float], extent: float) -> Region:
    """Return a square of ``extent`` pixels round a box or point, or a larger one if a box does not fit into it."""
    x1, y1, x2, y2 = box
    side = max(round(max(extent, _LEAST_ROOM * max(x2 - x1, y2 - y1))), _SMALLEST)
    return round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side


def _read(wanted: Wanted, side: int, job: Job) -> _Cut:
    try:
        pixels = read_image(wanted.path, batch=wanted.scale).pixels
    except (ImageError, OSError) as error:
        return _Cut(wanted, side, (), str(error))
    if job.cancelled.is_set():
        raise Cancelled
    return _Cut(wanted, side, tuple(cut([pixels], region, side) for region in wanted.regions))


def cut(levels: Levels, region: Region, side: int) -> QImage:
    """Return a square piece, ``side`` pixels wide; what lies beyond the image is transparent.

    It is cut from the coarsest of the levels that still has a pixel for each of its own.
    """
    level = min(int(np.log2(max(region[2] / side, 1.0))), len(levels) - 1)
    pixels, scale = levels[level], levels[0].shape[1] / levels[level].shape[1]
    left, top, size = (round(number / scale) for number in region)
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
