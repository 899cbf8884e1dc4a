"""Review: the list of images, the image, and its counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QApplication, QHBoxLayout, QSplitter, QStackedWidget, QWidget

from core.text import gettext
from gui.canvas.beside import Beside
from gui.canvas.presenter import Presenter
from gui.canvas.tools.toolbox import Toolbox
from gui.canvas.view import Canvas
from gui.commands.context import Pane
from gui.panels.counts.panel import CountPanel
from gui.panels.images.panel import ImageList
from gui.panels.tally import TallyPanel
from gui.panels.uncertain import UncertainPanel
from gui.views.image_page import ImagePage
from gui.widgets.layout.foldable import STRIP, Foldable, Side
from gui.widgets.theme import SIDE_WIDTH
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent

    from core.classes import Palette
    from gui.commands.context import Dialog
    from gui.commands.shortcuts import Actions
    from gui.preferences import Preferences
    from gui.workspace.view_options import ViewOptions
    from gui.workspace.workspace import Workspace

_NARROW = 1100
"""Below this width the list of images is folded, so that the image keeps its room."""


class ReviewView(QSplitter):
    """Shows one image at a time: where cells are corrected and counts are reviewed."""

    def __init__(
        self,
        workspace: Workspace,
        actions: Actions,
        options: ViewOptions,
        preferences: Preferences,
        open_dialog: Callable[[Dialog], None],
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._selection = workspace.selection
        self._tally = workspace.tally
        self._options = options
        self._preferences = preferences
        self._narrow: bool | None = None
        self.canvas = Canvas()
        self.canvas.setObjectName("canvas")
        self.tools = Toolbox(self.canvas, workspace)
        self.image_list = ImageList(workspace, actions)
        self.image_page = ImagePage(workspace, self.canvas, open_dialog)
        self.uncertain = UncertainPanel(workspace, actions)
        self.panel = CountPanel(workspace, actions, options, preferences.palette)
        self.tally_panel = TallyPanel(workspace, preferences, preferences.palette)
        self.presenter = Presenter(self.canvas, self.tools, workspace, options, actions)
        self.beside = Beside(workspace, self.canvas, options)
        self._build_layout()
        self.panes: tuple[QWidget, ...] = (self.image_list, self.image_page, self.side)
        for canvas in (self.canvas, self.beside):
            canvas.set_palette(preferences.palette)
        workspace.tally.active_changed.connect(self._on_tally)
        self.tally_panel.finished.connect(lambda: self.tools.choose(ToolName.SELECT))
        self.uncertain.active_changed.connect(options.show_uncertain)
        self.uncertain.active_changed.connect(self._show_side)
        self.uncertain.next_image.connect(actions["next_unreviewed"].trigger)
        self.panel.classes.entered.connect(self.take_keys)
        actions.work_on(self.canvas, self.image_list)

    def _build_layout(self) -> None:
        self.side = QStackedWidget()
        self.side.setFixedWidth(SIDE_WIDTH)
        for page in (self.panel, self.tally_panel, self.uncertain):
            self.side.addWidget(page)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(1)
        row.addWidget(self.image_page, 1)
        row.addWidget(self.beside, 1)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.folds = {
            Pane.IMAGES: Foldable(self.image_list, Side.LEFT, gettext("list of images")),
            Pane.COUNTS: Foldable(self.side, Side.RIGHT, gettext("counts")),
        }
        for widget in (self.folds[Pane.IMAGES], centre, self.folds[Pane.COUNTS]):
            self.addWidget(widget)
        self.setStretchFactor(1, 1)
        self._list_width = self._preferences.list_width
        self.splitterMoved.connect(self._on_moved)
        for pane, part in self.folds.items():
            part.folded.connect(self._share_width)
            part.fold(pane.value in self._preferences.folded_panes)
            part.turned.connect(self._remember_folds)
        self._share_width()

    def show_part(self, pane: Pane, shown: bool) -> None:
        """Show what is beside the image, or fold it away."""
        self.folds[pane].fold(not shown)
        self._remember_folds()

    @Slot()
    def _share_width(self) -> None:
        """Give the image the width that the parts beside it leave."""
        images, counts = self.folds[Pane.IMAGES], self.folds[Pane.COUNTS]
        left = STRIP if images.is_folded else self._list_width
        right = STRIP if counts.is_folded else counts.sizeHint().width()
        self.setSizes([left, max(self.width() - left - right - 2 * self.handleWidth(), 1), right])

    @Slot()
    def _on_moved(self) -> None:
        if not self.folds[Pane.IMAGES].is_folded:
            self._list_width = self.sizes()[0]

    @Slot()
    def _remember_folds(self) -> None:
        """Keep what the user has folded; what a narrow window folds comes back by itself."""
        if not self._narrow:
            self._preferences.folded_panes = [pane.value for pane, part in self.folds.items() if part.is_folded]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _NARROW
        if narrow != self._narrow:
            self._narrow = narrow
            self.folds[Pane.IMAGES].fold(narrow or Pane.IMAGES.value in self._preferences.folded_panes)
        self._share_width()

    def take_keys(self) -> None:
        """Give the image the keyboard, or the list where the image cannot be shown."""
        shown = self.image_page.currentWidget() is self.canvas
        (self.canvas if shown else self.image_list.rows).setFocus()

    def set_palette(self, palette: Palette) -> None:
        """Show classes in other colours."""
        for part in (self.canvas, self.beside, self.panel, self.tally_panel):
            part.set_palette(palette)

    def cancel(self) -> bool:
        """Leave what is under way, the innermost first; True if there was something."""
        if self.uncertain.active and self.tools.tool is ToolName.SELECT:
            self.uncertain.set_active(False)
            self._selection.set(())
            return True
        if self._options.adjusting and self.tools.tool is ToolName.SELECT:
            self._options.show_adjusting(False)
            return True
        focus = QApplication.focusWidget()
        if focus is not None and self.panel.classes.isAncestorOf(focus):
            self.take_keys()
            return True
        return self.tools.cancel()

    def stop(self) -> None:
        """Keep what is pending, and end the threads."""
        self._preferences.list_width = self._list_width
        self.presenter.finish()
        self.image_list.stop()

    @Slot(bool)
    def _on_tally(self, active: bool) -> None:
        if active:
            self.uncertain.set_active(False)
        self._show_side()
        self.canvas.setFocus()

    @Slot()
    def _show_side(self) -> None:
        """Show at the right what belongs to what is done: counting by hand, walking the uncertain cells, or neither."""
        walks = self.uncertain if self.uncertain.active else self.panel
        self.side.setCurrentWidget(self.tally_panel if self._tally.active else walks)
