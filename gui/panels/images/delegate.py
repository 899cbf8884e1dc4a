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
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPen
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
from gui.panels.images.marks import (
    STALE,
    draw_check,
    draw_folder,
    draw_pencil,
    draw_state,
    mark_colours,
    warning_ink,
)
from gui.panels.images.thumbnails import THUMBNAIL_SIDE, Thumbnails
from gui.widgets.colour import blend
from gui.widgets.elided import wrapped
from gui.widgets.grade import draw_grade
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from gui.panels.images.model import Group, ImageListModel
    from gui.panels.images.thumbnails import Thumbnail

_MARGIN = 8
_GAP = 10
_BADGE = 17
_LIGHT = 13
_REASON_LINES = 2
_Index = QModelIndex | QPersistentModelIndex


def fitting(parts: Sequence[str], width: int, metrics: QFontMetrics) -> str:
    """Join counts so that they fit: their classes are left out before a number is, and half a number never shown."""
    numbers = " / ".join(part.rsplit(" ", 1)[-1] for part in parts)
    shorter = ("  ".join(parts[:length]) + " …" for length in range(len(parts) - 1, 0, -1))
    for text in ("  ".join(parts), " ".join(parts), *([numbers] if len(parts) > 1 else []), *shorter):
        if metrics.horizontalAdvance(text) <= width:
            return text
    return metrics.elidedText(parts[0], Qt.TextElideMode.ElideRight, width) if len(parts) == 1 else "…"


class RowPainter(QStyledItemDelegate):
    """A thumbnail with a mark of the state, and beside it name, counts, and why the image asks for the user."""

    def __init__(self, model: ImageListModel, thumbnails: Thumbnails, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, max(THUMBNAIL_SIDE + 10, 4 * option.fontMetrics.height() + 4))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item, group = self._model.item(index), self._model.group(index)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if group is not None:
            self._draw_heading(painter, option, group)
        elif item is not None:
            self._draw_image(painter, option, item)
        painter.restore()

    def _draw_image(self, painter: QPainter, option: QStyleOptionViewItem, item: ImageItem) -> None:
        ground = self._draw_ground(painter, option)
        thumb = QRect(0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        thumb.moveCenter(option.rect.center())
        thumb.moveLeft(option.rect.left() + _MARGIN)
        thumbnail = self._thumbnails.get(item.path, painter.device().devicePixelRatioF(), self._model.scale(item))
        self._draw_thumbnail(painter, thumb, thumbnail, option.palette)
        if item.state is not State.COUNTED:
            badge = QPointF(thumb.right() - 3, thumb.bottom() - 3)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ground)
            painter.drawEllipse(badge, _BADGE / 2, _BADGE / 2)
            draw_state(painter, badge, mark_colours(option.palette)[item.state], item.state)
        self._draw_texts(painter, option, thumb.right() + 1 + _GAP, item)

    def _draw_heading(self, painter: QPainter, option: QStyleOptionViewItem, group: Group) -> None:
        """Draw the name of a folder and how many of its images are listed, with a line above."""
        palette, rect = option.palette, option.rect
        text, faint = palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.PlaceholderText)
        if rect.top() > 0:
            painter.fillRect(
                QRect(rect.left(), rect.top(), rect.width(), 1), blend(text, palette.window().color(), 0.2)
            )
        draw_folder(painter, QPointF(rect.left() + _MARGIN + 8, rect.center().y() + 8), faint)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold)
        names, lines = QFontMetrics(font), option.fontMetrics
        left, width = rect.left() + _MARGIN + 24, rect.width() - 2 * _MARGIN - 24
        note_top = rect.bottom() - 6 - lines.height()
        painter.setFont(font)
        painter.setPen(text)
        name = names.elidedText(group.folder.name, Qt.TextElideMode.ElideMiddle, width)
        painter.drawText(QPoint(left, note_top - names.height() + names.ascent()), name)
        painter.setFont(option.font)
        painter.setPen(faint)
        painter.drawText(QPoint(left, note_top + lines.ascent()), self._model.heading_note(group))

    def _tick(self, item: ImageItem, palette: QPalette) -> QColor:
        return STALE if self._model.is_outdated(item) else mark_colours(palette)[State.COUNTED]

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
        reason, quality = self._model.reason(item), self._model.quality(item)
        width = option.rect.right() + 1 - _MARGIN - left
        reasons = wrapped(reason, width, lines, _REASON_LINES)
        height = names.height() + (1 + len(reasons)) * lines.height() + 1
        top = option.rect.center().y() - height // 2
        middle, right = top + names.height() / 2, left + width
        if item.reviewed:
            draw_check(painter, QPointF(right - 6, middle), self._tick(item, option.palette))
        if item.edited:
            draw_pencil(painter, QPointF(right - 24, middle), text if selected else faint)
        room = width - (36 if item.edited else 18 if item.reviewed else 0)
        painter.setFont(name_font)
        painter.setPen(text)
        name = self._model.names.fitting(item.path.name, room, names)
        painter.drawText(QPoint(left, top + names.ascent()), name)
        top += names.height() + 1
        painter.setFont(line_font)
        painter.setPen(faint)
        summary = fitting(self._model.summary(item), width - (_LIGHT + 4 if quality is not None else 0), lines)
        painter.drawText(QPoint(left, top + lines.ascent()), summary)
        painter.setPen(warning_ink(option.palette))
        for place, line in enumerate(reasons, 1):
            painter.drawText(QPoint(left, top + place * lines.height() + lines.ascent()), line)
        if quality is not None:
            area = QRectF(0, 0, _LIGHT, _LIGHT)
            area.moveCenter(QPointF(right - 6, top + lines.height() / 2))
            draw_grade(painter, area, quality.grade, quiet=quality.quiet)


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

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Paint a row again; a QListView would lay out and paint all of them for it."""
        QAbstractItemView.dataChanged(self, first, last, list(roles))

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
