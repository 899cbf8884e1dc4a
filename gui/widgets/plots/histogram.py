"""A slider with the histogram of what it divides: how much lies on either side of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPalette, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QStyle, QVBoxLayout, QWidget

from gui.widgets.colour import blend, readable
from gui.widgets.wheel_safe import QuietSlider

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QPaintEvent

_HEIGHT = 52
_MARK = 4.0  # half the width of the mark of the usual value


class HistogramSlider(QWidget):
    """Bars over a slider, in full colour from its value on.

    ``slider`` goes from 1 to the number of bins; a bin is at its lower end.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QuietSlider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.setPageStep(5)
        self.slider.setObjectName("threshold")
        self.bars = _Bars(self.slider)
        self.slider.valueChanged.connect(self.bars.update)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bars)
        layout.addWidget(self.slider)

    def show_bins(self, bins: NDArray[np.int64]) -> None:
        """Show how many things are in each bin, int64 (B,)."""
        self.bars.bins = bins
        self.bars.update()

    def show_usual(self, step: int | None) -> None:
        """Mark the usual value of the slider, None for no mark."""
        self.bars.usual = step
        self.bars.update()

    def show_colour(self, colour: QColor) -> None:
        """Draw the bars in a colour."""
        self.bars.colour = colour
        self.bars.update()


class _Bars(QWidget):
    """The bars; heights grow with the square root, so that few things can be seen beside many."""

    def __init__(self, slider: QuietSlider) -> None:
        super().__init__()
        self._slider = slider
        self.bins = np.zeros(0, np.int64)
        self.usual: int | None = None
        self.colour = QColor("grey")
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def place(self, step: float) -> float:
        """Return where the middle of the slider's handle is at a value."""
        handle = self._slider.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self._slider)
        low, high = self._slider.minimum(), self._slider.maximum()
        return handle / 2 + (self.width() - handle) * (step - low) / max(high - low, 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self.palette().color(QPalette.ColorRole.Base)
        counted = readable(self.colour, ground)
        faint = blend(self.palette().color(QPalette.ColorRole.Text), ground, 0.22)
        bottom, room = self.height() - 1.0, self.height() - 12.0
        painter.setPen(Qt.PenStyle.NoPen)
        shown = self.bins[self._slider.minimum() :]
        top = float(np.sqrt(shown.max())) if len(shown) and shown.max() else 1.0
        for step in range(self._slider.minimum(), min(self._slider.maximum() + 1, len(self.bins))):
            if self.bins[step]:
                left, right = self.place(step), self.place(step + 1)
                height = max(room * float(np.sqrt(self.bins[step])) / top, 1.0)
                painter.setBrush(counted if step >= self._slider.value() else faint)
                painter.drawRect(QRectF(left, bottom - height, max(right - left - 0.6, 1.0), height))
        painter.setPen(faint)
        painter.drawLine(QPointF(0, bottom), QPointF(self.width(), bottom))
        if self.usual is not None:
            self._paint_usual(painter, self.place(self.usual))
        painter.end()

    def _paint_usual(self, painter: QPainter, x: float) -> None:
        ink = self.palette().color(QPalette.ColorRole.PlaceholderText)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ink)
        points = [QPointF(x - _MARK, 2), QPointF(x + _MARK, 2), QPointF(x, 2 + 1.6 * _MARK)]
        painter.drawPolygon(QPolygonF(points))
        painter.setPen(ink)
        painter.drawLine(QPointF(x, 2 + 1.6 * _MARK), QPointF(x, self.height() - 1.0))
