"""Tables of values for reading: rows that are shown as columns of text, and can be copied into a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QWidget

R = TypeVar("R")
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column: its heading of one or two lines, the text of a row in it, and what its cells explain of themselves.

    ``widest`` is a text that has room in it, where the heading does not say how wide it is.
    """

    heading: str
    text: Callable[[R], str]
    tip: str = ""
    number: bool = True
    widest: str = ""

    @property
    def alignment(self) -> Qt.AlignmentFlag:
        """Numbers stand at the right, texts at the left."""
        return _RIGHT if self.number else _LEFT


class ValueTableModel(QAbstractTableModel, Generic[R]):
    """Rows of values under columns. A subclass may decorate what is shown; what is copied stays plain."""

    def __init__(self, columns: Sequence[Column[R]], parent: QObject) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[R] = []

    def show(self, rows: Sequence[R]) -> None:
        """Show other rows; where there are as many as before, the current one stays."""
        same_shape = len(rows) == len(self.rows)
        if not same_shape:
            self.beginResetModel()
        self.rows = list(rows)
        if not same_shape:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))

    def lines(self) -> list[list[str]]:
        """Return the headings and the texts of all rows."""
        headings = [column.heading.replace("\n", " ") for column in self.columns]
        return [headings, *([column.text(row) for column in self.columns] for row in self.rows)]

    def shown(self, row: int, column: int) -> str:
        """Return what a cell shows."""
        return self.columns[column].text(self.rows[row])

    def tip(self, row: int, column: int) -> str:
        """Return what a cell explains."""
        return self.columns[column].tip

    def look(self, row: int, column: int, role: int) -> Any:
        """Return a cell's font, ground and the like by their roles; None where nothing is special."""
        return None

    # -- what Qt asks --------------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return column.alignment
        return column.tip or None if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if not index.isValid() or row >= len(self.rows):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.shown(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.look(row, column, role) or self.columns[column].text(self.rows[row])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.columns[column].alignment
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(row, column) or None
        return self.look(row, column, role)


class CopyTable(QTableView):
    """A quiet table without row numbers; Ctrl+C puts all of it into the clipboard, as a spreadsheet takes it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """``name``: what the table is, for those who cannot see it."""
        super().__init__(parent)
        self.setObjectName("figures")
        self.setAccessibleName(name)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)

    def copy(self) -> None:
        """Put the table into the clipboard."""
        model = self.model()
        assert isinstance(model, ValueTableModel)
        copy_lines(model.lines())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)


def copy_lines(lines: Sequence[Sequence[str]]) -> None:
    """Put lines of cells into the clipboard, as a spreadsheet takes them."""
    QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))
