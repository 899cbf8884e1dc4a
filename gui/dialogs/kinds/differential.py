"""The differential count: how far it is, per cent of each kind, and what follows. It stays open beside the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.kinds.differential import TARGETS, Differential, Line, erythroblasts_text, lines, open_cells
from core.text import gettext, ngettext
from gui.dialogs.kinds.reading import ReadingPage
from gui.tasks import Debounce
from gui.widgets.forms import faint, open_at, row
from gui.widgets.numbers import NumberEdit
from gui.widgets.tables import Column, CopyTable, ValueTableModel
from gui.widgets.wheel_safe import QuietComboBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QKeyEvent, QShowEvent

    from core.kinds.tree import KindTree
    from core.statistics.agreement import Estimate
    from gui.workspace.workspace import Workspace

_SIZE = QSize(640, 700)
_MARGIN, _SPACE = 16, 12
_MOST_WHITE_CELLS = 2000.0


class LinesModel(ValueTableModel[Line]):
    """Sums are bold, what they are of stands under them."""

    def look(self, row: int, column: int, role: int) -> Any:
        if role == Qt.ItemDataRole.FontRole and self.rows[row].is_sum:
            font = QFont()
            font.setBold(True)
            return font
        return None


class DifferentialDialog(QDialog):
    """Shows the differential count of the cells that users confirmed, and takes what the analyser says."""

    reading_wanted = Signal(str)  # the name of a second reading to go on with
    cell_wanted = Signal(int, int)

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(gettext("Differential count"))
        self.setModal(False)
        self._workspace = workspace
        self._count = workspace.kinds.differential
        self._later = Debounce(0, self.refresh, self)
        self._make_widgets()
        self.reading = ReadingPage(workspace)
        self.reading.reading_wanted.connect(self._begin_reading)
        self.reading.cell_wanted.connect(self.cell_wanted)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("verifyTabs")
        self.tabs.addTab(self._page(), gettext("Count"))
        self.tabs.addTab(self.reading, gettext("Second reading"))
        self.tabs.tabBar().setAccessibleName(gettext("Pages of the differential count"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        open_at(self, _SIZE)
        for signal in (self._count.changed, workspace.kinds.piles.changed):
            signal.connect(self._refresh_later)

    def _make_widgets(self) -> None:
        self.progress_text = QLabel()
        self.progress_text.setObjectName("pageHeading")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(10)
        self.target = QuietComboBox()
        for number in TARGETS:
            self.target.addItem(gettext("{n} white cells").format(n=number), number)
        self.target.activated.connect(lambda *_: self._count.set_target(int(self.target.currentData())))
        self.analyser = NumberEdit(largest=_MOST_WHITE_CELLS)
        self.analyser.setFixedWidth(110)
        self.analyser.setPlaceholderText(gettext("not given"))
        self.analyser.given.connect(self._count.set_analyser)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.analyser.textChanged.connect(lambda *_: self._show_problem())
        self.corrected = QCheckBox(gettext("The analyser leaves erythroblasts out itself"))
        self.corrected.clicked.connect(self._count.set_corrected)
        self.table = CopyTable(gettext("Kinds of white cells"))
        self.model = LinesModel(_columns(), self.table)
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.values = {name: QLabel("–") for name in ("neutrophils", "erythroblasts", "white_cells", "immature")}
        for label in self.values.values():
            label.setObjectName("figureValue")
        self.note = faint("")

    def _page(self) -> QWidget:
        self.copy_button = QPushButton(gettext("Copy"))
        self.copy_button.setAutoDefault(False)
        self.copy_button.setToolTip(gettext("Put the table into the clipboard, as a spreadsheet takes it"))
        self.copy_button.clicked.connect(lambda *_: self.table.copy())
        form = QFormLayout()
        form.setHorizontalSpacing(_SPACE)
        form.addRow(gettext("&Target"), self.target)
        unit = QLabel(gettext("10⁹/L"))
        name = QLabel(gettext("&Analyser's WBC"))
        name.setBuddy(self.analyser)
        form.addRow(name, row(self.analyser, unit, self.problem))
        form.addRow("", self.corrected)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        column.setSpacing(_SPACE)
        column.addWidget(self.progress_text)
        column.addWidget(self.bar)
        column.addLayout(form)
        column.addWidget(self.table, 1)
        column.addLayout(self._figures())
        column.addWidget(self.note)
        column.addLayout(row(None, self.copy_button))
        return page

    def _figures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(_SPACE)
        grid.setColumnStretch(1, 1)
        for place, (name, text) in enumerate(
            {
                "neutrophils": gettext("Absolute neutrophil count"),
                "white_cells": gettext("White cells, corrected for erythroblasts"),
                "erythroblasts": gettext("Erythroblasts per 100 white cells"),
                "immature": gettext("Immature to total neutrophils (I:T)"),
            }.items()
        ):
            grid.addWidget(QLabel(text), place, 0)
            grid.addWidget(self.values[name], place, 1)
        return grid

    def _show_problem(self) -> None:
        """Say beside the analyser's count why it is none."""
        self.problem.setText(self.analyser.toolTip() if self.analyser.property("wrong") else "")

    @Slot(str)
    def _begin_reading(self, name: str) -> None:
        """Give the window the keys: the cells are named there."""
        self.hide()
        self.reading_wanted.emit(name)

    # -- what is shown -------------------------------------------------------------------------------

    def _refresh_later(self, *_: object) -> None:
        if self.isVisible():
            self._later.start()

    def refresh(self) -> None:
        """Show the count as it now is."""
        self._later.stop()
        counted, inputs = self._count.result(self._count.reading), self._count.inputs
        writable = self._workspace.store.writable
        self.target.setCurrentIndex(max(self.target.findData(inputs.target), 0))
        if not self.analyser.hasFocus():
            self.analyser.set_value(inputs.analyser)
        self.corrected.setChecked(inputs.corrected)
        for field in (self.target, self.analyser, self.corrected):
            field.setEnabled(writable)
        self.model.show([] if counted is None else lines(counted, self._workspace.kinds.tree.tree))
        self._show_progress(counted, inputs.target)
        self._show_values(counted)
        self.reading.refresh()

    def _show_progress(self, counted: Differential | None, target: int) -> None:
        cells = 0 if counted is None else counted.cells
        text = gettext("{cells:,} of {target:,} white cells").format(cells=cells, target=target)
        self.progress_text.setText(f"✓ {text}" if counted is not None and counted.complete else text)
        self.bar.setRange(0, max(target, 1))
        self.bar.setValue(min(cells, target))
        self.bar.setAccessibleName(text)
        note = gettext("White cells have no kinds yet: choose them in Cells, by kind.")
        if counted is not None and (name := self._count.class_name) is not None:
            numbers = self._workspace.kinds.piles.numbers(name)
            suggested = {kind: one.suggested for kind, one in numbers.items()}
            note = suggested_text(suggested, self._workspace.kinds.tree.tree, name)
            note = note or gettext("Only what users confirmed is counted.")
        if self._count.reading:
            text = gettext("Second reading by {name}: what the first one says is shown once it has ended.")
            note = text.format(name=self._count.reading)
        self.note.setText(" ".join(filter(None, (note, self._erythroblasts(counted)))))

    def _erythroblasts(self, counted: Differential | None) -> str:
        """Return what is to be said of erythroblasts in the sample's count of white cells, or ""."""
        name, totals = self._count.class_name, self._workspace.counts.totals
        if counted is None or name is None or totals is None:
            return ""
        return erythroblasts_text(name, totals.get(name, 0), counted.nucleated_red_cells)

    def _show_values(self, counted: Differential | None) -> None:
        unit = gettext("10⁹/L")
        found = (
            {}
            if counted is None
            else {
                "neutrophils": _told(counted.neutrophils, 2, unit),
                "white_cells": "" if counted.white_cells is None else f"{counted.white_cells:.2f} {unit}",
                "erythroblasts": _told(counted.erythroblasts, 1, ""),
                "immature": _told(counted.immature_to_total, 2, ""),
            }
        )
        for name, label in self.values.items():
            label.setText(found.get(name) or "–")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):  # no button answers them
            super().keyPressEvent(event)


