"""Draws a tile: a piece of an image with the outline of a cell in it, and a line of text below."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.text import gettext
from gui.widgets.colour import faded

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from gui.widgets.tiles.crops import Crops, Region

Index = QModelIndex | QPersistentModelIndex
GAP = 3
"""Pixels between the edge of a tile and what is in it."""

_POINT_ARM = 6.0
_TICK, _TICK_GAP = 7.0, 1.5
_FIRM_LINE, _BROKEN_LINE = 3.0, 2.0
_DASHES = [3.0, 2.0]


@dataclass(frozen=True)
class Tile:
    """What a tile shows: a square of an image, and the outline of a cell in the pixels of that image.

    An outline without an extent is a point. ``dashed``: a cell that was not counted; ``veiled``: one that is done with.
    ``bare``: only the corners of the outline are drawn, unless the tile is selected or below the pointer. ``frame``:
    the colour of a line round the piece, None for none; it is broken unless ``firm``.
    """

    image: int
    region: Region
    outline: tuple[float, float, float, float]
    dashed: bool = False
    veiled: bool = False
    bare: bool = False
    frame: QColor | None = None
    firm: bool = False


class TileModel(QAbstractListModel):
    """A list of tiles; the text below one is its display role."""

    @abstractmethod
    def tile(self, row: int) -> Tile:
        """Return what the tile of a row shows."""


class TileDelegate(QStyledItemDelegate):
    """Draws the tiles of a ``TileModel``, all of them ``side`` pixels wide and high and in one ``colour``."""

    def __init__(self, crops: Crops, side: int, parent: QObject) -> None:
        super().__init__(parent)
        self._crops = crops
        self.colour = QColor("gray")
        self.side = side

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, TileModel)
        tile, palette = model.tile(index.row()), option.palette
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        frame = QRect(option.rect.topLeft(), tile_size(self.side, option.fontMetrics.height())).adjusted(1, 1, -1, -1)
        photo = QRect(frame.x() + GAP - 1, frame.y() + GAP - 1, self.side, self.side)
        painter.save()
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(Qt.PenStyle.NoPen)
        ink = palette.color(QPalette.ColorRole.Text)
        if selected:
            painter.setBrush(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(frame, 4, 4)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(faded(ink, 36))
            painter.drawRoundedRect(frame, 4, 4)
        painter.fillRect(photo, palette.color(QPalette.ColorRole.Base))
        painter.fillRect(photo, faded(ink, 40))
        ratio = painter.device().devicePixelRatioF()
        piece = self._crops.piece(tile.image, tile.region, round(self.side * ratio))
        if piece is not None:
            painter.drawPixmap(photo, piece)
            if not tile.bare or selected or option.state & QStyle.StateFlag.State_MouseOver:
                self._draw_outline(painter, photo, tile)
            else:
                _draw_corners(painter, _placed(photo, tile))
        elif self._crops.error_of(tile.image):
            painter.setFont(option.font)
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            middle = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(photo.adjusted(2, 2, -2, -2), middle, gettext("no image"))
            painter.setPen(Qt.PenStyle.NoPen)
        if tile.frame is not None:
            self._draw_frame(painter, photo, tile.frame, firm=tile.firm)
        if tile.veiled:
            painter.fillRect(photo, faded(palette.color(QPalette.ColorRole.Base), 150))
        painter.setPen(palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        painter.setFont(option.font)
        below = QRect(photo.x(), photo.bottom() + 1, self.side, frame.bottom() - photo.bottom() - 1)
        text = option.fontMetrics.elidedText(str(index.data()), Qt.TextElideMode.ElideRight, self.side)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, text)
        if option.state & QStyle.StateFlag.State_HasFocus and not selected:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 1.5))
            painter.drawRoundedRect(frame, 4, 4)
        painter.restore()

    def _draw_frame(self, painter: QPainter, photo: QRect, colour: QColor, *, firm: bool) -> None:
        """Draw a whole line, or a thinner broken one on a light ground, just inside the edge of the piece."""
        width = _FIRM_LINE if firm else _BROKEN_LINE
        edge = QRectF(photo).adjusted(width / 2, width / 2, -width / 2, -width / 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        broken = QPen(colour, width, Qt.PenStyle.CustomDashLine)
        broken.setDashPattern(_DASHES)
        broken.setCapStyle(Qt.PenCapStyle.FlatCap)
        ground = QPen(QColor(255, 255, 255, 220), width)
        for pen in (QPen(colour, width),) if firm else (ground, broken):
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.drawRect(edge)

    def _draw_outline(self, painter: QPainter, photo: QRect, tile: Tile) -> None:
        """Draw a counted cell in the colour of its class, another one as the ground truth is drawn: white dashes."""
        outline = _placed(photo, tile)
        counted = QPen(QColor(255, 255, 255, 150), 2.0), QPen(self.colour, 1.0)
        dashed = QPen(QColor(0, 0, 0, 150), 2.0), QPen(QColor(255, 255, 255), 1.0, Qt.PenStyle.DashLine)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in dashed if tile.dashed else counted:
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            if outline.isEmpty():
                for arm in (QPointF(_POINT_ARM, 0), QPointF(0, _POINT_ARM)):
                    painter.drawLine(outline.topLeft() - arm, outline.topLeft() + arm)
            else:
                painter.drawRect(outline)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return tile_size(self.side, option.fontMetrics.height())


def _placed(photo: QRect, tile: Tile) -> QRectF:
    """Return where the outline of the cell is on the screen."""
    left, top, size = tile.region
    scale = photo.width() / size
    x1, y1, x2, y2 = tile.outline
    return QRectF(photo.x() + (x1 - left) * scale, photo.y() + (y1 - top) * scale, (x2 - x1) * scale, (y2 - y1) * scale)


def _draw_corners(painter: QPainter, outline: QRectF) -> None:
    """Say quietly which cell of the piece is meant: ticks just outside the corners of its box, which hide nothing."""
    area = outline.adjusted(-_TICK_GAP, -_TICK_GAP, _TICK_GAP, _TICK_GAP)
    arm = min(_TICK, area.width() / 4, area.height() / 4)
    path = QPainterPath()
    for corner, x, y in (
        (area.topLeft(), 1, 1),
        (area.topRight(), -1, 1),
        (area.bottomLeft(), 1, -1),
        (area.bottomRight(), -1, -1),
    ):
        path.moveTo(corner + QPointF(x * arm, 0))
        path.lineTo(corner)
        path.lineTo(corner + QPointF(0, y * arm))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in (QPen(QColor(255, 255, 255, 170), 2.0), QPen(QColor(20, 24, 30, 200), 1.0)):
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawPath(path)


def tile_size(side: int, text_height: int) -> QSize:
    """Return the size of a tile with a piece of an image ``side`` wide and high, and a line of text below it."""
    return QSize(side + 2 * GAP, side + text_height + 2 * GAP + 2)
