"""The results of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from core.text import gettext

if TYPE_CHECKING:
    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace


class ResultsPanel(QWidget):
    """A table of the images with their counts, and what they add up to."""

    def __init__(self, workspace: Workspace, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._actions = actions
        self.setAccessibleName(gettext("Results"))
