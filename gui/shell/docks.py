"""The panes that can be opened, closed and moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDockWidget

from core.text import gettext
from gui.commands.context import Pane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtWidgets import QMainWindow, QWidget

_TITLES = {Pane.HISTORY: gettext("History")}
_AREAS = {
    Pane.HISTORY: Qt.DockWidgetArea.RightDockWidgetArea,
}


class Docks(QObject):
    """Puts widgets into docks of the window, closed at first."""

    changed = Signal()

    def __init__(self, window: QMainWindow, widgets: Mapping[Pane, QWidget]) -> None:
        super().__init__(window)
        self.all: dict[Pane, QDockWidget] = {}
        for pane, widget in widgets.items():
            dock = self.all[pane] = QDockWidget(_TITLES[pane], window)
            dock.setObjectName(f"{pane.value}Dock")
            dock.setWidget(widget)
            window.addDockWidget(_AREAS[pane], dock)
            dock.hide()
            dock.visibilityChanged.connect(self.changed)

    def show(self, pane: Pane, shown: bool) -> None:
        """Open or close a pane."""
        self.all[pane].setVisible(shown)

    def shows(self, pane: Pane) -> bool:
        """Tell whether a pane is open."""
        return not self.all[pane].isHidden()
