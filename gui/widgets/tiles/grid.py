"""A view of equal tiles in rows. Its geometry is arithmetic, so that 100,000 tiles cost what 100 do."""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QCursor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QRubberBand,
    QStyle,
    QStyleOptionRubberBand,
    QStyleOptionViewItem,
    QWidget,
)

_Index = QModelIndex | QPersistentModelIndex
_Move = QAbstractItemView.CursorAction
_GAP = 1
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)
_KEYS = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)


class TileGrid(QAbstractItemView):
    """Shows a list model as tiles of one size, as many in a row as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cell = QSize(1, 1)
        self._band = QRect()
        self._by_keys = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setMouseTracking(True)

    # -- geometry ------------------------------------------------------------------------------

    def cell_size(self) -> QSize:
        """Return the size of a tile with the gap beside it."""
        return self._cell

    def set_cell_size(self, size: QSize) -> None:
        """Make all tiles of another size."""
        self._cell = size
        self.updateGeometries()
        self.viewport().update()

    def visible_rows(self) -> range:
        """Return the rows of the model that are in view."""
        top, height = self.verticalOffset(), self._cell.height()
        first = max(top // height, 0) * self.columns
        behind = ((top + self.viewport().height() - 1) // height + 1) * self.columns
        return range(min(first, self._count), min(max(behind, 0), self._count))

    @property
    def columns(self) -> int:
        """How many tiles are in a line."""
        return max(self.viewport().width() // self._cell.width(), 1)

    @property
    def _pitch(self) -> int:
        """From a tile to the one beside it: full lines share out the room that is left over."""
        full = self._count >= self.columns
        return max(self.viewport().width() // self.columns, self._cell.width()) if full else self._cell.width()

    @property
    def _count(self) -> int:
        return self.model().rowCount() if self.model() is not None else 0

    def updateGeometries(self) -> None:
        super().updateGeometries()
        lines = -(-self._count // self.columns)
        seen = self.viewport().height()
        bar = self.verticalScrollBar()
        bar.setRange(0, max(lines * self._cell.height() - seen, 0))
        bar.setPageStep(max(seen // self._cell.height(), 1) * self._cell.height())
        bar.setSingleStep(max(self._cell.height() // 2, 1))

    def visualRect(self, index: _Index) -> QRect:
        if not index.isValid():
            return QRect()
        line, column = divmod(index.row(), self.columns)
        left = column * self._pitch + (self._pitch - self._cell.width()) // 2
        corner = QPoint(left, line * self._cell.height() - self.verticalOffset())
        return QRect(corner, self._cell).adjusted(_GAP, _GAP, -_GAP, -_GAP)

    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self._pitch
        row = (point.y() + self.verticalOffset()) // self._cell.height() * self.columns + column
        if 0 <= column < self.columns and 0 <= row < self._count:
            return self.model().index(row, 0)
        return QModelIndex()

    def scrollTo(
        self, index: _Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid():
            return
        bar, seen, height = self.verticalScrollBar(), self.viewport().height(), self._cell.height()
        top = index.row() // self.columns * height
        if hint == QAbstractItemView.ScrollHint.PositionAtCenter:
            bar.setValue(top - (seen - height) // 2)
        elif top < bar.value() or hint == QAbstractItemView.ScrollHint.PositionAtTop:
            bar.setValue(top)
        elif top + height > bar.value() + seen:
            bar.setValue(min(top + height - seen, top))

    def horizontalOffset(self) -> int:
        return 0

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def isIndexHidden(self, index: _Index) -> bool:
        return False

    # -- choosing ------------------------------------------------------------------------------

    def moveCursor(self, cursorAction: _Move, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        count, row = self._count, self.currentIndex().row()
        if not count:
            return QModelIndex()
        if row < 0:
            return self.model().index(0, 0)
        page = max(self.viewport().height() // self._cell.height(), 1) * self.columns
        steps = {
            _Move.MoveLeft: -1,
            _Move.MovePrevious: -1,
            _Move.MoveRight: 1,
            _Move.MoveNext: 1,
            _Move.MoveUp: -self.columns,
            _Move.MoveDown: self.columns,
            _Move.MovePageUp: -page,
            _Move.MovePageDown: page,
            _Move.MoveHome: -count,
            _Move.MoveEnd: count,
        }
        to = row + steps[cursorAction]
        if not 0 <= to < count and cursorAction == _Move.MoveUp:
            to = row
        return self.model().index(min(max(to, 0), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        selection = QItemSelection()
        if self.state() == QAbstractItemView.State.DragSelectingState:
            self._band = rect.normalized()
            for first, last in self._rows_in(self._band):
                selection.select(self.model().index(first, 0), self.model().index(last, 0))
            self.viewport().update()
        else:  # a click, Shift or the keyboard: all from one tile to another
            ends = [self.indexAt(corner).row() for corner in (rect.topLeft(), rect.bottomRight())]
            if min(ends) >= 0:
                selection.select(self.model().index(min(ends), 0), self.model().index(max(ends), 0))
        self.selectionModel().select(selection, command)

    def _rows_in(self, rect: QRect) -> list[tuple[int, int]]:
        """Return the first and last row of the model in each line of tiles that a rectangle touches."""
        width, height, columns = self._pitch, self._cell.height(), self.columns
        left, right = max(rect.left() // width, 0), min(rect.right() // width, columns - 1)
        top = max((rect.top() + self.verticalOffset()) // height, 0)
        bottom = min((rect.bottom() + self.verticalOffset()) // height, (self._count - 1) // columns)
        lines = [(line * columns + left, line * columns + right) for line in range(top, bottom + 1)]
        return [(first, min(last, self._count - 1)) for first, last in lines if left <= right and first < self._count]

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return QRegion(self.viewport().rect())

    # -- events --------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark where the keyboard is only for who came with it: else it looks as if a tile were chosen."""
        self._by_keys = event.reason() in _KEYS
        super().focusInEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        unseen = not self._by_keys and not self.selectionModel().hasSelection()
        self._by_keys = True
        if unseen and event.key() in _ARROWS and self.currentIndex().isValid():
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().select(self.currentIndex(), flags.ClearAndSelect)  # begin there, not one further
        else:
            super().keyPressEvent(event)
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._by_keys = False
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._band = QRect()
        self.viewport().update()

    # -- drawing -------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        pointer = self.viewport().mapFromGlobal(QCursor.pos())
        under = self.indexAt(pointer).row() if self.viewport().underMouse() else -1
        current = self.currentIndex().row() if self.hasFocus() and self._by_keys else -1
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~(QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus)
        for row in self.visible_rows():
            index = self.model().index(row, 0)
            option.rect = self.visualRect(index)
            if not event.rect().intersects(option.rect):
                continue
            option.state = plain
            if self.selectionModel().isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if row == under:
                option.state |= QStyle.StateFlag.State_MouseOver
            if row == current:
                option.state |= QStyle.StateFlag.State_HasFocus
            self.itemDelegate().paint(painter, option, index)
        if not self._band.isEmpty():
            band = QStyleOptionRubberBand()
            band.initFrom(self.viewport())
            band.rect, band.shape = self._band, QRubberBand.Shape.Rectangle
            self.style().drawControl(QStyle.ControlElement.CE_RubberBand, band, painter, self)
        painter.end()
