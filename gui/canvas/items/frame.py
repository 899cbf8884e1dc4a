"""What the counting frame and the region leave out, on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from core.text import gettext
from gui.canvas.items.outlines import Outlines
from gui.widgets.colour import ALLOWED, DASHES, FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from PySide6.QtGui import QPainter

    from core.counting.frame import Frame
    from core.counting.region import Point

_VEIL = QColor(20, 24, 30, 95)
_DRAFT = QColor("#2f7bd9")
_LEFT_OUT_OPACITY = 0.7
_DOTS = (2, 3)
_LINE, _CASING = 3.0, 5.5
_HANDLE = 4.0


class FrameItem(QGraphicsItem):
    """One item: a veil over what is outside the region, the lines of the frame, and the cells that are left out.

    It lies between the photograph and the boxes. An outline that is being drawn is its ``draft``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self._frame: Frame | None = None
        self._cells: list[tuple[NDArray[np.float32], QColor, str]] = []
        self._draft: list[Point] = []
        self._bounds = QRectF()
        self._outlines: Outlines | None = None
        self._outlines_for: tuple[QTransform, QSize, float] | None = None

    @property
    def left_out_count(self) -> int:
        """How many cells are drawn as left out."""
        return sum(len(boxes) for boxes, _, _ in self._cells)

    @property
    def frame(self) -> Frame | None:
        """The frame that is drawn."""
        return self._frame

    def set_bounds(self, bounds: QRectF) -> None:
        """Cover an image."""
        self.prepareGeometryChange()
        self._bounds = bounds.adjusted(-bounds.width(), -bounds.height(), bounds.width(), bounds.height())

    def set_frame(self, frame: Frame | None, cells: Sequence[tuple[NDArray[np.float32], QColor, str]] = ()) -> None:
        """Draw a frame, and what it leaves out: boxes (N, 4), colour and name of each class."""
        self._frame = frame
        self._cells = [group for group in cells if len(group[0])]
        self._outlines_for = None
        self.update()

    def set_draft(self, corners: Sequence[Point]) -> None:
        """Show an outline that is being drawn, from its first corner to the pointer; () takes it off."""
        self._draft = list(corners)
        self.update()

    def text_at(self, point: QPointF) -> str:
        """Return why the cell at a point does not count, or ""."""
        for boxes, _, name in self._cells:
            x1, y1, x2, y2 = boxes.T
            if ((x1 <= point.x()) & (point.x() <= x2) & (y1 <= point.y()) & (point.y() <= y2)).any():
                return gettext("{name}, not counted: {reason}").format(name=name, reason=self._reason())
        return ""

    def _reason(self) -> str:
        frame = self._frame
        if frame is None or not frame.rule.sides:
            return gettext("its middle lies outside the region")
        lines = gettext("the image's") if frame.region is None else "a"
        return gettext("it touches {lines} dashed line, or lies outside the frame").format(lines=lines)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._frame is not None:
            self._draw_veil(painter, self._frame)
            self._draw_left_out(painter)
            self._draw_lines(painter, self._frame)
        if self._draft:
            self._draw_draft(painter)

    def _draw_veil(self, painter: QPainter, frame: Frame) -> None:
        if frame.region is None:
            return
        outside, inside = QPainterPath(), QPainterPath()
        outside.addRect(QRectF(0, 0, frame.width, frame.height))
        inside.addPolygon(QPolygonF([QPointF(*corner) for corner in frame.region.corners]))
        inside.closeSubpath()
        painter.fillPath(outside.subtracted(inside), _VEIL)

    def _draw_left_out(self, painter: QPainter) -> None:
        """Draw the cells that do not count with faint dots; thousands of them if the region is small."""
        if not self._cells:
            return
        device, transform = painter.device(), painter.transform()
        ratio, size = device.devicePixelRatioF(), QSize(device.width(), device.height())
        if self._outlines is None or self._outlines_for != (transform, size, ratio):
            outlines = Outlines(round(size.width() * ratio), round(size.height() * ratio), ratio)
            shift = np.array([transform.dx(), transform.dy()] * 2, np.float32)
            for boxes, colour, _ in self._cells:
                corners = boxes * np.float32(transform.m11()) + shift
                outlines.draw(corners, colour, 2, _DOTS)
            self._outlines, self._outlines_for = outlines, (transform, size, ratio)
        painter.save()
        painter.resetTransform()
        painter.setOpacity(_LEFT_OUT_OPACITY)
        painter.drawImage(self._outlines.corner, self._outlines.image)
        painter.restore()

    def _draw_lines(self, painter: QPainter, frame: Frame) -> None:
        sides = [(QLineF(*side.start, *side.end), side.forbidden) for side in frame.sides]
        for forbidden in (False, True):
            lines = [line for line, is_forbidden in sides if is_forbidden is forbidden]
            if lines:
                painter.setPen(_pen(QColor(255, 255, 255), _CASING))
                painter.drawLines(lines)
                painter.setPen(_pen(FORBIDDEN if forbidden else ALLOWED, _LINE, dashed=forbidden))
                painter.drawLines(lines)

    def _draw_draft(self, painter: QPainter) -> None:
        outline = QPolygonF([QPointF(*corner) for corner in self._draft])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (_pen(QColor(255, 255, 255), 4.0), _pen(_DRAFT, 2.0)):
            painter.setPen(pen)
            painter.drawPolyline(outline)
        side = _HANDLE / max(painter.transform().m11(), 1e-6)
        painter.setBrush(QColor(255, 255, 255))
        for corner in self._draft[:-1]:
            painter.drawRect(QRectF(corner[0] - side, corner[1] - side, 2 * side, 2 * side))


def _pen(colour: QColor, width: float, *, dashed: bool = False) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap if dashed else Qt.PenCapStyle.SquareCap)
    if dashed:
        pen.setDashPattern(DASHES)
    return pen
