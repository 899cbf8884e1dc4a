"""The main window: puts the parts together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.classes import PALETTES, Palette
from core.models.network import MODEL_SUFFIX
from core.text import gettext, ngettext
from gui.canvas.presenter import Presenter
from gui.canvas.tools.toolbox import Toolbox
from gui.canvas.view import Canvas
from gui.commands.context import Context, Dialog, Pane
from gui.commands.digit_keys import DigitKeys
from gui.commands.menus import AddButton, MainBar, add_choice, add_menus
from gui.commands.shortcuts import Actions
from gui.panels.counts.panel import CountPanel
from gui.panels.gallery.panel import Gallery
from gui.panels.history.panel import HistoryPanel
from gui.panels.images.panel import ImageList
from gui.panels.tally import TallyPanel
from gui.panels.uncertain import UncertainBar
from gui.shell.blind_count import BlindCount
from gui.shell.dialogs import Dialogs
from gui.shell.focus import Panes
from gui.shell.image_page import ImagePage
from gui.shell.session_errors import SessionErrors
from gui.shell.start_page import NoticeBar
from gui.shell.status_bar import StatusLine
from gui.widgets.theme import Theme, apply_theme
from gui.workspace.messages import Level
from gui.workspace.selection import ToolName
from gui.workspace.view_options import ViewOptions

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_SHARE_OF_SCREEN = 0.95
_MESSAGE_MS = 6000


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
        self.session_errors = SessionErrors(self, workspace, preferences, self.notice)
        self.presenter = Presenter(self.canvas, self.tools, workspace, self.options)
        self._listed = 0
        self._build_layout()
        self._build_docks()
        self.panes = Panes((self.image_list, self.image_page, self.side), self.docks)
        self._build_menus()
        self.setStatusBar(self.status)
        self._connect()
        self.actions_.connect_to(Context(workspace, self, self.options))
        self._digit_keys = DigitKeys(self, self.actions_)
        self.blind_count = BlindCount(workspace, self.dialogs, self)
        self._set_palette(preferences.palette)
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

    def _build_docks(self) -> None:
        self.docks: dict[Pane, QDockWidget] = {}
        for pane, widget, title, area in (
            (Pane.GALLERY, self.gallery, gettext("Gallery"), Qt.DockWidgetArea.BottomDockWidgetArea),
            (Pane.HISTORY, self.history_panel, gettext("History"), Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            dock = self.docks[pane] = QDockWidget(title, self)
            dock.setObjectName(f"{pane.value}Dock")
            dock.setWidget(widget)
            self.addDockWidget(area, dock)
            dock.hide()
            dock.visibilityChanged.connect(lambda *_: self.panes_changed.emit())

    def _build_menus(self) -> None:
        view, now = add_menus(self, self.actions_), self.preferences
        palettes = [(palette.name, palette) for palette in PALETTES]
        add_choice(view, gettext("Class &colours"), palettes, now.palette, self._set_palette)
        themes = [(theme.value.capitalize(), theme) for theme in Theme]
        add_choice(view, gettext("&Theme"), themes, now.theme, self._set_theme)
        self.add_button = AddButton(self.actions_["add"], self.tools, self.workspace.settings, now.palette)
        self.addToolBar(MainBar(self.actions_, self.add_button))

    def _connect(self) -> None:
        workspace = self.workspace
        workspace.messages.posted.connect(self._show_message)
        workspace.editing.doubted.connect(self.notice.show_doubt)
        workspace.history.stack_changed.connect(self.notice.leave_step)
        workspace.images.current_changed.connect(self._on_current_changed)
        workspace.images.changed.connect(self._show_title)
        workspace.images.changed.connect(self._take_focus)
        workspace.store.session_changed.connect(self.notice.clear)
        workspace.duplicates.found.connect(self._offer_to_remove)
        workspace.tally.reached.connect(self.notice.show_warning)
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
        self.docks[pane].setVisible(shown)

    def shows_pane(self, pane: Pane) -> bool:
        """Tell whether a pane is open."""
        return not self.docks[pane].isHidden()

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

    @Slot(object)
    def _on_current_changed(self, _image: int | None) -> None:
        self.notice.leave_image()
        self._show_title()

    @Slot()
    def _show_title(self) -> None:
        item, store = self.workspace.images.current, self.workspace.store
        names = ([item.path.name] if item else []) + ([store.path.stem] if store.path else [])
        read_only = " " + gettext("(read only)") if store.read_only else ""
        self.setWindowTitle(" – ".join([*names, "SmearCount"]) + read_only)

    @Slot()
    def _take_focus(self) -> None:
        """Go on with the image when some were opened: keys must not go into the filter."""
        listed, self._listed = self._listed, len(self.workspace.images.items)
        if self._listed > listed:
            shown = self.image_page.currentWidget() is self.canvas
            (self.canvas if shown else self.image_list.rows).setFocus()

    @Slot(object, str)
    def _show_message(self, level: Level, text: str) -> None:
        if level is Level.INFO:
            self.status.showMessage(text, _MESSAGE_MS)
        elif level is Level.WARNING:
            self.notice.show_warning(text)
        else:
            self.notice.show_error(text)

    @Slot(str, object)
    def _offer_to_remove(self, text: str, copies: list[int]) -> None:
        """Offer to remove copies; the user keeps them by closing the notice."""
        name = ngettext("Remove the copy", "Remove the {n:,} copies", len(copies)).format(n=len(copies))
        self.notice.show_question(text, [(name, lambda: self.workspace.images.remove(copies))])

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

    def _set_palette(self, palette: Palette) -> None:
        self.preferences.palette = palette
        for part in (self.canvas, self.gallery, self.panel, self.tally_panel, self.add_button, self.dialogs.verify):
            if part is not None:
                part.set_palette(palette)

    def _set_theme(self, theme: Theme) -> None:
        self.preferences.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)

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
