"""What the gallery shows: the cells of a class, and their crops from the photograph."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import (
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import (
    QImage,
    QPainter,
    QPixmap,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gui.worker import Picture

_CONTEXT = 0.25
_KEPT_BYTES = 64_000_000


@dataclass(frozen=True, eq=False)
class Tiles:
    """The counted cells of one class in the order of their tiles.

    ``ids`` int64 (N,), ``boxes`` float32 (N, 4) in pixels of the picture, ``scores`` float32 (N,),
    ``by_hand`` bool (N,): put or confirmed by a person, or imported.
    """

    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    by_hand: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tiles:
        """Return no tiles."""
        return cls(np.zeros(0, np.int64), np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, bool))

    def same_as(self, other: Tiles) -> bool:
        """Tell whether nothing of the other tiles looks different."""
        return all(
            np.array_equal(mine, theirs)
            for mine, theirs in (
                (self.ids, other.ids),
                (self.boxes, other.boxes),
                (self.scores, other.scores),
                (self.by_hand, other.by_hand),
            )
        )


class Crops:
    """Pieces of the photograph, cut when they are first drawn and kept while there is room."""

    def __init__(self) -> None:
        self._picture: Picture | None = None
        self._kept: OrderedDict[tuple[int, tuple[float, ...], int], QPixmap] = OrderedDict()
        self._bytes = 0

    def take(self, picture: Picture | None) -> bool:
        """Cut from a photograph from now on; True if it is another one than before."""
        if picture is self._picture:
            return False
        self._picture = picture
        self._kept.clear()
        self._bytes = 0
        return True

    @staticmethod
    def region(box: Sequence[float]) -> tuple[int, int, int]:
        """Return left, top and side of the square of the photograph that shows a box with what is round it."""
        x1, y1, x2, y2 = box
        half = max(x2 - x1, y2 - y1) * (0.5 + _CONTEXT)
        side = max(round(2 * half), 2)
        return round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2), side

    def crop(self, number: int, box: tuple[float, ...], side: int) -> QPixmap | None:
        """Return the piece round a cell, ``side`` pixels wide and high; None without a photograph."""
        if self._picture is None:
            return None
        key = (number, box, side)
        crop = self._kept.get(key)
        if crop is not None:
            self._kept.move_to_end(key)
            return crop
        crop = self._cut(self._picture, box, side)
        self._kept[key] = crop
        self._bytes += 4 * side * side
        while self._bytes > _KEPT_BYTES and len(self._kept) > 1:
            _, old = self._kept.popitem(last=False)
            self._bytes -= 4 * old.width() * old.height()
        return crop

    def _cut(self, picture: Picture, box: tuple[float, ...], side: int) -> QPixmap:
        """Cut a square out; what lies outside the photograph stays transparent."""
        left, top, size = self.region(box)
        level = min(int(np.log2(max(size / side, 1.0))), len(picture.levels) - 1)
        pixels = picture.levels[level]
        height, width = pixels.shape[:2]
        step_x, step_y = picture.image.width / width, picture.image.height / height
        x1, x2 = _within(left / step_x, (left + size) / step_x, width)
        y1, y2 = _within(top / step_y, (top + size) / step_y, height)
        scale = side / size
        target = QRect(
            QPoint(round((x1 * step_x - left) * scale), round((y1 * step_y - top) * scale)),
            QPoint(round((x2 * step_x - left) * scale) - 1, round((y2 * step_y - top) * scale) - 1),
        )
        crop = QPixmap(side, side)
        crop.fill(Qt.GlobalColor.transparent)
        if target.isEmpty() or x2 <= x1 or y2 <= y1:
            return crop
        shrinks = target.width() < x2 - x1
        piece = cv2.resize(
            np.ascontiguousarray(pixels[y1:y2, x1:x2]),
            (target.width(), target.height()),
            interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC,
        )
        image = QImage(piece.data, target.width(), target.height(), piece.strides[0], QImage.Format.Format_RGB888)
        painter = QPainter(crop)
        painter.drawImage(target.topLeft(), image)
        painter.end()
        return crop


def _within(low: float, high: float, limit: int) -> tuple[int, int]:
    return min(max(round(low), 0), limit), min(max(round(high), 0), limit)
