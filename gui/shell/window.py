"""The main window: puts the parts together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QToolBar, QWidget

from core.models.network import MODEL_SUFFIX
from core.text import gettext
from gui.commands.action import Menu
from gui.commands.context import Context, Dialog, Pane, View
from gui.commands.digit_keys import DigitKeys
from gui.commands.menus import AddButton, add_menus
from gui.commands.shortcuts import Actions
from gui.panels.history.panel import HistoryPanel
from gui.shell.appearance import Appearance, Coloured
from gui.shell.bars.head_line import HeadLine
from gui.shell.bars.status_line import StatusLine
from gui.shell.bars.view_bar import ViewBar
from gui.shell.blind_count import BlindCount
from gui.shell.dialogs import Dialogs
from gui.shell.docks import Docks
from gui.shell.focus import Panes
from gui.shell.notices.notices import NoticeBar, Notices
from gui.shell.notices.session_errors import SessionErrors
from gui.shell.notices.toasts import Toast
from gui.shell.start.page import StartPage
from gui.shell.start.recent import RecentMenu
from gui.views.cells import CellsView
from gui.views.results import ResultsView
from gui.views.review import ReviewView
from gui.workspace.view_options import ViewOptions

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent

    from gui.preferences import Preferences
    from gui.workspace.opening import Glance
    from gui.workspace.workspace import Workspace

    AnyView = ReviewView | CellsView | ResultsView

_SHARE_OF_SCREEN = 0.95


class MainWindow(QMainWindow):
    """The one window of the program: a sample in three views, or how to begin."""

    panes_changed = Signal()
    view_changed = Signal(object)  # View

    def __init__(self, workspace: Workspace, preferences: Preferences) -> None:
        super().__init__()
        self.workspace = workspace
        self.preferences = preferences
        workspace.setParent(self)
        workspace.store.user = workspace.store.user or preferences.user
        self.setAcceptDrops(True)
        self.setMinimumHeight(480)  # the parts decide how narrow it may be: none is ever cut off
        self.options = ViewOptions(workspace.store, preferences, self)
        self.actions_ = Actions(self, preferences)
        self.appearance = Appearance(preferences, self._coloured, self)
        self.dialogs = Dialogs(self, workspace, preferences, self.actions_, self.appearance)
        self.view = View.REVIEW
        self._listed = 0
        self._make_views()
        self._make_bars()
        self._make_notices()
        self.history_panel = HistoryPanel(workspace)
        self.docks = Docks(self, {Pane.HISTORY: self.history_panel})
        self.docks.changed.connect(self.panes_changed)
        for fold in self.review.folds.values():
            fold.folded.connect(self.panes_changed)
        self.panes = Panes(self._panes, self.docks.all)
        self._connect()
        self.actions_.connect_to(Context(workspace, self, self.options))  # pyright: ignore[reportArgumentType]
        self._digit_keys = DigitKeys(self, self.actions_)
        self.blind_count = BlindCount(workspace, self.dialogs, self)  # pyright: ignore[reportArgumentType]
        if not self.restoreGeometry(preferences.geometry):
            screen = self.screen().availableGeometry().size()
            self.resize(QSize(1280, 800).boundedTo(screen * _SHARE_OF_SCREEN))
        self.restoreState(preferences.window_state)
        self._show_stage()
        self._show_title()

    # -- construction --------------------------------------------------------------------------

    def _make_views(self) -> None:
        workspace, preferences = self.workspace, self.preferences
        self.start_page = StartPage(self.open_dialog, self._recent)
        self.review = ReviewView(workspace, self.actions_, self.options, preferences, self.open_dialog)
        self.cells = CellsView(workspace, self.actions_, preferences)
        self.results = ResultsView(workspace, self.actions_, preferences.palette, self.show_image)
        self.views: dict[View, AnyView] = {
            View.REVIEW: self.review,
            View.CELLS: self.cells,
            View.RESULTS: self.results,
        }
        self.stage = Stage()
        for page in (self.start_page, *self.views.values()):
            self.stage.addWidget(page)
        self.setCentralWidget(self.stage)
        self.canvas, self.tools, self.presenter = self.review.canvas, self.review.tools, self.review.presenter
        self.image_list, self.image_page = self.review.image_list, self.review.image_page
        self.uncertain, self.side = self.review.uncertain, self.review.side
        self.panel, self.tally_panel = self.review.panel, self.review.tally_panel
        self.gallery = self.cells.gallery

    def _make_bars(self) -> None:
        palette, settings = self.preferences.palette, self.workspace.settings
        self.add_button = AddButton(self.actions_, self.tools, settings, palette)  # pyright: ignore[reportArgumentType]
        file_menu = add_menus(self, self.actions_)[Menu.FILE]
        self.recent_menu = RecentMenu(self._recent, file_menu)
        self.recent_menu.chosen.connect(self.workspace.store.open)
        file_menu.insertMenu(self.actions_["copy_session"], self.recent_menu)
        self.head = HeadLine(self.workspace, self.actions_, self.preferences, self.open_dialog)
        self.addToolBar(_bar(self.head))
        self.addToolBarBreak()
        self.view_bar = ViewBar(self.actions_, self.add_button, self.recent_menu)
        self.addToolBar(self.view_bar)
        self.status = StatusLine(self.workspace, self.actions_, self.options)
        self.setStatusBar(self.status)

    def _make_notices(self) -> None:
        self.notice = NoticeBar(self.stage)
        self.toast = Toast(self.stage)
        self.notices = Notices(self.workspace, self.notice, self.toast)
        self.session_errors = SessionErrors(self, self.workspace, self.preferences, self.notice)

    def _coloured(self) -> list[Coloured]:
        parts = (*self.views.values(), self.add_button, self.dialogs.verify, self.dialogs.counting)
        return [part for part in parts if part is not None]

    def _connect(self) -> None:
        workspace, start = self.workspace, self.start_page
        workspace.images.current_changed.connect(self._show_stage)
        workspace.images.changed.connect(self._show_stage)
        for signal in (workspace.images.changed, workspace.images.current_changed, workspace.sample.changed):
            signal.connect(self._show_title)
        workspace.images.changed.connect(self._take_focus)
        workspace.images.current_changed.connect(self._take_focus)
        workspace.store.session_changed.connect(self._on_session_changed)
        workspace.history.recorded.connect(self._tell_user)
        workspace.opening.begun.connect(lambda: self.show_view(View.REVIEW))
        workspace.opening.begun.connect(self._ask_for_id)
        self.view_changed.connect(self.view_bar.show_view)
        self.view_changed.connect(self.status.show_view)
        self.view_changed.connect(self.toast.withdraw)
        self.dialogs.image_wanted.connect(self.show_image)
        self.dialogs.cell_wanted.connect(self.show_image)
        self.dialogs.reading_wanted.connect(self._read_again)
        self.cells.kinds.open_wanted.connect(self._open_from_cells)
        self.head.id.left.connect(self._take_keys)
        self.canvas.zoom_changed.connect(self.status.tools.show_zoom)
        self.history_panel.name_wanted.connect(lambda: self.open_dialog(Dialog.USER))
        self.gallery.all_changed.connect(self._on_gallery_scope)
        self.gallery.open_wanted.connect(self._open_from_cells)
        start.open_demo.connect(workspace.opening.open_demo)
        start.open_session.connect(workspace.store.open)

    # -- what actions ask ----------------------------------------------------------------------

    def open_dialog(self, dialog: Dialog) -> None:
        """Open a dialog or a window."""
        self.dialogs.open(dialog)

    def show_view(self, view: View) -> None:
        """Show another view; the sample, the image and the selection stay."""
        if view is self.view:
            return
        self.view = view
        self._show_stage()
        self.view_changed.emit(view)
        if self.workspace.images.current is not None:
            self._take_keys()

    def show_image(self, image: int, cell: int | None = None) -> None:
        """Show an image in Review, and a cell of it selected and in view."""
        self.show_view(View.REVIEW)
        if cell is None:
            self.workspace.images.reveal(image)
        else:
            self.workspace.selection.show_cell(image, cell)

    def show_pane(self, pane: Pane, shown: bool) -> None:
        """Open or close a pane."""
        if pane in self.review.folds:
            self.review.show_part(pane, shown)
        else:
            self.docks.show(pane, shown)

    def shows_pane(self, pane: Pane) -> bool:
        """Tell whether a pane is open."""
        fold = self.review.folds.get(pane)
        return self.docks.shows(pane) if fold is None else not fold.is_folded

    @property
    def full_screen(self) -> bool:
        """Whether the window fills the screen."""
        return self.isFullScreen()

    def fill_screen(self, filled: bool) -> None:
        """Fill the screen, or be a window again."""
        if filled != self.isFullScreen():
            self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

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
        self.show_view(View.REVIEW)
        self.show_pane(Pane.IMAGES, True)
        self.image_list.name_filter.setFocus()

    # -- what is shown -------------------------------------------------------------------------

    def _panes(self) -> tuple[QWidget, ...]:
        """Return the parts of the window between which the keyboard moves."""
        begun = self.workspace.images.current is not None
        over = [part for part in (self.toast, self.notice) if part.isVisible()]
        return (*over, self.head, self.view_bar, *(self.views[self.view].panes if begun else (self.start_page,)))

    @Slot()
    def _show_stage(self) -> None:
        """Show the view, or how to begin while there is no image."""
        begun = self.workspace.images.current is not None
        self.stage.setCurrentWidget(self.views[self.view] if begun else self.start_page)

    @Slot()
    def _show_title(self) -> None:
        item, store = self.workspace.images.current, self.workspace.store
        names = [name for name in (self.workspace.sample.title, item.path.name if item else "") if name]
        read_only = " " + gettext("(read only)") if store.read_only else ""
        self.setWindowTitle(" – ".join([*names, "SmearCount"]) + read_only)

    @Slot()
    def _take_focus(self) -> None:
        """Go on with the image when some were opened: keys must not go into the filter."""
        images = self.workspace.images
        listed, self._listed = self._listed, 0 if images.current is None else len(images.items)
        if self._listed > listed:
            self._take_keys()

    @Slot()
    def _take_keys(self) -> None:
        """Give what is in the middle the keyboard."""
        begun = self.workspace.images.current is not None
        (self.views[self.view] if begun else self.start_page).take_keys()

    @Slot()
    def _on_session_changed(self) -> None:
        path = self.workspace.store.path
        if path is not None:
            self.preferences.add_recent_session(str(path))
        self.preferences.unfinished_session = str(path) if path is not None else ""
        self.start_page.offer_unfinished("")

    def _recent(self) -> list[Glance]:
        """Return what can be told of the samples that were open last."""
        return self.workspace.opening.recent(self.preferences.recent_sessions)

    @Slot()
    def _tell_user(self) -> None:
        """Say once with which name edits are kept, without getting in the way."""
        if not self.preferences.person:
            self.preferences.person = self.workspace.store.user
            text = gettext("What you change is kept with your name: {name}").format(name=self.preferences.person)
            self.workspace.messages.offer(text, gettext("Change"), lambda: self.open_dialog(Dialog.USER))

    @Slot()
    def _ask_for_id(self) -> None:
        """Ask for the id of a sample that has just been begun, without getting in the way."""
        text = gettext("A new sample. What is its id?")
        self.workspace.messages.offer(text, gettext("Give its id"), self.head.edit_id, stays=True)

    @Slot(int, int)
    def _open_from_cells(self, image: int, cell: int) -> None:
        """Show a cell in its image, and offer the way back."""
        self.show_image(image, cell)
        item = self.workspace.images.item(image)
        if item is not None:
            text = gettext("Shown in {image}.").format(image=item.path.name)
            self.workspace.messages.offer(text, gettext("Back to the cells"), lambda: self.show_view(View.CELLS))

    @Slot(str)
    def _read_again(self, name: str) -> None:
        """Have the cells named a second time, under a name."""
        self.show_view(View.CELLS)
        self.cells.show_by_kind(True)
        self.cells.kinds.set_reading(name)
        self.dialogs.come_forward()

    @Slot(bool)
    def _on_gallery_scope(self, everything: bool) -> None:
        if everything != self.preferences.gallery_of_all:
            self.preferences.gallery_of_all = everything
            self.show_view(View.CELLS)

    # -- the window itself ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._cancel():
            return
        super().keyPressEvent(event)

    def _cancel(self) -> bool:
        """Leave what is under way, the innermost first, and in the end for Review; True if there was something."""
        if self.views[self.view].cancel() or self.notice.leave():
            return True
        away, filled = self.view is not View.REVIEW, self.isFullScreen()
        self.show_view(View.REVIEW)
        if not away:
            self.fill_screen(False)
        return away or filled

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.panes_changed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self.start_page.set_dragged(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.start_page.set_dragged(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.start_page.set_dragged(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        models = [path for path in paths if path.suffix.lower() == MODEL_SUFFIX]
        if models:
            self.workspace.choice.use(models[0])
        images = [path for path in paths if path not in models]
        if images:
            self.dialogs.open_paths(images)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.fill_screen(False)
        self.preferences.geometry = self.saveGeometry()
        self.preferences.window_state = self.saveState()
        for part in (self.start_page, *self.views.values()):
            part.stop()
        self.dialogs.close()
        self.workspace.close()
        self.preferences.unfinished_session = ""
        event.accept()


class Stage(QStackedWidget):
    """The pages of the middle; one that is not shown does not make the window wider."""

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return super().minimumSizeHint() if page is None else page.minimumSizeHint()


def _bar(widget: QWidget) -> QToolBar:
    """Return a bar of the window that is one widget."""
    bar = QToolBar(gettext("Sample"))
    bar.setObjectName("headBar")
    bar.setMovable(False)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    bar.addWidget(widget)
    return bar
