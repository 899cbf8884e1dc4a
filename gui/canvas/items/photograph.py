"""The photograph on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PhotographItem(QGraphicsItem):
    """The photograph, drawn from the coarsest copy that is sharp enough.

    What was drawn last is kept, so that moving a slider over a large image repaints only boxes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._levels: tuple[NDArray[np.uint8], ...] = ()
        self._size = QSize(0, 0)
        self._table: NDArray[np.uint8] | None = None
        self._rendered: QPixmap | None = None
        self._rendered_for: tuple[QTransform, QRect] | None = None

    def set_levels(self, levels: tuple[NDArray[np.uint8], ...], size: QSize | None = None) -> None:
        """Show a photograph given as uint8 RGB (H, W, 3) and ever smaller copies of it; () clears.

        ``size`` is that of the image, where even the first copy is smaller.
        """
        self.prepareGeometryChange()
        self._levels = levels
        own = QSize(levels[0].shape[1], levels[0].shape[0]) if levels else QSize(0, 0)
        self._size = own if size is None else size
        self._rendered_for = None
        self.update()

    def set_table(self, table: NDArray[np.uint8] | None) -> None:
        """Show each value of each channel as another one, uint8 (256, 3); None: as it is."""
        self._table = table
        self._rendered_for = None
        self.update()

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """The photograph as it is counted, uint8 RGB (H, W, 3); None while it is not there in full."""
        full = bool(self._levels) and self._levels[0].shape[1::-1] == (self._size.width(), self._size.height())
        return self._levels[0] if full else None

    @property
    def smallest(self) -> NDArray[np.uint8] | None:
        """The smallest copy, uint8 RGB (H, W, 3)."""
        return self._levels[-1] if self._levels else None

    def boundingRect(self) -> QRectF:
        return QRectF(0, 0, self._size.width(), self._size.height())

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if not self._levels:
            return
        transform = painter.transform()
        screen = transform.mapRect(self.boundingRect()).toAlignedRect()
        device = painter.device()
        screen &= QRect(0, 0, device.width(), device.height())
        if screen.isEmpty():
            return
        if self._rendered is None or self._rendered_for != (transform, screen):
            ratio = device.devicePixelRatioF()
            self._rendered = QPixmap(screen.size() * ratio)
            self._rendered.setDevicePixelRatio(ratio)
            self._rendered.fill(Qt.GlobalColor.transparent)
            inner = QPainter(self._rendered)
            inner.setTransform(transform * QTransform.fromTranslate(-screen.x(), -screen.y()))
            self._draw_visible(inner, transform, screen)
            inner.end()
            self._rendered_for = (transform, screen)
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(screen.topLeft(), self._rendered)
        painter.restore()

    def _draw_visible(self, painter: QPainter, transform: QTransform, screen: QRect) -> None:
        zoom = transform.m11() * painter.device().devicePixelRatioF()
        coarser = self._size.width() / self._levels[0].shape[1]
        level = int(np.clip(np.floor(np.log2(1 / max(zoom * coarser, 1e-6))), 0, len(self._levels) - 1))
        pixels = self._levels[level]
        height, width = self._size.height(), self._size.width()
        step_x, step_y = width / pixels.shape[1], height / pixels.shape[0]
        inverse, _ = transform.inverted()
        visible = inverse.mapRect(QRectF(screen))
        x1 = max(int(visible.left() / step_x) - 1, 0)
        y1 = max(int(visible.top() / step_y) - 1, 0)
        x2 = min(int(visible.right() / step_x) + 2, pixels.shape[1])
        y2 = min(int(visible.bottom() / step_y) + 2, pixels.shape[0])
        piece = np.ascontiguousarray(pixels[y1:y2, x1:x2])
        if self._table is not None:
            piece = np.asarray(cv2.LUT(piece, self._table[None]), np.uint8)
        image = QImage(piece.data, x2 - x1, y2 - y1, piece.strides[0], QImage.Format.Format_RGB888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < 4)
        target = QRectF(x1 * step_x, y1 * step_y, (x2 - x1) * step_x, (y2 - y1) * step_y)
        painter.drawImage(target, image, QRectF(image.rect()))
