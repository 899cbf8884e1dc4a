"""The list of pictures with the state and the counts of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from core.classes import short_name
from gui.document import Document, Entry, State

if TYPE_CHECKING:
    from PySide6.QtCore import QItemSelection

_STATE_COLOURS = {
    State.WAITING: QColor("#9aa4b1"),
    State.COUNTING: QColor("#2f7bd9"),
    State.COUNTED: QColor("#2e9e5b"),
    State.FAILED: QColor("#c8372d"),
}
_STATE_TEXTS = {State.WAITING: "waiting", State.COUNTING: "counting …", State.FAILED: "could not be counted"}
_ROW_HEIGHT = 44
_Index = QModelIndex | QPersistentModelIndex


class ImageListModel(QAbstractListModel):
    """The document's pictures as rows."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.document = document
        document.images_changed.connect(self._on_images_changed)
        document.image_changed.connect(self._on_image_changed)
        document.counts_changed.connect(self._on_counts_changed)

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.document.entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.document.entries):
            return None
        entry = self.document.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.path.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.error or str(entry.path)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{entry.path.name}, {self.summary(entry)}"
        return None

    def summary(self, entry: Entry) -> str:
        """Return the counts of a picture, or its state, in a few words."""
        result = self.document.result(entry)
        if entry.state is State.COUNTED and result is not None:
            return "  ".join(f"{short_name(name)} {number}" for name, number in result.counts.items())
        return _STATE_TEXTS.get(entry.state, "")

    def _on_images_changed(self) -> None:
        self.beginResetModel()
        self.endResetModel()

    def _on_image_changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row), self.index(row))

    def _on_counts_changed(self) -> None:
        if self.document.entries:
            self.dataChanged.emit(self.index(0), self.index(len(self.document.entries) - 1))


class _RowPainter(QStyledItemDelegate):
    """Two lines: the name, shortened in its middle, and the counts; before them a mark of the state."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(120, max(_ROW_HEIGHT, 2 * option.fontMetrics.height() + 12))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        assert isinstance(model, ImageListModel)
        entry = model.document.entries[index.row()]
        painter.save()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        if selected:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Highlight))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, palette.color(QPalette.ColorRole.Base))
        text = palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        faint = QColor(text) if selected else palette.color(QPalette.ColorRole.PlaceholderText)
        self._draw_mark(painter, option.rect, entry.state)
        area = option.rect.adjusted(30, 5, -8, -5)
        half = area.height() // 2
        name_font = QFont(option.font)
        name_font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(name_font)
        painter.setPen(text)
        name = painter.fontMetrics().elidedText(entry.path.name, Qt.TextElideMode.ElideMiddle, area.width())
        painter.drawText(QRect(area.x(), area.y(), area.width(), half), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(option.font)
        painter.setPen(faint)
        summary = painter.fontMetrics().elidedText(model.summary(entry), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(QRect(area.x(), area.y() + half, area.width(), half), Qt.AlignmentFlag.AlignVCenter, summary)
        painter.restore()

    def _draw_mark(self, painter: QPainter, row: QRect, state: State) -> None:
        """Ring: waiting; half disc: counting; disc: counted; cross: failed."""
        colour = _STATE_COLOURS[state]
        mark = QRect(row.x() + 11, row.center().y() - 5, 11, 11)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 2))
        if state is State.FAILED:
            painter.drawLine(QPointF(mark.topLeft()), QPointF(mark.bottomRight()))
            painter.drawLine(QPointF(mark.topRight()), QPointF(mark.bottomLeft()))
            return
        painter.setBrush(colour if state is State.COUNTED else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(mark)
        if state is State.COUNTING:
            painter.setBrush(colour)
            painter.drawPie(mark, 90 * 16, -180 * 16)


class ImageList(QListView):
    """Shows the pictures; says which one the person chose."""

    chosen = Signal(int)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("imageList")
        self.setAccessibleName("Pictures")
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._document = document
        self.setModel(ImageListModel(document))
        self.setItemDelegate(_RowPainter(self))
        document.images_changed.connect(self._select_current)
        document.current_changed.connect(self._select_current)
        self.selectionModel().selectionChanged.connect(self._on_selection)

    def _select_current(self) -> None:
        index = self.model().index(self._document.current, 0)
        if index.isValid():
            self.setCurrentIndex(index)

    def _on_selection(self, selected: QItemSelection, _old: QItemSelection) -> None:
        rows = selected.indexes()
        if rows and rows[0].row() != self._document.current:
            self.chosen.emit(rows[0].row())
