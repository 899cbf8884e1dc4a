"""The marks of a tally on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.classes import PAPER
from gui.widgets.colour import ink_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.classes import Palette
    from core.verification.ground_truth import GroundTruth

RADIUS = 8.0
"""Of a mark, in pixels of the screen."""


class TallyItem(QGraphicsItem):
    """All marks in one item: discs of the class's colour with the number of its key, always of the same size."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(2)
        self._palette: Palette = PAPER
        self._classes: tuple[str, ...] = ()
        self._points: NDArray[np.float32] = np.zeros((0, 2), np.float32)
        self._labels: list[int] = []
        self._bounds = QRectF()

    @property
    def shown_count(self) -> int:
        """How many marks are drawn."""
        return len(self._points)

    def set_palette(self, palette: Palette) -> None:
        """Draw classes in other colours."""
        self._palette = palette
        self.update()

    def set_marks(self, truth: GroundTruth | None, classes: tuple[str, ...] = ()) -> None:
        """Show the points of a tally; None shows none. ``classes``: those of the model, in order."""
        self.prepareGeometryChange()
        self._classes = classes
        self._points = np.zeros((0, 2), np.float32) if truth is None else truth.points
        self._labels = [] if truth is None else truth.labels(classes).tolist()
        self._bounds = QRectF()
        if len(self._points):
            low, high = self._points.min(axis=0).tolist(), self._points.max(axis=0).tolist()
            self._bounds = QRectF(QPointF(*low), QPointF(*high)).adjusted(-99, -99, 99, 99)
        self.update()

    def near(self, point: QPointF, zoom: float) -> int | None:
        """Return the position of the mark at a point of the image, None if there is none."""
        if not len(self._points):
            return None
        apart = np.hypot(*(self._points - (point.x(), point.y())).T) * zoom
        nearest = int(apart.argmin())
        return nearest if apart[nearest] <= RADIUS + 2 else None

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        transform, ratio = painter.transform(), painter.device().devicePixelRatioF()
        discs = {label: self._disc(label, ratio, painter.font()) for label in set(self._labels)}
        painter.save()
        painter.resetTransform()
        for (x, y), label in zip(self._points.tolist(), self._labels, strict=True):
            place = transform.map(QPointF(x, y))
            painter.drawPixmap(place - QPointF(RADIUS + 2, RADIUS + 2), discs[label])
        painter.restore()

    def _disc(self, label: int, ratio: float, font: QFont) -> QPixmap:
        """Draw the mark of a class once, to be copied; a class that the model does not know has a question mark."""
        side = 2 * (RADIUS + 2)
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        colour = QColor(*self._palette.colour(self._classes, label)) if label >= 0 else QColor("#808080")
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colour)
        painter.setPen(QPen(QColor(0, 0, 0, 150), 4))
        around = QRectF(2, 2, 2 * RADIUS, 2 * RADIUS)
        painter.drawEllipse(around)
        painter.setPen(QPen(QColor(255, 255, 255), 2))
        painter.drawEllipse(around)
        small = QFont(font)
        small.setPixelSize(11)
        small.setBold(True)
        painter.setFont(small)
        painter.setPen(ink_on(colour))
        painter.drawText(around, Qt.AlignmentFlag.AlignCenter, str(label + 1) if label >= 0 else "?")
        painter.end()
        return pixmap
