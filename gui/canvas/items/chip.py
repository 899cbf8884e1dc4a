"""A short text on a dark ground, readable on any photograph."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

GROUND, INK = QColor(20, 24, 30, 225), QColor(255, 255, 255)
TEXT_PIXELS = 11

_PADDING = 5.0


def draw_chip(painter: QPainter, corner: QPointF, text: str, *, above: bool = False) -> None:
    """Draw a text with its left upper (``above``: lower) corner at a place of the screen, kept on the screen."""
    font = QFont(painter.font())
    font.setPixelSize(TEXT_PIXELS)
    metrics = QFontMetricsF(font)
    height = metrics.height() + 4
    width, top = metrics.horizontalAdvance(text) + 2 * _PADDING, corner.y() - (height if above else 0)
    chip = QRectF(corner.x(), top, width, height)
    device = painter.device()
    chip.moveLeft(max(min(chip.left(), device.width() - chip.width()), 0.0))
    chip.moveTop(max(min(chip.top(), device.height() - chip.height()), 0.0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setFont(font)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(GROUND)
    painter.drawRoundedRect(chip, 4, 4)
    painter.setPen(INK)
    painter.drawText(chip, Qt.AlignmentFlag.AlignCenter, text)
