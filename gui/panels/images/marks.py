"""The marks of a row: how far an image is, and what became of it. Shapes tell them apart, not colours alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF

from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIGHT_MARKS = {
    State.WAITING: QColor("#647082"),
    State.COUNTING: QColor("#1f6fd0"),
    State.COUNTED: QColor("#1c8048"),
    State.FAILED: QColor("#c8372d"),
}
_DARK_MARKS = {
    State.WAITING: QColor("#aeb8c4"),
    State.COUNTING: QColor("#74b4ff"),
    State.COUNTED: QColor("#5fd096"),
    State.FAILED: QColor("#ff8a80"),
}
_LIGHT_WARNING, _DARK_WARNING = QColor("#8a5a00"), QColor("#f0b840")
_MARK = 9.0
STALE = QColor("#c98a00")
"""The tick of an image that has changed since it was reviewed."""


def is_dark(palette: QPalette) -> bool:
    """Tell whether the ground is dark."""
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def mark_colours(palette: QPalette) -> Mapping[State, QColor]:
    """Return the colours that stand out from the ground."""
    return _DARK_MARKS if is_dark(palette) else _LIGHT_MARKS


def warning_ink(palette: QPalette) -> QColor:
    """Return the colour of a warning in words."""
    return _DARK_WARNING if is_dark(palette) else _LIGHT_WARNING


def draw_state(painter: QPainter, centre: QPointF, colour: QColor, state: State) -> None:
    """Draw the mark of an image that has no count. Ring: waiting; half disc: counting; cross: failed."""
    mark = QRectF(centre.x() - _MARK / 2, centre.y() - _MARK / 2, _MARK, _MARK)
    painter.setPen(QPen(colour, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    if state is State.FAILED:
        cross = mark.adjusted(0.8, 0.8, -0.8, -0.8)
        painter.drawLine(cross.topLeft(), cross.bottomRight())
        painter.drawLine(cross.topRight(), cross.bottomLeft())
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(mark)
    if state is State.COUNTING:
        painter.setBrush(colour)
        painter.drawPie(mark, 90 * 16, -180 * 16)


def draw_check(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Draw the mark of a reviewed image."""
    pen = QPen(colour, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline([centre + QPointF(x, y) for x, y in ((-5.0, 0.4), (-1.6, 4.0), (5.0, -4.0))])


def draw_pencil(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Draw the mark of an edited image."""
    painter.setPen(QPen(colour, 3.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(centre + QPointF(4.2, -4.2), centre + QPointF(-1.9, 1.9))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in ((-3.7, 1.3), (-1.3, 3.7), (-5.2, 5.2))]))


def draw_folder(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Draw a folder."""
    painter.setPen(QPen(colour, 1.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    outline = ((-7, 5), (-7, -5), (-2, -5), (0, -3), (7, -3), (7, 5))
    painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in outline]))
