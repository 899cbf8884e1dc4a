"""One row of the image list: how it is drawn, and the view that holds the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from core.text import gettext
from gui.panels.images.thumbnails import THUMBNAIL_SIDE, Thumbnails
from gui.widgets.colour import blend
from gui.widgets.grade import draw_grade
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from gui.panels.images.model import ImageListModel
    from gui.panels.images.thumbnails import Thumbnail

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
_MARGIN = 8
_GAP = 10
_BADGE = 17
_MARK = 9.0
_LIGHT = 13
_STALE = QColor("#c98a00")
_Index = QModelIndex | QPersistentModelIndex


def _mark_colours(palette: QPalette) -> dict[State, QColor]:
    return _DARK_MARKS if palette.color(QPalette.ColorRole.Base).lightness() < 128 else _LIGHT_MARKS


def _draw_state(painter: QPainter, centre: QPointF, colour: QColor, state: State) -> None:
    """Draw the mark of a state. Ring: waiting; half disc: counting; disc: counted; cross: failed."""
    mark = QRectF(centre.x() - _MARK / 2, centre.y() - _MARK / 2, _MARK, _MARK)
    painter.setPen(QPen(colour, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    if state is State.FAILED:
        cross = mark.adjusted(0.8, 0.8, -0.8, -0.8)
        painter.drawLine(cross.topLeft(), cross.bottomRight())
        painter.drawLine(cross.topRight(), cross.bottomLeft())
        return
    painter.setBrush(colour if state is State.COUNTED else Qt.BrushStyle.NoBrush)
    painter.drawEllipse(mark)
    if state is State.COUNTING:
        painter.setBrush(colour)
        painter.drawPie(mark, 90 * 16, -180 * 16)


def _draw_check(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Draw the mark of a reviewed picture."""
    pen = QPen(colour, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline([centre + QPointF(x, y) for x, y in ((-5.0, 0.4), (-1.6, 4.0), (5.0, -4.0))])


def _draw_pencil(painter: QPainter, centre: QPointF, colour: QColor) -> None:
    """Draw the mark of an edited picture."""
    painter.setPen(QPen(colour, 3.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(centre + QPointF(4.2, -4.2), centre + QPointF(-1.9, 1.9))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([centre + QPointF(x, y) for x, y in ((-3.7, 1.3), (-1.3, 3.7), (-5.2, 5.2))]))


def fitting(parts: Sequence[str], width: int, metrics: QFontMetrics) -> str:
    """Join words so that they fit; what does not is left out whole, since half a number is a wrong number."""
    shorter = ("  ".join(parts[:length]) + " …" for length in range(len(parts) - 1, 0, -1))
    for text in ("  ".join(parts), " ".join(parts), *shorter):
        if metrics.horizontalAdvance(text) <= width:
            return text
    return metrics.elidedText(parts[0], Qt.TextElideMode.ElideRight, width) if len(parts) == 1 else "…"


class RowPainter(QStyledItemDelegate):
    """A thumbnail with a mark of the state, and two lines: the name with marks, and the counts."""

    def __init__(self, model: ImageListModel, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, max(THUMBNAIL_SIDE + 10, 2 * option.fontMetrics.height() + 14))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = self._model.item(index)
        if item is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = self._draw_ground(painter, option)
        thumb = QRect(0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        thumb.moveCenter(option.rect.center())
        thumb.moveLeft(option.rect.left() + _MARGIN)
        thumbnail = self._thumbnails.get(item.path, painter.device().devicePixelRatioF())
        self._draw_thumbnail(painter, thumb, thumbnail, option.palette)
        badge = QPointF(thumb.right() - 3, thumb.bottom() - 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawEllipse(badge, _BADGE / 2, _BADGE / 2)
        _draw_state(painter, badge, _mark_colours(option.palette)[item.state], item.state)
        self._draw_texts(painter, option, thumb.right() + 1 + _GAP, item)
        painter.restore()

    def _draw_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> QColor:
        """Paint behind the row; selected, it has a bar at its edge besides the tint. Return the colour."""
        palette = option.palette
        ground = palette.color(QPalette.ColorRole.Window)
        accent = palette.color(QPalette.ColorRole.Highlight)
        if option.state & QStyle.StateFlag.State_Selected:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            ground = blend(accent, ground, 0.26 if focused else 0.18)
            painter.fillRect(option.rect, ground)
            painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            ground = blend(palette.color(QPalette.ColorRole.Text), ground, 0.06)
            painter.fillRect(option.rect, ground)
        return ground

    def _draw_thumbnail(self, painter: QPainter, area: QRect, thumbnail: Thumbnail | None, palette: QPalette) -> None:
        """Draw the thumbnail; a cross where the file cannot be read, a bare circle where there is none."""
        if thumbnail is not None and thumbnail.pixmap is not None:
            painter.drawPixmap(area, thumbnail.pixmap)
            return
        text, window = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Window)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(blend(text, window, 0.09))
        painter.drawRoundedRect(area, 4, 4)
        if thumbnail is None:
            return
        faint = palette.color(QPalette.ColorRole.PlaceholderText)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(faint, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        centre = QRectF(area).center()
        if thumbnail.readable:
            painter.drawEllipse(centre, 11, 11)
        else:
            painter.drawLine(centre + QPointF(-7, -7), centre + QPointF(7, 7))
            painter.drawLine(centre + QPointF(7, -7), centre + QPointF(-7, 7))

    def _draw_texts(self, painter: QPainter, option: QStyleOptionViewItem, left: int, item: ImageItem) -> None:
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        text = option.palette.color(QPalette.ColorRole.Text)
        faint = option.palette.color(QPalette.ColorRole.PlaceholderText)
        if selected:
            faint = blend(text, faint, 0.6)
        name_font, line_font = QFont(option.font), QFont(option.font)
        name_font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        line_font.setPointSizeF(0.92 * option.font.pointSizeF())
        names, lines = QFontMetrics(name_font), QFontMetrics(line_font)
        height = names.height() + 3 + lines.height()
        top = option.rect.center().y() - height // 2
        width = option.rect.right() + 1 - _MARGIN - left
        middle = top + names.height() / 2
        right = left + width
        if item.reviewed:
            ink = _STALE if self._model.is_outdated(item) else _mark_colours(option.palette)[State.COUNTED]
            _draw_check(painter, QPointF(right - 6, middle), ink)
        if item.edited:
            _draw_pencil(painter, QPointF(right - 24, middle), text if selected else faint)
        room = width - (36 if item.edited else 18 if item.reviewed else 0)
        painter.setFont(name_font)
        painter.setPen(text)
        name = names.elidedText(item.path.name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QPoint(left, top + names.ascent()), name)
        painter.setFont(line_font)
        painter.setPen(faint)
        light = self._model.doubt(item)
        summary = fitting(self._model.summary(item), width - (_LIGHT + 4 if light else 0), lines)
        painter.drawText(QPoint(left, top + names.height() + 3 + lines.ascent()), summary)
        if light is not None:
            area = QRectF(0, 0, _LIGHT, _LIGHT)
            area.moveCenter(QPointF(right - 6, top + names.height() + 3 + lines.height() / 2))
            draw_grade(painter, area, light)


class Rows(QListView):
    """The list itself; one image is always chosen, and it knows whether the pointer holds it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("imageRows")
        self.setAccessibleName(gettext("Images"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.empty_text = ""
        self._pressed = False

    @property
    def held(self) -> bool:
        """Whether the pointer is pressed on a row or on the scroll bar."""
        return self._pressed or self.verticalScrollBar().isSliderDown()

    def visible_places(self) -> range:
        """Return the places of the rows that are on the screen, wholly or in part."""
        count, height = self.model().rowCount(), self.sizeHintForRow(0)
        if not self.isVisible() or not count or height <= 0:
            return range(0)
        first = -self.visualRect(self.model().index(0, 0)).top() // height
        last = first + (self.viewport().height() - 1) // height + 1
        return range(max(first, 0), min(last + 1, count))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = True
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = False
        super().mouseReleaseEvent(event)

    def selectionCommand(self, index: _Index, event: QEvent | None = None) -> QItemSelectionModel.SelectionFlag:
        """Choose what is clicked, with or without Ctrl, which would leave nothing chosen."""
        flags = QItemSelectionModel.SelectionFlag
        return flags.ClearAndSelect if index.isValid() else flags.NoUpdate

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.empty_text and not self.model().rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            area = self.viewport().rect().adjusted(16, 24, -16, -16)
            centred = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(area, centred, self.empty_text)
            painter.end()
