"""Results: the counts of all images, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.panels.results.panel import ResultsPanel

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.workspace.workspace import Workspace


class ResultsView(QWidget):
    """The table of the sample, and what is done with it."""

    def __init__(
        self, workspace: Workspace, actions: Actions, palette: Palette, show_image: Callable[[int], object]
    ) -> None:
        super().__init__()
        self.panel = ResultsPanel(workspace, actions, palette)
        self.panel.image_wanted.connect(show_image)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.panes: tuple[QWidget, ...] = (self.panel,)

    def take_keys(self) -> None:
        """Give the table the keyboard."""
        self.panel.setFocus()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self.panel.set_palette(palette)

    def cancel(self) -> bool:
        """Leave what is under way; True if there was something."""
        return False

    def stop(self) -> None:
        """End the threads."""
        self.panel.stop()
