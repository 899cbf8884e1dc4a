"""The table of one class over the thresholds."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QBrush, QFont, QGuiApplication, QKeyEvent, QMouseEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QHeaderView

from core.text import gettext
from core.verification.errors import Verdict
from gui.widgets.colour import faded
from gui.widgets.tables import Column, CopyTable, Index, ValueTableModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject

    from core.verification.figures import ClassFigures, VerificationFigures
    from core.verification.sweep import SweepRow


def _share(value: Callable[[SweepRow], float | None]) -> Callable[[SweepRow], str]:
    return lambda row: "–" if (share := value(row)) is None else f"{100 * share:.1f}"


def _number(value: Callable[[SweepRow], int | None]) -> Callable[[SweepRow], str]:
    return lambda row: "–" if (number := value(row)) is None else f"{number:,}"


def _threshold(row: SweepRow) -> str:
    return f"{row.threshold:.2f}" if round(row.threshold, 2) == row.threshold else f"{row.threshold:.3f}"


COLUMNS: tuple[Column[SweepRow], ...] = (
    Column(gettext("Threshold"), _threshold, gettext("The lowest probability that counts")),
    Column(gettext("You"), _number(lambda row: row.truth), gettext("Cells of your count in these images")),
    Column(
        gettext("Program"), _number(lambda row: row.counted), gettext("Cells that the program counts at this threshold")
    ),
    Column(
        gettext("Count\naccuracy %"),
        _share(lambda row: row.accuracy),
        gettext("The smaller of the two counts as a share of the larger, in per cent"),
    ),
    Column(
        gettext("Precision\n%"),
        _share(lambda row: row.precision),
        gettext("TP / (TP + FP): the share of the counted cells that are correct, in per cent"),
    ),
    Column(
        gettext("Recall\n%"),
        _share(lambda row: row.recall),
        gettext("TP / (TP + FN): the share of the true cells that were counted, in per cent"),
    ),
    Column(
        gettext("F1\n%"), _share(lambda row: row.f1), gettext("The harmonic mean of precision and recall, in per cent")
    ),
    Column(
        gettext("Correct\n(TP)"),
        _number(lambda row: row.tp),
        gettext("True positives: counted and correct; click to see them"),
    ),
    Column(
        gettext("Too many\n(FP)"),
        _number(lambda row: row.fp),
        gettext("False positives: counted but wrong; click to see them"),
    ),
    Column(
        gettext("Missed\n(FN)"),
        _number(lambda row: row.fn),
        gettext("False negatives: true cells that were not counted; click to see them"),
    ),
)
THRESHOLD, TRUTH, ACCURACY, F1 = 0, 1, 3, 6
_SAME = 1e-6
VERDICTS = {7: Verdict.TRUE, 8: Verdict.FALSE, 9: Verdict.MISSED}
_WHERE_LOCATED = range(4, 10)
_CSV_HEADINGS = ("Threshold", "True", "Counted", "Accuracy", "Precision", "Recall", "F1", "TP", "FP", "FN")
"""Of a file, for other programs: its shares are fractions of 1."""


def _of_truth(answer: ClassFigures | None) -> Column[SweepRow]:
    """Return the column of what the program's count is compared with."""
    usual = COLUMNS[TRUTH]
    if answer is None or not answer.reviewed:
        return usual
    tip = gettext("Cells of the reviewed counts, which are the program's own as you corrected them")
    all_reviewed = answer.reviewed == len(answer.images)
    return replace(usual, heading=gettext("Reviewed") if all_reviewed else gettext("You,\nreviewed"), tip=tip)


class SweepModel(ValueTableModel["SweepRow"]):
    """The thresholds of one class; the recommended one and the one that is set are marked."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(COLUMNS, parent)
        self.answer: ClassFigures | None = None

    def show_class(self, answer: ClassFigures | None) -> None:
        """Show the figures of a class."""
        self.answer = answer
        first, _, *others = COLUMNS
        self.columns = (first, _of_truth(answer), *others)
        self.show([] if answer is None else answer.rows)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, TRUTH, TRUTH)

    def verdict_at(self, index: Index) -> tuple[float, Verdict] | None:
        """Return which cells a number of the table counts: threshold and verdict; None if it counts none."""
        if self.answer is None or not index.isValid() or index.column() not in VERDICTS or not self.answer.located:
            return None
        return self.rows[index.row()].threshold, VERDICTS[index.column()]

    def _is_best(self, row: int, column: int) -> bool:
        choice = None if self.answer is None else self.answer.choice
        decides = F1 if choice is not None and choice.measure == "f1" else ACCURACY
        return choice is not None and column == decides and abs(self.rows[row].threshold - choice.threshold) < _SAME

    def _is_set(self, row: int) -> bool:
        return self.answer is not None and row == self.answer.now

    def shown(self, row: int, column: int) -> str:
        text = super().shown(row, column)
        if self._is_best(row, column):
            return f"★ {text}"
        return f"▸ {text}" if self._is_set(row) and column == THRESHOLD else text

    def tip(self, row: int, column: int) -> str:
        if self._is_best(row, column):
            return gettext("The recommended threshold: the text below the table says why")
        return gettext("The current threshold") if self._is_set(row) else super().tip(row, column)

    def look(self, row: int, column: int, role: int) -> Any:
        bold = self._is_best(row, column) or (self._is_set(row) and column == THRESHOLD)
        if role == Qt.ItemDataRole.FontRole and (bold or column in VERDICTS):
            font = QFont(QGuiApplication.font())
            font.setBold(bold)
            font.setUnderline(column in VERDICTS and self.answer is not None and self.answer.located)
            return font
        if role == Qt.ItemDataRole.BackgroundRole and self._is_set(row):
            return QBrush(faded(QGuiApplication.palette().color(QPalette.ColorRole.Highlight), 56))
        return None


class SweepTable(CopyTable):
    """The table; TP, FP and FN lead to the cells that they count, by a click or Enter."""

    places_wanted = Signal(float, object)  # threshold, Verdict

    def __init__(self) -> None:
        super().__init__(gettext("Counts and agreement at each threshold"))
        self.sweep_model = SweepModel(self)
        self.setModel(self.sweep_model)
        self.setMouseTracking(True)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.clicked.connect(self._open)

    def show_class(self, answer: ClassFigures | None) -> None:
        """Show the figures of a class; columns that need places are hidden where there are none."""
        self.sweep_model.show_class(answer)
        for column in _WHERE_LOCATED:
            self.setColumnHidden(column, answer is None or not answer.located)
        self._share_width()
        if answer is not None and not self.currentIndex().isValid():
            self.setCurrentIndex(self.sweep_model.index(answer.now, THRESHOLD))

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
        rows, row = self.sweep_model.rows, self.currentIndex().row()
        return rows[row].threshold if 0 <= row < len(rows) else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        leads = self.sweep_model.verdict_at(self.indexAt(event.position().toPoint())) is not None
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def _open(self, index: Index) -> None:
        found = self.sweep_model.verdict_at(index)
        if found is not None:
            self.places_wanted.emit(*found)


def sweep_csv(answer: VerificationFigures) -> bytes:
    """Return the tables of all classes as CSV with full precision; shares are fractions of 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(
        (
            "Class",
            *_CSV_HEADINGS,
            gettext("Most accurate"),
            gettext("Best F1"),
            "IoU",
            "Images",
        )
    )
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
