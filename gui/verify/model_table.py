"""The table of the models beside each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject

    from core.statistics.intervals import Interval
    from core.verification.comparison import Difference, ModelRow

_Index = QModelIndex | QPersistentModelIndex
COLUMNS = (
    "Class",
    "Model",
    "Threshold",
    "Counted of true",
    "Accuracy",
    "Difference",
    "F1",
    "Difference",
    "AP",
)
_TEXTS = (0, 1)
_DIFFERENCES = {5: "accuracy_difference", 7: "f1_difference"}
_TIPS = {
    4: "In percent, with the 95 % interval over the pictures (bootstrap)",
    5: "To the first model of the class, in percentage points, with its 95 % interval; bold where it leaves out 0",
    6: "In percent, with the 95 % interval over the pictures (bootstrap)",
    7: "To the first model of the class, in percentage points, with its 95 % interval; bold where it leaves out 0",
    8: "Average precision as in COCO, at the overlap chosen above",
}


def with_interval(value: float | None, interval: Interval | None) -> str:
    """Return a share in percent with its interval."""
    if value is None:
        return "–"
    within = "" if interval is None else f" ({100 * interval.low:.0f}–{100 * interval.high:.0f})"
    return f"{100 * value:.1f}{within}"


def _difference(found: Difference | None) -> str:
    """Return a difference in percentage points with its interval, and a mark if it is clear."""
    if found is None:
        return ""
    low, high = found.interval
    mark = ("▲ " if found.value > 0 else "▼ ") if found.clear else ""
    return f"{mark}{_points(found.value, 1)} ({_points(low, 0)} to {_points(high, 0)})"


def _points(value: float, digits: int) -> str:
    """Return a difference in percentage points with its sign."""
    rounded = round(100 * value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "\N{MINUS SIGN}") if rounded else "0"


def _texts(row: ModelRow) -> tuple[str, ...]:
    return (
        row.class_name,
        row.model,
        f"{row.threshold:.2f}",
        f"{row.counted:,} of {row.truth:,}",
        with_interval(row.accuracy, row.accuracy_interval),
        _difference(row.accuracy_difference),
        with_interval(row.f1, row.f1_interval),
        _difference(row.f1_difference),
        "–" if row.average_precision is None else f"{100 * row.average_precision:.1f}",
    )


class ModelTableModel(QAbstractTableModel):
    """The rows of the comparison, class by class."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.rows: list[ModelRow] = []

    def show(self, rows: Sequence[ModelRow]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return _TIPS.get(section) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            again = column == 0 and index.row() > 0 and self.rows[index.row() - 1].class_name == row.class_name
            return "" if again else _texts(row)[column]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _texts(row)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.FontRole:
            found = getattr(row, _DIFFERENCES[column]) if column in _DIFFERENCES else None
            font = QFont(QGuiApplication.font())
            font.setBold(column == 0 or (found is not None and found.clear))
            return font
        return _TIPS.get(column) if role == Qt.ItemDataRole.ToolTipRole else None


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column in _TEXTS else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter


class ModelTable(QTableView):
    """The table; it can be copied."""

    def __init__(self) -> None:
        super().__init__()
        self.table_model = ModelTableModel(self)
        self.setModel(self.table_model)
        self.setObjectName("figures")
        self.setAccessibleName("Models beside each other")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setHighlightSections(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        """Put the table into the clipboard, as a spreadsheet takes it."""
        lines = [COLUMNS, *(_texts(row) for row in self.table_model.rows)]
        QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))
