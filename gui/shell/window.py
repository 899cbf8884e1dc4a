"""The main window: puts the parts together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.models.network import MODEL_SUFFIX
from core.text import gettext
from gui.canvas.presenter import Presenter
from gui.canvas.tools.toolbox import Toolbox
from gui.canvas.view import Canvas
from gui.commands.context import Context, Dialog, Pane
from gui.commands.digit_keys import DigitKeys
from gui.commands.menus import AddButton, MainBar, add_menus
from gui.commands.shortcuts import Actions
from gui.panels.counts.panel import CountPanel
from gui.panels.gallery.panel import Gallery
from gui.panels.history.panel import HistoryPanel
from gui.panels.images.panel import ImageList
from gui.panels.tally import TallyPanel
from gui.panels.uncertain import UncertainBar
from gui.shell.appearance import Appearance, Coloured
from gui.shell.blind_count import BlindCount
from gui.shell.dialogs import Dialogs
from gui.shell.docks import Docks
from gui.shell.focus import Panes
from gui.shell.image_page import ImagePage
from gui.shell.notices import NoticeBar, Notices
from gui.shell.session_errors import SessionErrors
from gui.shell.status_bar import StatusLine
from gui.workspace.selection import ToolName
from gui.workspace.view_options import ViewOptions

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_SHARE_OF_SCREEN = 0.95


class MainWindow(QMainWindow):
    """The one window of the program."""

    panes_changed = Signal()

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()
        self.workspace = workspace
        self.preferences = preferences
        workspace.setParent(self)
        workspace.store.user = workspace.store.user or preferences.person
        self.setAcceptDrops(True)
        self.setMinimumHeight(480)  # the parts decide how narrow it may be: none is ever cut off
        self.options = ViewOptions(workspace.store, preferences, self)
        self.actions_ = Actions(self, preferences)
        self.dialogs = Dialogs(self, workspace, preferences, self.actions_)
        self.canvas = Canvas()
        self.canvas.setObjectName("canvas")
        self.tools = Toolbox(self.canvas, workspace)
        self.notice = NoticeBar()
        self.image_list = ImageList(workspace)
        self.image_page = ImagePage(workspace, self.canvas, preferences, self.open_dialog)
        self.gallery = Gallery(workspace, preferences.palette)
        self.history_panel = HistoryPanel(workspace)
        self.uncertain = UncertainBar(workspace, self.actions_)
        self.panel = CountPanel(workspace, self.actions_, self.options, preferences.palette)
        self.tally_panel = TallyPanel(workspace, preferences, preferences.palette)
        self.status = StatusLine(workspace)
        self.notices = Notices(workspace, self.notice, self.status)
        self.session_errors = SessionErrors(self, workspace, preferences, self.notice)
        self.presenter = Presenter(self.canvas, self.tools, workspace, self.options, self.actions_)
        self._listed = 0
        self._build_layout()
        self.docks = Docks(self, {Pane.GALLERY: self.gallery, Pane.HISTORY: self.history_panel})
        self.docks.changed.connect(self.panes_changed)
        self.panes = Panes((self.image_list, self.image_page, self.side), self.docks.all)
        self._build_menus()
        self.setStatusBar(self.status)
        self._connect()
        self.actions_.connect_to(Context(workspace, self, self.options))  # pyright: ignore[reportArgumentType]
        self._digit_keys = DigitKeys(self, self.actions_)
        self.blind_count = BlindCount(workspace, self.dialogs, self)  # pyright: ignore[reportArgumentType]
        self.canvas.set_palette(preferences.palette)
        if not self.restoreGeometry(preferences.geometry):
            screen = self.screen().availableGeometry().size()
            self.resize(QSize(1280, 800).boundedTo(screen * _SHARE_OF_SCREEN))
        self._show_title()

    # -- construction --------------------------------------------------------------------------

    def _build_layout(self) -> None:
        self.side = QStackedWidget()
        self.side.addWidget(self.panel)
        self.side.addWidget(self.tally_panel)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(self.uncertain)
        column.addWidget(self.image_page, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        for widget in (self.image_list, centre, self.side):
            splitter.addWidget(widget)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([250, 750, 300])
        self.setCentralWidget(splitter)

    def _build_menus(self) -> None:
        palette, settings = self.preferences.palette, self.workspace.settings
        self.add_button = AddButton(self.actions_["add"], self.tools, settings, palette)  # pyright: ignore[reportArgumentType]
        self.appearance = Appearance(add_menus(self, self.actions_), self.preferences, self._coloured)
        self.addToolBar(MainBar(self.actions_, self.add_button))

    def _coloured(self) -> list[Coloured]:
        parts = (self.canvas, self.gallery, self.panel, self.tally_panel, self.add_button, self.dialogs.verify)
        return [part for part in parts if part is not None]

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.images.current_changed.connect(self._show_title)
        workspace.images.changed.connect(self._show_title)
        workspace.images.changed.connect(self._take_focus)
        workspace.images.current_changed.connect(self._take_focus)
        workspace.tally.active_changed.connect(self._on_tally)
        self.canvas.zoom_changed.connect(self.status.show_zoom)
        self.panel.card_button.clicked.connect(lambda *_: self.open_dialog(Dialog.MODEL_CARD))
        self.panel.import_button.clicked.connect(lambda *_: self.open_dialog(Dialog.IMPORT_MODEL))
        self.status.sign_off.clicked.connect(lambda *_: self.open_dialog(Dialog.REPORT))
        self.status.signed.clicked.connect(lambda *_: self.open_dialog(Dialog.USER))
        self.history_panel.name_wanted.connect(lambda: self.open_dialog(Dialog.USER))
        self.tally_panel.finished.connect(lambda: self.tools.choose(ToolName.SELECT))
        self.uncertain.active_changed.connect(self.options.show_uncertain)
        self.uncertain.next_image.connect(self.actions_["next_unreviewed"].trigger)
        self.gallery.all_changed.connect(self._on_gallery_scope)
        self.gallery.set_all(self.preferences.gallery_of_all)

    # -- what actions ask ----------------------------------------------------------------------

    def open_dialog(self, dialog: Dialog) -> None:
        """Open a dialog or a window."""
        self.dialogs.open(dialog)

    def show_pane(self, pane: Pane, shown: bool) -> None:
        """Open or close a pane."""
        self.docks.show(pane, shown)

    def shows_pane(self, pane: Pane) -> bool:
        """Tell whether a pane is open."""
        return self.docks.shows(pane)

    def step_pane(self, by: int) -> None:
        """Give the next (1) or previous (-1) pane the keyboard."""
        self.panes.step(by)

    def step_image(self, by: int) -> None:
        """Show the next or previous image of the list as it is sorted and filtered."""
        image = self.image_list.neighbour(by)
        if image is not None:
            self.workspace.images.set_current(image)

    def listed_images(self) -> list[int]:
        """Return the ids of the images that pass the filter, in the order shown."""
        return self.image_list.listed_images()

    def focus_filter(self) -> None:
        """Give the filter of the list the keyboard."""
        self.image_list.name_filter.setFocus()

    # -- what is shown -------------------------------------------------------------------------

    @Slot()
    def _show_title(self) -> None:
        item, store = self.workspace.images.current, self.workspace.store
        names = ([item.path.name] if item else []) + ([store.path.stem] if store.path else [])
        read_only = " " + gettext("(read only)") if store.read_only else ""
        self.setWindowTitle(" – ".join([*names, "SmearCount"]) + read_only)

    @Slot()
    def _take_focus(self) -> None:
        """Go on with the image when some were opened: keys must not go into the filter."""
        images = self.workspace.images
        listed, self._listed = self._listed, 0 if images.current is None else len(images.items)
        if self._listed > listed:
            shown = self.image_page.currentWidget() is self.canvas
            (self.canvas if shown else self.image_list.rows).setFocus()

    @Slot(bool)
    def _on_tally(self, active: bool) -> None:
        if active:
            self.uncertain.set_active(False)
        self.side.setCurrentWidget(self.tally_panel if active else self.panel)
        self.canvas.setFocus()

    @Slot(bool)
    def _on_gallery_scope(self, everything: bool) -> None:
        if everything != self.preferences.gallery_of_all:
            self.preferences.gallery_of_all = everything
            self.show_pane(Pane.GALLERY, True)

    # -- the window itself ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._cancel():
            return
        super().keyPressEvent(event)

    def _cancel(self) -> bool:
        """Leave what is under way, the innermost first; True if there was something."""
        if self.uncertain.active and self.tools.tool is ToolName.SELECT:
            self.uncertain.set_active(False)
            self.workspace.selection.set(())
            return True
        return self.tools.cancel()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        models = [path for path in paths if path.suffix.lower() == MODEL_SUFFIX]
        if models:
            self.workspace.inference.open_model(models[0])
        images = [path for path in paths if path not in models]
        if images:
            self.dialogs.open_paths(images)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.preferences.geometry = self.saveGeometry()
        self.presenter.finish()
        self.image_list.stop()
        self.gallery.stop()
        self.dialogs.close()
        self.workspace.close()
        self.preferences.unfinished_session = ""
        event.accept()
