"""The differential count in a line below the totals, with the way to all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton

from core.kinds.differential import differential_text, erythroblasts_text
from core.text import gettext
from gui.tasks import Debounce
from gui.widgets.elided import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QShowEvent

    from core.kinds.differential import Differential
    from gui.workspace.workspace import Workspace


class DifferentialLine(QFrame):
    """Per cent of each kind of white cell; hidden while white cells have no kinds."""

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
        counted = self._count.result()
        self.setVisible(counted is not None)
        if counted is not None:
            text = differential_text(counted, self._workspace.kinds.tree.tree)
            note = self._note(counted)
            self.text.setText(text)
            self.note.setText(note)
            self.note.setVisible(bool(note))
            self.setAccessibleName(f"{text}. {note}")

    def _note(self, counted: Differential) -> str:
        name, totals = self._count.class_name, self._workspace.counts.totals
        if name is None or totals is None:
            return ""
        return erythroblasts_text(name, totals.get(name, 0), counted.nucleated_red_cells)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._later.start_unless_due()
