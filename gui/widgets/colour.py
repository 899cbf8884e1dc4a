"""Colours on colours: what can be read on a ground, and the swatch of a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from core.classes import Rgb

_LEAST_CONTRAST = 3.0

ALLOWED, FORBIDDEN = QColor(0, 150, 90), QColor(214, 30, 60)
"""The sides of a counting frame, as in the annotated image; dashes tell them apart without colours."""

DASHES = [5.0, 3.0]
"""Lengths of the pieces and gaps of a forbidden side, in its widths."""


def luminance(colour: QColor) -> float:
    """Return the relative luminance of a colour (WCAG 2), 0 to 1."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable(colour: QColor, ground: QColor) -> QColor:
    """Return the nearest colour that stands out from the ground (WCAG 2, graphics: 3 to 1)."""
    target = QColor("white") if luminance(ground) < 0.2 else QColor("black")
    for step in range(21):
        mixed = blend(target, colour, step / 20)
        light, dark = sorted((luminance(mixed), luminance(ground)), reverse=True)
        if (light + 0.05) / (dark + 0.05) >= _LEAST_CONTRAST:
            return mixed
    return target


def ink_on(colour: QColor) -> QColor:
    """Return black or white, whichever is easier to read on a colour (by Rec. 601 luma)."""
    luma = 0.299 * colour.red() + 0.587 * colour.green() + 0.114 * colour.blue()
    return QColor("black") if luma > 110 else QColor("white")


def blend(above: QColor, below: QColor, share: float) -> QColor:
    """Return a colour laid over another with an opacity from 0 to 1."""
    pairs = zip((above.red(), above.green(), above.blue()), (below.red(), below.green(), below.blue()), strict=True)
    return QColor(*(round(share * over + (1 - share) * under) for over, under in pairs))


def faded(colour: QColor, alpha: int) -> QColor:
    """Return a colour with another opacity, 0 to 255."""
    result = QColor(colour)
    result.setAlpha(alpha)
    return result


def class_ink(colour: Rgb) -> QColor:
    """Return the colour of a class as it stands out from cards and tables in the present theme."""
    return readable(QColor(*colour), QApplication.palette().base().color())


class _SwatchEngine(QIconEngine):
    """A rounded square, in a colour that stands out in the theme of the moment."""

    def __init__(self, colour: Rgb) -> None:
        super().__init__()
        self._colour = colour

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setOpacity(0.4 if mode is QIcon.Mode.Disabled else 1.0)
        painter.setBrush(class_ink(self._colour))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 3, 3)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _SwatchEngine(self._colour)


def swatch(colour: Rgb) -> QIcon:
    """Return a square of a class's colour; it follows the theme."""
    return QIcon(_SwatchEngine(colour))