def suggested_text(suggested: Mapping[str, int], tree: KindTree, class_name: str) -> str:
    """Return how many more white cells, and how many erythroblasts, are only suggested; "" if there are none."""
    white, erythroblasts = open_cells(suggested, tree, class_name)
    parts: list[str] = []
    if white:
        text = ngettext(
            "{n:,} more is suggested and not counted here: accept it in Cells, by kind.",
            "{n:,} more are suggested and not counted here: accept them in Cells, by kind.",
            white,
        )
        parts.append(text.format(n=white))
    if erythroblasts:
        text = ngettext("{n:,} erythroblast is suggested too.", "{n:,} erythroblasts are suggested too.", erythroblasts)
        parts.append(text.format(n=erythroblasts))
    return " ".join(parts)


def _ends(estimate: Estimate, digits: int) -> str:
    return f"{estimate.interval.low:.{digits}f}–{estimate.interval.high:.{digits}f}"


def _told(estimate: Estimate | None, digits: int, unit: str) -> str:
    if estimate is None:
        return ""
    value = f"{estimate.value:.{digits}f} {unit}".rstrip()
    return gettext("{value}, 95 % interval {ends}").format(value=value, ends=_ends(estimate, digits))


def _columns() -> tuple[Column[Line], ...]:
    return (
        Column(
            gettext("Kind"),
            lambda one: "    " * one.depth + one.name,
            number=False,
            widest=gettext("Immature granulocyte"),
        ),
        Column(gettext("Cells"), lambda one: f"{one.row.cells:,}", gettext("Confirmed by a user")),
        Column("%", lambda one: f"{100 * one.row.share:.1f}", gettext("Of the white cells that were sorted")),
        Column(
            gettext("95 % interval"),
            lambda one: f"{100 * one.row.interval.low:.1f}–{100 * one.row.interval.high:.1f}",
            gettext("Of the per cent: exact, by Clopper and Pearson"),
        ),
        Column("10⁹/L", lambda one: "–" if one.row.absolute is None else f"{one.row.absolute.value:.2f}"),
        Column(
            gettext("95 % interval"),
            lambda one: "–" if one.row.absolute is None else _ends(one.row.absolute, 2),
            gettext("Of the absolute number; that of the analyser is not in it"),
        ),
    )
