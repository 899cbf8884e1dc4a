"""The differential count in a line below the totals, with the way to all of it, and what kinds say of the totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton

from core.kinds.differential import differential_text, erythroblasts_text, no_cells_text, unnamed_text
from core.kinds.tree import NO_CELL
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.elided import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QShowEvent

    from core.kinds.differential import Differential
    from gui.workspace.workspace import Workspace


class DifferentialLine(QFrame):
    """Per cent of each kind of white cell, and what the totals are without; hidden while there is nothing to say."""

    def __init__(self, workspace: Workspace, action: QAction) -> None:
        super().__init__()
        self.setObjectName("card")
        self._workspace = workspace
        self._count = workspace.kinds.differential
        self._later = Debounce(0, self.refresh, self)
        self.text = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.text.setObjectName("className")
        self.note = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.note.setObjectName("faint")
        self.button = QPushButton(gettext("Differential…"))
        self.button.setToolTip(action.toolTip())
        self.button.clicked.connect(lambda *_: action.trigger())
        grid = QGridLayout(self)
        grid.setContentsMargins(12, 6, 8, 6)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.text, 0, 0)
        grid.addWidget(self.note, 1, 0)
        grid.addWidget(self.button, 0, 1, 2, 1)
        grid.setColumnStretch(0, 1)
        for signal in (self._count.changed, workspace.counts.totals_changed):
            signal.connect(self._later.start_unless_due)
        self.hide()

    @Slot()
    def refresh(self) -> None:
        """Show the count as it now is, if the results are in view."""
        parent = self.parentWidget()
        if parent is None or not parent.isVisible():
            return
        counted = self._count.result(self._count.reading)
        text = "" if counted is None else differential_text(counted, self._workspace.kinds.tree.tree)
        note = " ".join(filter(None, (*self._white_cells(counted), self._no_cells())))
        for label, shown in ((self.text, text), (self.note, note)):
            label.setText(shown)
            label.setVisible(bool(shown))
        self.button.setVisible(bool(text))
        self.setVisible(bool(text or note))
        self.setAccessibleName(f"{text}. {note}")

    def _white_cells(self, counted: Differential | None) -> tuple[str, ...]:
        """Return what is to be said of the count of white cells."""
        name, totals = self._count.class_name, self._workspace.counts.totals
        if counted is None or name is None or totals is None:
            return ()
        count = totals.get(name, 0)
        return erythroblasts_text(name, count, counted.nucleated_red_cells), unnamed_text(name, count, counted)

    def _no_cells(self) -> str:
        kinds = self._workspace.kinds
        there = bool(kinds.tree.tree.kinds)
        classes = self._workspace.settings.classes if there else ()
        named = {name: kinds.typed.numbers(name).get(NO_CELL, 0) for name in classes}
        left = ", ".join(f"{name} {number:,}" for name, number in kinds.leaving_out.numbers.items() if number)
        told = gettext("Left out of the counts as no cell: {numbers}.").format(numbers=left) if left else ""
        return " ".join(filter(None, (no_cells_text(named), told)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._later.start_unless_due()
