"""The marks of a tally on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.classes import PAPER
from gui.widgets.colour import ink_on

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from core.classes import Palette
    from core.verification.ground_truth import GroundTruth

RADIUS = 8.0
"""Of a mark, in pixels of the screen."""

_LINE, _CASING = 1.8, 3.4
_CORNERS: tuple[tuple[tuple[float, float], ...], ...] = (
    (),  # a ring
    ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    ((0.0, -1.1), (1.1, 0.85), (-1.1, 0.85)),
    ((0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)),
)


class TallyItem(QGraphicsItem):
    """All marks in one item, always of the same size and hollow, so that what is marked is seen.

    Each class has its colour and form: a ring, a square, a triangle, a diamond; a cross stands for a class that the
    model does not know.
    """

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
        marks = {label: self._mark(label, ratio) for label in set(self._labels)}
        painter.save()
        painter.resetTransform()
        for (x, y), label in zip(self._points.tolist(), self._labels, strict=True):
            place = transform.map(QPointF(x, y))
            painter.drawPixmap(place - QPointF(RADIUS + 2, RADIUS + 2), marks[label])
        painter.restore()

    def _mark(self, label: int, ratio: float) -> QPixmap:
        """Draw the mark of a class once, to be copied."""
        side = 2 * (RADIUS + 2)
        pixmap = QPixmap(round(side * ratio), round(side * ratio))
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        colour = QColor(*self._palette.colour(self._classes, label)) if label >= 0 else QColor("#808080")
        path = _form(label)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(RADIUS + 2, RADIUS + 2)
        for line, width in ((QColor(ink_on(colour)), _CASING), (colour, _LINE)):
            painter.strokePath(path, QPen(line, width))
        painter.end()
        return pixmap


def _form(label: int) -> QPainterPath:
    """Return the form of the marks of a class, round the origin."""
    path, reach = QPainterPath(), RADIUS - 1
    if label < 0:
        path.moveTo(-reach, -reach)
        path.lineTo(reach, reach)
        path.moveTo(-reach, reach)
        path.lineTo(reach, -reach)
        return path
    corners = _CORNERS[label % len(_CORNERS)]
    if not corners:
        path.addEllipse(QPointF(), reach, reach)
        return path
    path.addPolygon(QPolygonF([QPointF(x * reach, y * reach) for x, y in corners]))
    path.closeSubpath()
    return path
