"""Ratios and estimates of the sample, and what the laboratory gives for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHeaderView, QLabel, QVBoxLayout, QWidget

from core.counting.estimates import Span, contradiction, numbers
from core.kinds.differential import erythroblasts_text
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.forms import faint, heading
from gui.widgets.numbers import NumberEdit
from gui.widgets.tables import Column, CopyTable, ValueTableModel

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from core.counting.estimates import Figure
    from gui.workspace.workspace import Workspace

_INPUTS = (
    (
        "analyser_rbc",
        gettext("Red cells by the analyser"),
        gettext("×10¹²/L"),
        gettext("Red cells of the same blood, as your analyser measured them"),
        10,
    ),
    (
        "field_factor",
        gettext("Platelet factor"),
        gettext("×10⁹/L for one in a field"),
        gettext("Your laboratory's own factor: platelets in 10⁹/L for one platelet in a field. There is no usual one."),
        1000,
    ),
    (
        "micrometres_per_pixel",
        gettext("Scale"),
        gettext("µm per pixel"),
        gettext("From a stage micrometer, photographed with the same objective"),
        50,
    ),
)
_ALSO = {"×10⁹/L": "×10⁹/L = 10³/µL"}
"""The unit that other laboratories give the same number."""

_SETTLE_MS = 150
_BESIDE, _NARROW = 260, 760
_ANY_WIDTH = 2**24 - 1

_ABOUT = gettext("What is not given is not assumed. Diameters of cells are in the report.")


class EstimatesPage(QWidget):
    """A table of the figures beside the inputs that some of them need."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace
        self._estimates = workspace.estimates
        self.model: ValueTableModel[Figure] = ValueTableModel(
            (
                Column(gettext("Figure"), lambda one: one.what, number=False),
                Column(gettext("Value"), _value),
                Column(gettext("Unit"), lambda one: _ALSO.get(one.unit, one.unit), number=False),
                Column(gettext("95 % interval"), _ends, number=False),
            ),
            self,
        )
        self.table = CopyTable(gettext("Ratios and estimates"))
        self.table.setModel(self.model)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.problem = QLabel()
        self.problem.setObjectName("caution")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.inputs: dict[str, NumberEdit] = {}
        self._inputs_parts: list[tuple[QLabel, NumberEdit, QLabel]] = []
        self._given = QWidget()
        self._about = faint(_ABOUT)
        column = QVBoxLayout(self._given)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(heading(gettext("GIVEN BY YOUR LABORATORY")))
        column.addLayout(self._form())
        column.addWidget(self._about)
        column.addWidget(self.problem)
        column.addStretch()
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(16)
        self._layout.addWidget(self.table, 1)
        self._layout.addWidget(self._given)
        self._fit(narrow=False)
        self._settle = Debounce(_SETTLE_MS, self.refresh, self)
        workspace.estimates.changed.connect(self.show_inputs)
        workspace.counts.totals_changed.connect(self._settle.start_unless_due)
        self.show_inputs()

    def _form(self) -> QGridLayout:
        form = self._grid = QGridLayout()
        form.setVerticalSpacing(4)
        form.setHorizontalSpacing(8)
        for name, label, unit, tip, largest in _INPUTS:
            box = NumberEdit(largest=largest)
            box.setFixedWidth(90)
            box.setToolTip(tip)
            box.setAccessibleName(f"{label}, {unit}")
            box.given.connect(lambda value, name=name: self._estimates.set_input(name, value or None))
            self.inputs[name] = box
            caption, after = QLabel(label), QLabel(unit)
            caption.setToolTip(tip)
            caption.setBuddy(box)
            after.setObjectName("faint")
            self._inputs_parts.append((caption, box, after))
        return form

    def _fit(self, *, narrow: bool) -> None:
        """Put the inputs beside the table, or in one line above it where the table needs all the width."""
        directions = QBoxLayout.Direction
        self._layout.setDirection(directions.BottomToTop if narrow else directions.LeftToRight)
        self._layout.setSpacing(8 if narrow else 16)
        self._given.setMinimumWidth(0 if narrow else _BESIDE)
        self._given.setMaximumWidth(_ANY_WIDTH if narrow else _BESIDE)
        self._about.setVisible(not narrow)
        for place, (caption, box, after) in enumerate(self._inputs_parts):
            row, column = (0, 2 * place) if narrow else (2 * place, 0)
            self._grid.addWidget(caption, row, column, 1, 2)
            self._grid.addWidget(box, row + 1, column)
            self._grid.addWidget(after, row + 1, column + 1, Qt.AlignmentFlag.AlignLeft)
            self._grid.setColumnStretch(2 * place + 1, 1 if narrow or not place else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit(narrow=self.width() < _NARROW)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def show_inputs(self) -> None:
        """Show what was given, and what follows from it."""
        for name, box in self.inputs.items():
            box.set_value(getattr(self._estimates.inputs, name))
            box.setEnabled(self._workspace.store.writable)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show the figures of all images together, if somebody can see them."""
        if self.isVisible():
            found = self._estimates.figures(everywhere=True)
            self.model.show(found)
            self.problem.setText(contradiction(found))
            self.problem.setVisible(bool(self.problem.text()))
            self._about.setText(" ".join(filter(None, (_ABOUT, self._erythroblasts()))))

    def _erythroblasts(self) -> str:
        """Return that ratios of white cells are with erythroblasts, or ""."""
        count, totals = self._workspace.kinds.differential, self._workspace.counts.totals
        counted, name = count.result(), count.class_name
        if counted is None or name is None or totals is None or not counted.nucleated_red_cells:
            return ""
        text = erythroblasts_text(name, totals.get(name, 0), counted.nucleated_red_cells)
        return gettext("Ratios count erythroblasts as white cells: {text}").format(text=text)


def _value(figure: Figure) -> str:
    if figure.value is None:
        return gettext("no red cells")
    if figure.ends is None:
        return f"{figure.value:+.0f}".replace("-", "\N{MINUS SIGN}")
    return numbers(figure.value, *figure.ends)[0]


def _ends(figure: Figure) -> str:
    if figure.value is None or figure.ends is None:
        return ""
    _, low, high = numbers(figure.value, *figure.ends)
    text = gettext("{low} to {high}").format(low=low, high=high)
    return text if figure.span is Span.INTERVAL else f"{text} ({figure.span})"
