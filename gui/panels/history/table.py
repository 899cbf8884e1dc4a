"""The table of the history: when, who, what, on which picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    Qt,
)
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from core.session.values import HistoryRow
    from gui.workspace.workspace import Workspace

_BATCH = 200
_WHEN, _WHO, _WHAT, _PICTURE = range(4)
_HEADINGS = ("When", "Who", "What", "Picture")
_WIDE_ENOUGH_FOR_ONE_LINE = 560
_Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractTableModel):
    """The lines of the history, the latest first, read in batches as they are scrolled to."""

    def __init__(self, workspace: Workspace, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[HistoryRow] = []
        self.two_lines = False
        self._workspace = workspace
        self._image: int | None = None
        self._more = False
        self._takes_back: dict[int, bool] = {}

    def read(self, image: int | None) -> None:
        """Read the history of a picture, or of all (None), from its latest line."""
        self.beginResetModel()
        self._image = image
        self._takes_back.clear()
        self.rows = self._history(_BATCH)
        self._more = len(self.rows) == _BATCH
        self.endResetModel()

    def _history(self, limit: int, before: int | None = None) -> list[HistoryRow]:
        rows = self._workspace.history.lines(self._image, limit, before)
        for row in reversed(rows):
            self._takes_back[row.number] = self._is_undo(row)
        return rows

    def _is_undo(self, row: HistoryRow) -> bool:
        """Tell whether a line takes another back; one that takes such a line back makes the correction again."""
        steps = 0
        while row.undoes is not None and row.undoes not in self._takes_back:
            earlier = self._workspace.history.lines(None, 1, before=row.undoes + 1)
            if not earlier or earlier[0].number != row.undoes:
                return steps % 2 == 0
            row, steps = earlier[0], steps + 1
        undo = row.undoes is not None and not self._takes_back[row.undoes]
        return undo if steps % 2 == 0 else not undo

    def read_on(self) -> None:
        """Put the lines at the top that came since the last reading; the rest stays where it is."""
        latest = self._history(_BATCH)
        last = self.rows[0].number if self.rows else None
        new = next((place for place, row in enumerate(latest) if row.number == last), None)
        if new is None:
            self.read(self._image)
        elif new:
            self.beginInsertRows(QModelIndex(), 0, new - 1)
            self.rows[:0] = latest[:new]
            self.endInsertRows()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_HEADINGS)

    def canFetchMore(self, parent: _Index) -> bool:
        return self._more and not parent.isValid()

    def fetchMore(self, parent: _Index) -> None:
        if not self.rows:
            return
        older = self._history(_BATCH, before=self.rows[-1].number)
        self._more = len(older) == _BATCH
        if older:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(older) - 1)
            self.rows += older
            self.endInsertRows()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return _HEADINGS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column)
        return None

    def what(self, row: HistoryRow) -> str:
        """Return what was done, or what was taken back or made again."""
        if row.undoes is None:
            return row.text
        return f"{'Undo' if self._takes_back[row.number] else 'Redo'}: {row.text}"

    def _text(self, row: HistoryRow, column: int) -> str:
        if column == _WHEN:
            when = row.time.astimezone()
            return f"{when:%H:%M:%S\n%Y-%m-%d}" if self.two_lines else f"{when:%Y-%m-%d %H:%M:%S}"
        if column == _WHO:
            return row.person or "–"
        if column == _WHAT:
            return "" if self.two_lines else self.what(row)
        return row.path.name if row.path else ""

    def _tip(self, row: HistoryRow, column: int) -> str:
        if column == _WHEN:
            return row.time.astimezone().isoformat(timespec="seconds")
        if column == _PICTURE and row.path:
            return str(row.path)
        return self.what(row) if column == _WHAT else self._text(row, column)


class _RowPainter(QStyledItemDelegate):
    """Shortens names of pictures in their middle; in a narrow table, who and which picture are a second line."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: _Index) -> None:
        super().initStyleOption(option, index)
        model = index.model()
        assert isinstance(model, HistoryModel)
        if index.column() == _PICTURE:
            option.textElideMode = Qt.TextElideMode.ElideMiddle
        aside = model.rows[index.row()].undoes is not None or index.column() in (_WHEN, _PICTURE)
        if aside and index.column() != _WHO:
            option.palette.setColor(QPalette.ColorRole.Text, option.palette.color(QPalette.ColorRole.PlaceholderText))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        super().paint(painter, option, index)
        model = index.model()
        assert isinstance(model, HistoryModel)
        if not model.two_lines or index.column() != _WHAT:
            return
        self.initStyleOption(option, index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = option.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text)
        faint = ink if selected else option.palette.color(QPalette.ColorRole.PlaceholderText)
        line = option.fontMetrics.lineSpacing()
        width = option.rect.width() - 18
        first = QRect(option.rect.x() + 9, option.rect.center().y() - line + 1, width, line)
        row = model.rows[index.row()]
        who = f"{row.person} · " if row.person and row.path else row.person
        room = width - option.fontMetrics.horizontalAdvance(who)
        picture = option.fontMetrics.elidedText(row.path.name if row.path else "", Qt.TextElideMode.ElideMiddle, room)
        painter.save()
        painter.setFont(option.font)
        painter.setPen(ink)
        what = option.fontMetrics.elidedText(model.what(row), Qt.TextElideMode.ElideRight, width)
        painter.drawText(first, Qt.AlignmentFlag.AlignVCenter, what)
        painter.setPen(faint)
        painter.drawText(first.translated(0, line), Qt.AlignmentFlag.AlignVCenter, who + picture)
        painter.restore()


class HistoryTable(QTableView):
    """The history as a table; leaves letters and numbers to the window."""

    def __init__(self, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._one_picture = False
        self.setModel(model)
        self.setItemDelegate(_RowPainter(self))
        self.setObjectName("historyTable")
        self.setAccessibleName("History")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)

    def fit_columns(self, *, one_picture: bool | None = None) -> None:
        """Share the width out; ``one_picture``: all rows are about the same one, which need not be told."""
        if one_picture is not None:
            self._one_picture = one_picture
        width, metrics, model = self.viewport().width(), self.fontMetrics(), self._model
        model.two_lines = width < _WIDE_ENOUGH_FOR_ONE_LINE
        lines = 2 if model.two_lines else 1
        self.verticalHeader().setDefaultSectionSize(lines * metrics.lineSpacing() + 12)
        self.setColumnWidth(
            _WHEN, metrics.horizontalAdvance("2000-00-00" if model.two_lines else "2000-00-00 00:00:00") + 26
        )
        self.setColumnHidden(_WHO, model.two_lines)
        self.setColumnHidden(_PICTURE, model.two_lines or self._one_picture)
        self.setColumnWidth(_WHO, min(width // 5, 160))
        self.setColumnWidth(_PICTURE, min(width // 3, 260))
        self.viewport().update()

    def keyboardSearch(self, search: str) -> None:
        """Find nothing: letters and numbers are the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit_columns()
