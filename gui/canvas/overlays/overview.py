"""Where one is in the image: a small copy of it with what is in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from core.text import gettext
from gui.canvas.items.chip import GROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gui.canvas.camera import Camera

_LONGEST = 150
_BORDER = 3


class Overview(QWidget):
    """The map; a click or a drag on it moves the view there."""

    def __init__(self, canvas: Camera) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._image = QImage()
        self.setAccessibleName(gettext("Overview map"))
        self.setToolTip(gettext("What is in view; click to go there"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def set_photograph(self, pixels: NDArray[np.uint8] | None, table: NDArray[np.uint8] | None) -> None:
        """Show a photograph, uint8 RGB (H, W, 3), each value as a table (256, 3) has it; None: none."""
        if pixels is None:
            self._image = QImage()
            return
        shrink = _LONGEST * self.devicePixelRatioF() / max(pixels.shape[:2])
        small = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        small = np.ascontiguousarray(small if table is None else cv2.LUT(small, table[None]))
        height, width = small.shape[:2]
        self._image = QImage(small.data, width, height, small.strides[0], QImage.Format.Format_RGB888).copy()
        self.fit_in(self._canvas.size())
        self.update()

    def fit_in(self, room: QSize) -> None:
        """Be no larger than a fifth of the canvas."""
        longest = min(_LONGEST, room.width() // 5, room.height() // 4)
        size = self._image.size().scaled(longest, longest, Qt.AspectRatioMode.KeepAspectRatio)
        self.setFixedSize(size.width() + 2 * _BORDER, size.height() + 2 * _BORDER)

    @property
    def has_photograph(self) -> bool:
        """Whether there is something to show."""
        return not self._image.isNull()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(GROUND)
        painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        inner = self.rect().adjusted(_BORDER, _BORDER, -_BORDER, -_BORDER)
        painter.drawImage(inner, self._image)
        area, view = self._canvas.area, self._canvas.visible_area() & self._canvas.area
        if not area.isEmpty():
            scale = inner.width() / area.width()
            rect = QRectF(view.left() * scale, view.top() * scale, view.width() * scale, view.height() * scale)
            rect.translate(_BORDER, _BORDER)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in ((QColor(20, 24, 30), 3.0), (QColor(255, 255, 255), 1.5)):
                painter.setPen(QPen(colour, width))
                painter.drawRect(rect)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            scale = self._canvas.area.width() / max(self.width() - 2 * _BORDER, 1)
            self._canvas.move_to((event.position() - QPointF(_BORDER, _BORDER)) * scale)
        event.accept()
