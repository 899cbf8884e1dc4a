"""What the gallery shows: the cells of a class, and their crops from the photograph."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QPainter,
    QPixmap,
)

from core.cells import Origin
from gui.tasks import Debounce
from gui.widgets.crops import CropStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from core.cells import Detections
    from gui.widgets.crops import Wanted
    from gui.workspace.inference.worker import Picture

_CONTEXT = 0.25
_KEPT_BYTES = 64_000_000
_SIDES = (64, 96, 128, 192, 256)


@dataclass(frozen=True, eq=False)
class Tiles:
    """The counted cells of one class in the order of their tiles.

    ``images`` int64 (N,): the pictures they are in; ``ids`` int64 (N,), ``boxes`` float32 (N, 4) in pixels of the
    picture, ``scores`` float32 (N,), ``by_hand`` bool (N,): put or confirmed by a person, or imported.
    """

    images: NDArray[np.int64]
    ids: NDArray[np.int64]
    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    by_hand: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def none(cls) -> Tiles:
        """Return no tiles."""
        none = np.zeros(0, np.int64)
        return cls(none, none, np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, bool))

    @classmethod
    def by_class(
        cls, pictures: Sequence[tuple[int, Detections]], classes: Sequence[str], *, doubtful_first: bool
    ) -> dict[str, Tiles]:
        """Sort the counted cells of pictures, by the pictures' ids, into classes; what a person decided is surest."""
        if not pictures:
            return dict.fromkeys(classes, cls.none())
        cells = [mine for _, mine in pictures]
        images = np.repeat(
            np.array([image for image, _ in pictures], np.int64), np.array([len(mine) for mine in cells], np.int64)
        )
        ids = np.concatenate([mine.ids for mine in cells])
        boxes = np.concatenate([mine.boxes for mine in cells])
        scores = np.concatenate([mine.scores for mine in cells])
        labels = np.concatenate([mine.labels for mine in cells])
        by_hand = np.concatenate([mine.origin for mine in cells]) != Origin.MODEL
        sure = np.where(by_hand, np.float32(2.0), scores)
        tiles: dict[str, Tiles] = {}
        for label, name in enumerate(classes):
            mine = np.flatnonzero(labels == label)
            rows = mine[np.lexsort((ids[mine], sure[mine] if doubtful_first else -sure[mine]))]
            tiles[name] = cls(images[rows], ids[rows], boxes[rows], scores[rows], by_hand[rows])
        return tiles

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


class Crops(QObject):
    """Pieces of the photographs, there when they are first drawn, or a little later.

    Those of the picture on the canvas are cut from it at once. Of other pictures there is no queue: whenever the
    thread that reads them is free, ``wanted`` is asked which pieces of which one picture are missing in view.
    """

    arrived = Signal()

    def __init__(self, wanted: Callable[[], Wanted | None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._picture: Picture | None = None
        self._image: int | None = None
        self._kept: OrderedDict[tuple[int, tuple[float, ...], int], QPixmap] = OrderedDict()
        self._bytes = 0
        self.store = CropStore(_SIDES[0], self)
        self.store.arrived.connect(self.arrived)
        self.store.finished.connect(self._ask)
        self._soon = Debounce(0, self._ask, self)

    def take(self, picture: Picture | None, image: int | None = None) -> bool:
        """Cut from a photograph, that of the current picture, from now on; True if it is another one than before."""
        self._image = image
        if picture is self._picture:
            return False
        self._picture = picture
        self._kept.clear()
        self._bytes = 0
        return True

    def at_hand(self, image: int) -> bool:
        """Tell whether a picture need not be read."""
        return self._picture is not None and image == self._image

    def other(self, image: int, box: tuple[float, ...], side: int) -> QPixmap | None:
        """Return the piece round a cell of any picture, at least ``side`` pixels wide; None if it is not there yet."""
        self.store.set_side(next((size for size in _SIDES if size >= side), side))
        piece = self.store.crop(image, self.region(box))
        if piece is None:
            self._soon.start()
        return piece

    def stop(self) -> None:
        """End the thread that reads pictures, until a piece is missing again."""
        self._soon.stop()
        self.store.close()

    def _ask(self) -> None:
        wanted = None if self.store.busy else self._wanted()
        if wanted is not None:
            self.store.want([wanted])

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
