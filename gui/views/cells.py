"""Cells: the cells of all images by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.panels.gallery.panel import Gallery

if TYPE_CHECKING:
    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace


class CellsView(QWidget):
    """The gallery in full size."""

    def __init__(self, workspace: Workspace, actions: Actions, preferences: Preferences) -> None:
        super().__init__()
        self._selection = workspace.selection
        self.gallery = Gallery(workspace, actions, preferences.palette)
        self.gallery.set_all(preferences.gallery_of_all)
        self._preferences = preferences
        if preferences.tile_side:
            self.gallery.tile_side = preferences.tile_side
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.gallery)
        self.panes: tuple[QWidget, ...] = (self.gallery,)
        actions.work_on(self.gallery)

    def take_keys(self) -> None:
        """Give the cells the keyboard."""
        (self.gallery.focusProxy() or self.gallery).setFocus()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self.gallery.set_palette(palette)

    def cancel(self) -> bool:
        """Drop the selection; True if there was one."""
        chosen = bool(self._selection.all)
        self._selection.set(())
        return chosen

    def stop(self) -> None:
        """Keep what was chosen, and end the threads."""
        self._preferences.tile_side = self.gallery.tile_side
        self.gallery.stop()
