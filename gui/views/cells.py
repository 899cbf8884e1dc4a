"""Cells: the cells of all images by class, or by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from gui.panels.gallery.kinds.page import KindsPage
from gui.panels.gallery.panel import Gallery

if TYPE_CHECKING:
    from core.classes import Palette
    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace


class CellsView(QWidget):
    """The gallery in full size, and the same cells sorted into kinds."""

    mode_changed = Signal(bool)  # by kind
    kinds_changed = Signal()

    def __init__(self, workspace: Workspace, actions: Actions, preferences: Preferences) -> None:
        super().__init__()
        self._selection = workspace.selection
        self.gallery = Gallery(workspace, actions, preferences.palette)
        self.gallery.set_all(preferences.gallery_of_all)
        self.kinds = KindsPage(workspace, actions, preferences.palette)
        self.kinds.refreshed.connect(self.kinds_changed)
        self._preferences = preferences
        if preferences.tile_side:
            self.gallery.tile_side = preferences.tile_side
            self.kinds.bar.size_slider.setValue(preferences.tile_side)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.gallery)
        self.pages.addWidget(self.kinds)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)
        self._switches = self.gallery.bar.switch, self.kinds.bar.switch
        for switch in self._switches:
            switch.chosen.connect(self._choose)
        actions.work_on(self.gallery, self.kinds)
        self.show_by_kind(preferences.cells_by_kind)

    @property
    def panes(self) -> tuple[QWidget, ...]:
        """The parts between which F6 moves the keyboard."""
        return (self._page,)

    @property
    def _page(self) -> Gallery | KindsPage:
        return self.kinds if self.by_kind else self.gallery

    @property
    def by_kind(self) -> bool:
        """Whether the cells are shown by kind."""
        return self.pages.currentWidget() is self.kinds

    def show_by_kind(self, by_kind: bool) -> None:
        """Show the cells by kind, or by class."""
        self.pages.setCurrentWidget(self.kinds if by_kind else self.gallery)
        for switch in self._switches:
            switch.show_mode(by_kind)
        self._preferences.cells_by_kind = by_kind
        self.mode_changed.emit(by_kind)

    def _choose(self, by_kind: bool) -> None:
        self.show_by_kind(by_kind)
        self.take_keys()

    def select_all(self) -> None:
        """Select the cells where the focus is, or else all that are shown."""
        self._page.select_all()

    @property
    def can_accept(self) -> bool:
        """Whether something is suggested for a selected cell."""
        return self.kinds.naming.can_accept

    @property
    def can_clear(self) -> bool:
        """Whether a selected cell has a kind."""
        return self.kinds.naming.can_clear

    def accept_selected(self) -> None:
        """Confirm what the selected cells are suggested as."""
        self.kinds.naming.accept_selected()

    def clear_selected(self) -> None:
        """Take the kind from the selected cells."""
        self.kinds.naming.clear_selected()

    def sort_again(self) -> None:
        """Put every cell into its pile."""
        self.kinds.sort_again()

    def take_keys(self) -> None:
        """Give the cells the keyboard."""
        (self._page.focusProxy() or self._page).setFocus()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        self.gallery.set_palette(palette)
        self.kinds.set_palette(palette)

    def cancel(self) -> bool:
        """Drop the selection; True if there was one."""
        chosen = bool(self._selection.all)
        self._selection.set(())
        return chosen

    def stop(self) -> None:
        """Keep what was chosen, and end the threads."""
        self._preferences.tile_side = self._page.bar.size_slider.value()
        self.gallery.stop()
        self.kinds.stop()
