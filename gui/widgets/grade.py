"""The grade of a field as a coloured disc with a sign."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from core.counting.quality import Grade

_COLOURS = {Grade.GOOD: QColor("#2e9e5b"), Grade.CHECK: QColor("#e0a100"), Grade.POOR: QColor("#c8372d")}
_SIGNS = {Grade.GOOD: "✓", Grade.CHECK: "!", Grade.POOR: "✕"}
_QUIET, _QUIET_SIGN = QColor("#8a94a1"), "i"
_DOT = 16


def grade_pixmap(grade: Grade, ratio: float, *, quiet: bool = False) -> QPixmap:
    """Return a disc in the colour of a grade with its sign."""
    pixmap = QPixmap(round(_DOT * ratio), round(_DOT * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw_grade(painter, QRectF(0, 0, _DOT, _DOT), grade, quiet=quiet)
    painter.end()
    return pixmap


def draw_grade(painter: QPainter, area: QRectF, grade: Grade, *, quiet: bool = False) -> None:
    """Draw a disc in the colour of a grade with its sign, which tells it without the colour.

    ``quiet``: grey, for what is to be known and asks for nothing.
    """
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_QUIET if quiet else _COLOURS[grade])
    painter.drawEllipse(area)
    font = painter.font()
    font.setPixelSize(round(0.69 * area.height()))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QPen(QColor("black") if grade is Grade.CHECK and not quiet else QColor("white")))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, _QUIET_SIGN if quiet else _SIGNS[grade])
