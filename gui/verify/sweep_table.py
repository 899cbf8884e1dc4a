"""The table of one class over the thresholds."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from core.verification.errors import Verdict

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from core.verification.figures import ClassFigures, VerificationFigures
    from core.verification.sweep import SweepRow

_Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("Threshold", "True", "Counted", "Accuracy", "Precision", "Recall", "F1", "TP", "FP", "FN")
THRESHOLD, ACCURACY, F1 = 0, 3, 6
VERDICTS = {7: Verdict.TRUE, 8: Verdict.FALSE, 9: Verdict.MISSED}
_WHERE_LOCATED = range(4, 10)
_TIPS = (
    "The lowest probability that counts",
    "Cells of the ground truth in all pictures that take part",
    "Cells that count at this threshold",
    "The smaller of the two counts as a share of the larger, in percent",
    "TP / (TP + FP): the share of the counted cells that are true, in percent",
    "TP / (TP + FN): the share of the true cells that were counted, in percent",
    "The harmonic mean of precision and recall, in percent",
    "True positives: counted cells that match a true one; click to see them",
    "False positives: counted cells that are none; click to see them",
    "False negatives: true cells that were missed; click to see them",
)


def _texts(row: SweepRow) -> tuple[str, ...]:
    """Return what a row says, in the order of the columns; "–" where it is not known."""
    shares = (row.accuracy, row.precision, row.recall, row.f1)
    numbers = (row.tp, row.fp, row.fn)
    return (
        f"{row.threshold:.2f}" if round(row.threshold, 2) == row.threshold else f"{row.threshold:.3f}",
        f"{row.truth:,}",
        f"{row.counted:,}",
        *("–" if share is None else f"{100 * share:.1f}" for share in shares),
        *("–" if number is None else f"{number:,}" for number in numbers),
    )


class SweepModel(QAbstractTableModel):
    """The rows of one class."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._shown: ClassFigures | None = None
        self._cells: list[tuple[str, ...]] = []

    def show(self, shown: ClassFigures | None) -> None:
        """Show the figures of a class."""
        cells = [] if shown is None else [_texts(row) for row in shown.rows]
        same_shape = len(cells) == len(self._cells)
        if not same_shape:
            self.beginResetModel()
        self._shown, self._cells = shown, cells
        if not same_shape:
            self.endResetModel()
        elif cells:
            self.dataChanged.emit(self.index(0, 0), self.index(len(cells) - 1, len(COLUMNS) - 1))

    @property
    def shown(self) -> ClassFigures | None:
        """The class whose figures are shown."""
        return self._shown

    def verdict_at(self, index: _Index) -> tuple[float, Verdict] | None:
        """Return which cells a number of the table is about: threshold and verdict; None if it is about none."""
        if self._shown is None or not index.isValid() or index.column() not in VERDICTS or not self._shown.located:
            return None
        return self._shown.rows[index.row()].threshold, VERDICTS[index.column()]

    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._cells)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and section < len(COLUMNS):
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            if role == Qt.ItemDataRole.ToolTipRole:
                return _TIPS[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        shown = self._shown
        if shown is None or not index.isValid() or index.row() >= len(self._cells):
            return None
        row, column = shown.rows[index.row()], index.column()
        best = (column == ACCURACY and row.most_accurate) or (column == F1 and row.best_f1)
        now = index.row() == shown.now
        if role == Qt.ItemDataRole.DisplayRole:
            text = self._cells[index.row()][column]
            return f"★ {text}" if best else f"▸ {text}" if now and column == THRESHOLD else text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole and (best or (now and column == THRESHOLD) or column in VERDICTS):
            font = QFont(QGuiApplication.font())
            font.setBold(bool(best or (now and column == THRESHOLD)))
            font.setUnderline(column in VERDICTS and shown.located)
            return font
        palette = QGuiApplication.palette()
        if role == Qt.ItemDataRole.BackgroundRole and now:
            tint = QColor(palette.color(QPalette.ColorRole.Highlight))
            tint.setAlpha(56)
            return QBrush(tint)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "The best of the table" if best else "The threshold that is set" if now else _TIPS[column]
        return None


class SweepTable(QTableView):
    """The table; TP, FP and FN lead to the cells that they count, by a click or Enter."""

    places_wanted = Signal(float, object)  # threshold, Verdict

    def __init__(self) -> None:
        super().__init__()
        self.sweep_model = SweepModel(self)
        self.setModel(self.sweep_model)
        self.setObjectName("figures")
        self.setAccessibleName("Counts and agreement at each threshold")
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        self.clicked.connect(self._open)

    def show_class(self, shown: ClassFigures | None) -> None:
        """Show the figures of a class; columns that need places are hidden where there are none."""
        self.sweep_model.show(shown)
        for column in _WHERE_LOCATED:
            self.setColumnHidden(column, shown is None or not shown.located)
        self._share_width()
        if shown is not None and not self.currentIndex().isValid():
            self.setCurrentIndex(self.sweep_model.index(shown.now, THRESHOLD))

    def _share_width(self) -> None:
        """Give every column what its texts need, and the rest to all alike."""
        columns = [column for column in range(len(COLUMNS)) if not self.isColumnHidden(column)]
        header = self.horizontalHeader()
        needed = [max(self.sizeHintForColumn(column), header.sectionSizeHint(column)) for column in columns]
        rest = max(self.viewport().width() - sum(needed), 0) // len(columns)
        for column, width in zip(columns, needed, strict=True):
            header.resizeSection(column, width + rest)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def current_threshold(self) -> float | None:
        """Return the threshold of the current row."""
        shown, row = self.sweep_model.shown, self.currentIndex().row()
        return None if shown is None or not 0 <= row < len(shown.rows) else shown.rows[row].threshold

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        leads = self.sweep_model.verdict_at(self.indexAt(event.position().toPoint())) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def copy(self) -> None:
        """Put the table into the clipboard, as a spreadsheet takes it."""
        shown = self.sweep_model.shown
        if shown is not None:
            lines = [COLUMNS, *(_texts(row) for row in shown.rows)]
            QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))

    def _open(self, index: _Index) -> None:
        found = self.sweep_model.verdict_at(index)
        if found is not None:
            self.places_wanted.emit(*found)


def sweep_csv(answer: VerificationFigures) -> bytes:
    """Return the tables of all classes as CSV with full precision; shares are fractions of 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(("Class", *COLUMNS, "Most accurate", "Best F1", "IoU", "Pictures"))
    for name, one in answer.classes.items():
        for row in one.rows:
            figures = (
                row.threshold, row.truth, row.counted, row.accuracy, row.precision, row.recall, row.f1,
                row.tp, row.fp, row.fn,
            )  # fmt: skip
            marks = ("yes" if row.most_accurate else "", "yes" if row.best_f1 else "")
            ends = (answer.request.options.iou, len(one.images))
            writer.writerow((name, *("" if figure is None else figure for figure in figures), *marks, *ends))
    return text.getvalue().encode("utf-8-sig")
