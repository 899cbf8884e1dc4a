"""How long things are: a bar of a round length, in micrometres where the scale is known."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.text import gettext
from gui.canvas.items.chip import GROUND, INK, TEXT_PIXELS

_LONGEST, _HEIGHT, _PADDING = 120.0, 30, 8


def round_length(longest: float) -> float:
    """Return the longest of 1, 2 and 5 times a power of ten that is not longer."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max(step * power for step in (1, 2, 5) if step * power <= longest * (1 + 1e-9))


class ScaleBar(QWidget):
    """The bar; it lets the mouse through."""

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(round(_LONGEST) + 2 * _PADDING, _HEIGHT)
        self._length = 0.0
        self.text = ""

    def show_scale(self, zoom: float, micrometres: float | None) -> None:
        """Show a length at a zoom; ``micrometres`` is how many a pixel of the image has, None if that is unknown."""
        unit = 1.0 if micrometres is None else micrometres
        longest = _LONGEST / zoom * unit
        length = round_length(longest) if micrometres is not None else max(round_length(longest), 1.0)
        self._length = length / unit * zoom
        form = gettext("{length:g} px") if micrometres is None else gettext("{length:g} µm")
        self.text = form.format(length=length)
        self.setAccessibleName(gettext("Scale bar: {length}").format(length=self.text))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(GROUND)
        width = self._length + 2 * _PADDING
        painter.drawRoundedRect(QRectF(0, 0, width, _HEIGHT), 6, 6)
        font = QFont(self.font())
        font.setPixelSize(TEXT_PIXELS)
        painter.setFont(font)
        painter.setPen(INK)
        painter.drawText(QRectF(0, 2, width, 16), Qt.AlignmentFlag.AlignCenter, self.text)
        painter.setPen(QPen(INK, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        left, right, line = _PADDING, _PADDING + self._length, _HEIGHT - 7
        painter.drawLine(QPointF(left, line), QPointF(right, line))
        for end in (left + 1, right - 1):
            painter.drawLine(QPointF(end, line - 4), QPointF(end, line + 4))
        painter.end()
