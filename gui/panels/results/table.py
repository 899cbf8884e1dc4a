"""A table of images: sorted by a click on a heading, and each row a way back to its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, Signal, Slot
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from core.text import gettext
from gui.panels.results.columns import TOTAL, ImagesModel
from gui.widgets.tables import CopyTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
    from PySide6.QtWidgets import QWidget

_Index = QModelIndex | QPersistentModelIndex
_NAME = 1
_NARROWEST_NAME = 110
_SHORT = 5  # letters that always fit
_PADDING, _ICON = 6, 16
_LEAST_AIR = 13
_AIR = 24  # of a heading, with the arrow that says how it is sorted


class ImagesTable(CopyTable):
    """Shows a model of images."""

    image_wanted = Signal(object)  # id

    def __init__(self, model: ImagesModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._images = model
        self._texts: list[int] = []
        self._air = 0
        self.setModel(model)
        self.setItemDelegate(RowDelegate(model, self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(False)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(model.sort)
        header.setToolTip(gettext("Click to sort; No. is the order of the list"))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.show_action = QAction(gettext("Show image"), self)
        self.show_action.triggered.connect(self._show_current)
        copy = QAction(gettext("Copy table"), self)
        copy.triggered.connect(self.copy)
        self.addActions([self.show_action, copy])
        self.doubleClicked.connect(self._want)
        model.modelReset.connect(self._on_reset)

    @property
    def current_image(self) -> int | None:
        """The id of the image whose row is chosen; None if there is none."""
        row = self.currentIndex().row()
        image = self._images.rows[row] if 0 <= row < len(self._images.rows) else TOTAL
        return None if image == TOTAL else image

    def choose(self, image: int | None) -> None:
        """Choose the row of an image, and bring it into view."""
        place = -1 if image is None else self._images.place(image)
        if place >= 0:
            self.setCurrentIndex(self._images.index(place, _NAME))

    def dataChanged(self, first: _Index, last: _Index, roles: Sequence[int] = ()) -> None:
        """Paint the rows again that have changed; a QTableView would paint all."""
        top = self.rowViewportPosition(first.row())
        bottom = self.rowViewportPosition(last.row()) + self.rowHeight(last.row())
        self.viewport().update(0, top, self.viewport().width(), bottom - top)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._show_current()
        else:
            super().keyPressEvent(event)

    def fit_columns(self) -> None:
        """Give columns the width of their headings, and the rest to the names."""
        metrics = self.horizontalHeader().fontMetrics()
        self._texts = [
            max(metrics.horizontalAdvance(line) for line in (*column.heading.split("\n"), column.widest))
            for column in self._images.columns
        ]
        self._air = 0
        self._spread()

    def _spread(self) -> None:
        """Give columns their texts and some air, less of it where the table is narrow, and the names what is left."""
        header, room = self.horizontalHeader(), self.viewport().width()
        others = [place for place in range(header.count()) if place != _NAME]
        if len(self._texts) != header.count() or not others:
            return
        texts = sum(self._texts[place] for place in others)
        air = min(max((room - texts - _NARROWEST_NAME) // len(others), _LEAST_AIR), _AIR)
        if air != self._air:  # else they stay as wide as the user made them
            self._air = air
            for place in others:
                header.resizeSection(place, self._texts[place] + air)
        needed = sum(header.sectionSize(place) for place in others)
        header.resizeSection(_NAME, max(room - needed, _NARROWEST_NAME))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._spread()

    @Slot()
    def _on_reset(self) -> None:
        if self.horizontalHeader().sortIndicatorSection() >= len(self._images.columns):
            self.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)

    @Slot()
    def _show_current(self) -> None:
        if self.current_image is not None:
            self.image_wanted.emit(self.current_image)

    @Slot(object)
    def _want(self, index: QModelIndex) -> None:
        image = self._images.rows[index.row()]
        if image != TOTAL:
            self.image_wanted.emit(image)


class RowDelegate(QStyledItemDelegate):
    """Paints a cell without asking the style for each: a screen of rows takes a few milliseconds."""

    def __init__(self, model: ImagesModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._images = model

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model, row, column = self._images, index.row(), index.column()
        palette: QPalette = option.palette
        area: QRect = option.rect
        ink = QPalette.ColorRole.Text
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, palette.color(QPalette.ColorRole.Highlight))
            ink = QPalette.ColorRole.HighlightedText
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(palette.color(ink))
            painter.drawRect(area.adjusted(1, 1, -2, -2))
        font = model.look(row, column, Qt.ItemDataRole.FontRole) or option.font
        room = area.adjusted(_PADDING, 0, -_PADDING, 0)
        icon = model.look(row, column, Qt.ItemDataRole.DecorationRole)
        if icon is not None:
            icon.paint(painter, QRect(room.left(), area.top(), _ICON, area.height()))
            room.setLeft(room.left() + _ICON + _PADDING)
        painter.setFont(font)
        painter.setPen(palette.color(ink))
        painter.drawText(
            room, model.columns[column].alignment, self._fitting(model.shown(row, column), room, painter, column)
        )

    def _fitting(self, text: str, room: QRect, painter: QPainter, column: int) -> str:
        """Return a text as far as it fits; long names so that they can be told from each other."""
        if column == _NAME:
            return self._images.names.fitting(text, room.width(), painter.fontMetrics())
        if len(text) <= _SHORT:
            return text
        return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room.width())
