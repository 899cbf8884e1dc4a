"""What lies over the boxes: the ground truth, the selection, and the rectangle that is being drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CROSS = 4.0  # half the width of a point of the ground truth, in pixels of the screen
_WRONG = 7.0  # half the width of the cross over a cell that is none, in pixels of the screen
_OUTSIDE = 3.0  # of the box, whose line is seen beneath, in pixels of the screen


class GroundTruthItem(QGraphicsItem):
    """Where the count and the ground truth differ: white dashes on black round what was missed, a cross over the rest.

    A missed point is a small upright cross.
    """

    def __init__(self) -> None:
        super().__init__()
        self._missed: list[QRectF] = []
        self._points: list[QPointF] = []
        self._wrong: list[QRectF] = []
        self._bounds = QRectF()

    @property
    def missed_count(self) -> int:
        """How many true cells are drawn that do not count."""
        return len(self._missed) + len(self._points)

    @property
    def wrong_count(self) -> int:
        """How many cells are crossed out."""
        return len(self._wrong)

    def set_boxes(self, missed: NDArray[np.float32], wrong: NDArray[np.float32]) -> None:
        """Show boxes ``x1 y1 x2 y2`` (N, 4) in pixels of the image; missed ones without size are points."""
        self.prepareGeometryChange()
        sized = (missed[:, 2:] > missed[:, :2]).any(axis=1)
        self._missed, self._wrong = _rects(missed[sized]), _rects(wrong)
        self._points = [QPointF(x, y) for x, y, *_ in missed[~sized].tolist()]
        self._bounds = QRectF()
        boxes = np.concatenate([missed, wrong])
        if len(boxes):
            low, high = boxes.min(axis=0).tolist(), boxes.max(axis=0).tolist()
            self._bounds = QRectF(QPointF(*low[:2]), QPointF(*high[2:])).adjusted(-99, -99, 99, 99)
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        scale = max(painter.transform().m11(), 1e-6)
        margin, arm = _OUTSIDE / scale, _CROSS / scale
        around = [rect.adjusted(-margin, -margin, margin, margin) for rect in self._missed]
        _draw_rects(painter, around, QColor(0, 0, 0), 1, Qt.PenStyle.SolidLine)
        _draw_rects(painter, around, QColor(255, 255, 255), 1, Qt.PenStyle.DashLine)
        lines = [QLineF(p.x() - arm, p.y(), p.x() + arm, p.y()) for p in self._points]
        lines += [QLineF(p.x(), p.y() - arm, p.x(), p.y() + arm) for p in self._points]
        for rect in self._wrong:
            reach = min(_WRONG / scale, rect.width() / 3, rect.height() / 3)
            middle, down, up = rect.center(), QPointF(reach, reach), QPointF(reach, -reach)
            lines += [QLineF(middle - down, middle + down), QLineF(middle - up, middle + up)]
        for colour, width in ((QColor(0, 0, 0), 3), (QColor(255, 255, 255), 1)):
            pen = QPen(colour, width)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLines(lines)


def _rects(boxes: NDArray[np.float32]) -> list[QRectF]:
    return [QRectF(x1, y1, x2 - x1, y2 - y1) for x1, y1, x2, y2 in boxes.tolist()]


class SelectionItem(QGraphicsItem):
    """What is selected, with handles on a single cell, and the rectangle that is being drawn."""

    HANDLE = 8.0
    """Side of a handle in pixels of the screen."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(1)
        self._rects: list[QRectF] = []
        self._hovered: QRectF | None = None
        self._drawn: QRectF | None = None
        self._drawn_colour = QColor("#2f7bd9")
        self._bounds = QRectF()

    def set_bounds(self, bounds: QRectF) -> None:
        """Cover an image."""
        self.prepareGeometryChange()
        self._bounds = bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height())

    def set_selected(self, rects: list[QRectF]) -> None:
        """Mark the boxes of the selected cells."""
        self._rects = rects
        self.update()

    def set_hovered(self, rect: QRectF | None) -> None:
        """Mark the box under the pointer."""
        if rect != self._hovered:
            self._hovered = rect
            self.update()

    def set_drawn(self, rect: QRectF | None, colour: QColor | None = None) -> None:
        """Show a rectangle that is being drawn; None takes it off."""
        self._drawn = rect
        if colour is not None:
            self._drawn_colour = colour
        self.update()

    @property
    def single(self) -> QRectF | None:
        """The box that has handles."""
        return self._rects[0] if len(self._rects) == 1 else None

    def handles(self) -> dict[tuple[int, int], QPointF]:
        """Return the handles of the single selected box: (-1, 0 or 1 across, the same down) to their place."""
        rect = self.single
        if rect is None:
            return {}
        xs, ys = (rect.left(), rect.center().x(), rect.right()), (rect.top(), rect.center().y(), rect.bottom())
        return {(i - 1, j - 1): QPointF(xs[i], ys[j]) for i in range(3) for j in range(3) if (i, j) != (1, 1)}

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hovered is not None:
            _draw_rects(painter, [self._hovered], QColor(20, 24, 30, 200), 3.0, Qt.PenStyle.SolidLine)
            _draw_rects(painter, [self._hovered], QColor(255, 255, 255), 1.4, Qt.PenStyle.SolidLine)
        if self._rects:
            margin = 3 / max(painter.transform().m11(), 1e-6)
            around = [rect.adjusted(-margin, -margin, margin, margin) for rect in self._rects]
            _draw_rects(painter, around, QColor(255, 255, 255), 3.5, Qt.PenStyle.SolidLine)
            _draw_rects(painter, around, QColor(20, 24, 30), 1.5, Qt.PenStyle.SolidLine)
        if self._drawn is not None:
            _draw_rects(painter, [self._drawn], QColor(255, 255, 255, 210), 3.4, Qt.PenStyle.SolidLine)
            _draw_rects(painter, [self._drawn], self._drawn_colour, 1.8, Qt.PenStyle.DashLine)
        side = self.HANDLE / max(painter.transform().m11(), 1e-6)
        single = self.single
        if single is not None and min(single.width(), single.height()) > 2.2 * side:
            pen = QPen(QColor(20, 20, 20), 1.2)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.setBrush(QColor(255, 255, 255))
            for place in self.handles().values():
                painter.drawRect(QRectF(place.x() - side / 2, place.y() - side / 2, side, side))


def _draw_rects(painter: QPainter, rects: list[QRectF], colour: QColor, width: float, style: Qt.PenStyle) -> None:
    pen = QPen(colour, width, style)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    painter.setPen(pen)
    painter.drawRects(rects)
