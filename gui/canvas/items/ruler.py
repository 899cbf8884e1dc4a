"""The line of the ruler on the canvas, with its length."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.text import gettext
from gui.canvas.items.chip import draw_chip

_ARM = 6.0  # of the marks at both ends, in pixels of the screen
_WHITE, _DARK = QColor(255, 255, 255), QColor(20, 24, 30)


def length_text(pixels: float, micrometres: float | None) -> str:
    """Say a length in pixels of the image; in micrometres if it is known how many a pixel has."""
    if micrometres is None:
        return gettext("{length:,.0f} px").format(length=pixels)
    length = pixels * micrometres
    return gettext("{length:,.{digits}f} µm").format(length=length, digits=0 if length >= 100 else 1)


class RulerItem(QGraphicsItem):
    """One line between two places of the image, and a text at its end."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(3)
        self.line: QLineF | None = None
        self.text = ""
        self._bounds = QRectF()

    def set_bounds(self, bounds: QRectF) -> None:
        """Cover an image; the line of the last one is taken off."""
        self.prepareGeometryChange()
        self._bounds = bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height())
        self.line = None

    def set_line(self, line: QLineF | None, text: str = "") -> None:
        """Show a line with its length; None takes it off."""
        self.line, self.text = line, text
        self.update()

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.line is None:
            return
        transform = painter.transform()
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = QLineF(transform.map(self.line.p1()), transform.map(self.line.p2()))
        lines = [line, *(_across(line, end) for end in (line.p1(), line.p2()))]
        for colour, width in ((_DARK, 3.5), (_WHITE, 1.5)):
            painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLines(lines)
        draw_chip(painter, line.p2() + QPointF(12, 4), self.text)
        painter.restore()


def _across(line: QLineF, place: QPointF) -> QLineF:
    """Return a short line across another at a place of it."""
    normal = line.normalVector()
    if normal.length() == 0:
        return QLineF(place, place)
    normal.setLength(_ARM)
    half = normal.p2() - normal.p1()
    return QLineF(place - half, place + half)
