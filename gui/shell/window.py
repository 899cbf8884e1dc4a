"""The main window: puts the parts together and shows what the document says."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QInputDialog,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.classes import PALETTES, Palette
from core.models.network import MODEL_SUFFIX
from gui.canvas.presenter import PictureView
from gui.canvas.tools.editor import CanvasEditor, Tool
from gui.canvas.view import Canvas
from gui.commands.actions import MOST_CLASS_KEYS, Actions
from gui.commands.frame_controls import FrameControls
from gui.commands.handlers import Commands
from gui.commands.menus import MainBar, add_choice, add_menus
from gui.commands.tally_controls import TallyControls
from gui.dialogs.model_card import ModelDialog
from gui.panels.counts.panel import CountPanel
from gui.panels.gallery.panel import Gallery
from gui.panels.history.panel import HistoryPanel
from gui.panels.images.panel import ImageList
from gui.panels.uncertain import DoubtBar
from gui.preferences import Theme
from gui.shell.file_tasks import FileTasks
from gui.shell.focus import Panes
from gui.shell.session_errors import Remedies
from gui.shell.start_page import FailurePage, NoticeBar, StartPage
from gui.shell.status_bar import StatusLine
from gui.widgets.theme import apply_theme
from gui.workspace.sign_off import SignOffWatch
from gui.workspace.store import Level

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from gui.dialogs.guide import GuideWindow
    from gui.preferences import Preferences
    from gui.verify.window import VerifyWindow
    from gui.workspace.document import Document

_SHARE_OF_SCREEN = 0.95


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(self, document: Document, preferences: Preferences) -> None:
        super().__init__()
        self.document = document
        self.preferences = preferences
        document.setParent(self)
        document.person = document.person or preferences.person
        self.setAcceptDrops(True)
        self.setMinimumHeight(480)  # how narrow it may be its parts say: none is ever cut off
        self.canvas = Canvas()
        self.canvas.setObjectName("canvas")
        self.editor = CanvasEditor(self.canvas, document)
        self.start_page = StartPage()
        self.failure_page = FailurePage()
        self.image_list = ImageList(document)
        self.notice = NoticeBar()
        self.gallery = Gallery(document, preferences.palette)
        self.history_panel = HistoryPanel(document)
        self.actions_ = Actions(self, preferences)
        self.doubt_bar = DoubtBar(document, self.actions_)
        self.panel = CountPanel(document, self.actions_)
        self.side = QStackedWidget()
        self.side.addWidget(self.panel)
        self.frame_controls = FrameControls(self.actions_, self.editor)
        self.tally_controls = TallyControls(self.actions_, self.editor, preferences, self.side)
        self.status = StatusLine(document)
        self.files = FileTasks(self, document, preferences)
        self.remedies = Remedies(self, preferences)
        self.sign_offs = SignOffWatch(document)
        self.verify: VerifyWindow | None = None
        self._listed = 0
        self._verify_was_open = False
        self.guide: GuideWindow | None = None
        self.view = PictureView(self)
        self._build_layout()
        self._build_docks()
        self.panes = Panes(self)
        self._build_menus()
        self.bar = MainBar(self.actions_)
        self.addToolBar(self.bar)
        self.setStatusBar(self.status)
        self.commands = Commands(self)
        self._connect_document()
        self.canvas.set_palette(preferences.palette)
        self.canvas.set_labels_shown(preferences.show_labels)
        self.start_page.show_recent(preferences.recent_sessions)
        if not self.restoreGeometry(preferences.geometry):
            screen = self.screen().availableGeometry().size()
            self.resize(QSize(1280, 800).boundedTo(screen * _SHARE_OF_SCREEN))
        self.commands.show_tool()
        self._show_current()
        self._show_activity()

    # -- construction ------------------------------------------------------------------------

    def _build_layout(self) -> None:
        self.middle = QStackedWidget()
        for page in (self.start_page, self.failure_page, self.canvas):
            self.middle.addWidget(page)
        self.middle.setMinimumSize(200, 160)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notice)
        column.addWidget(self.doubt_bar)
        column.addWidget(self.middle, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        for widget in (self.image_list, centre, self.side):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([250, 750, 300])
        self.setCentralWidget(self.splitter)

    def _build_docks(self) -> None:
        self.docks: list[QDockWidget] = []
        for widget, title, name, area in (
            (self.gallery, "Gallery", "gallery", Qt.DockWidgetArea.BottomDockWidgetArea),
            (self.history_panel, "History", "history", Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(f"{name}Dock")
            dock.setWidget(widget)
            self.addDockWidget(area, dock)
            self.docks.append(dock)
            dock.hide()
            action = self.actions_[name]
            action.toggled.connect(dock.setVisible)
            dock.visibilityChanged.connect(
                lambda _shown, dock=dock, action=action: action.setChecked(not dock.isHidden())
            )

    def _build_menus(self) -> None:
        view = add_menus(self, self.actions_)
        palettes = [(palette.name, palette) for palette in PALETTES]
        add_choice(view, "Class &colours", palettes, self.preferences.palette, self._set_palette)
        themes = [(theme.value.capitalize(), theme) for theme in Theme]
        add_choice(view, "&Theme", themes, self.preferences.theme, self._set_theme)

    def _connect_document(self) -> None:
        document = self.document
        document.images_changed.connect(self._show_current)
        document.image_changed.connect(self._on_image_changed)
        document.current_changed.connect(self._on_current_changed)
        document.picture_loaded.connect(self._on_picture_loaded)
        document.cells_changed.connect(self.view.show_cells)
        document.counts_changed.connect(self._show_counts)
        document.model_changed.connect(self._on_model_changed)
        document.session_changed.connect(self._on_session_changed)
        document.activity_changed.connect(self._show_activity)
        document.editing.selection_changed.connect(self._show_activity)
        document.editing.undo_stack.indexChanged.connect(self.commands.show_undo)
        document.tally.changed.connect(self.commands.show_undo)
        document.tally.active_changed.connect(self._on_tally)
        document.tally.options_changed.connect(self._hide_what_was_found)
        document.tally.reached.connect(self.notice.show_warning)
        document.editing.undo_stack.indexChanged.connect(self.notice.leave_step)
        document.editing.doubted.connect(self.notice.show_doubt)
        document.message.connect(self._show_message)
        document.copies.found.connect(self._on_copies)
        document.editing.person_wanted.connect(self.ask_for_person)
        self.image_list.chosen.connect(document.set_current)
        self.panel.classes.threshold_changed.connect(document.set_threshold)
        self.panel.classes.method_chosen.connect(document.count_by)
        self.panel.classes.shown_changed.connect(self._on_hidden_changed)
        self.panel.scale_row.diameter_set.connect(document.set_diameter)
        self.panel.reset_button.clicked.connect(lambda *_: document.reset_thresholds())
        self.panel.card_button.clicked.connect(lambda *_: self.show_model_card())
        self.panel.import_button.clicked.connect(lambda *_: self.files.ask_for_model())
        self.status.sign_off.clicked.connect(lambda *_: self.files.ask_to_report())
        self.sign_offs.changed.connect(self._show_sign_off)
        self.status.signed.clicked.connect(lambda *_: self.ask_for_person())
        self.history_panel.name_wanted.connect(self.ask_for_person)
        self.start_page.open_images.connect(self.files.ask_for_pictures)
        self.start_page.open_demo.connect(self.files.open_demo)
        self.start_page.open_session.connect(lambda path: document.open_session(Path(path)))
        self.failure_page.retry.connect(document.count_again)
        self.failure_page.remove.connect(document.remove_current)
        self.failure_page.locate.connect(self.files.ask_for_moved)
        self.editor.tool_changed.connect(self.commands.show_tool)
        self.doubt_bar.active_changed.connect(self._on_doubts)
        self.doubt_bar.next_picture.connect(self.commands.next_unreviewed)

    # -- what the person does ------------------------------------------------------------------

    def ask_for_person(self) -> None:
        """Ask for the name that signs corrections; the name of the account if none is given."""
        proposed = self.document.person or self.preferences.person or _account_name()
        name, _ = QInputDialog.getText(
            self,
            "Your name",
            f"Corrections are kept with the name of the person who made them.\nWithout one, that is “{proposed}”.",
            text=proposed,
        )
        self.document.person = self.preferences.person = name.strip() or proposed
        self.status.show_person()

    def show_model_card(self) -> None:
        """Show what the model says of itself."""
        if self.document.model is not None:
            ModelDialog(self.document.model, self).exec()

    def show_verify(self) -> None:
        """Show the window that checks the counts against the person's own, beside this one."""
        from gui.verify.window import VerifyWindow  # not at the start: its plots take a while to load

        if self.verify is None:
            self.verify = VerifyWindow(self.document, self.preferences)
            self.verify.import_wanted.connect(self.files.ask_to_import)
            self.verify.pictures_wanted.connect(self._come_forward)
            self.verify.addActions([self.actions_["undo"], self.actions_["redo"]])
        self.verify.show()
        self.verify.raise_()
        self.verify.activateWindow()

    def show_guide(self) -> None:
        """Show the user guide beside this window."""
        from gui.dialogs.guide import GuideWindow

        if self.guide is None:
            self.guide = GuideWindow(self)
        self.guide.show()
        self.guide.raise_()
        self.guide.activateWindow()

    def check_installation(self) -> None:
        """Count the demo smear and show whether the count is right."""
        from gui.dialogs.self_check import SelfCheckDialog

        SelfCheckDialog(self.document.model, self).open()

    def _come_forward(self) -> None:
        self.raise_()
        self.activateWindow()
        self.canvas.setFocus()

    def _set_palette(self, palette: Palette) -> None:
        self.preferences.palette = palette
        self.canvas.set_palette(palette)
        self.gallery.set_palette(palette)
        if self.verify is not None:
            self.verify.set_palette(palette)
        self.panel.classes.set_palette(self.document.classes, palette)
        self.tally_controls.panel.set_palette(self.document.classes, palette)
        self.commands.show_tool()

    def _set_theme(self, theme: Theme) -> None:
        self.preferences.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)

    # -- what the document says ----------------------------------------------------------------

    def _show_sign_off(self) -> None:
        self.status.show_sign_off(self.sign_offs.text, self.sign_offs.superseded)

    def _on_image_changed(self, row: int) -> None:
        if row == self.document.current:
            self._show_current()

    def _on_current_changed(self) -> None:
        self.notice.leave_picture()
        self.view.clear()
        self._show_current()

    def _on_picture_loaded(self) -> None:
        if self.document.picture is not None:
            self.view.show_photograph()
            self._show_current()
            self._show_counts()
            self.view.show_cells()
            self.tally_controls.show_marks()
            self.editor.show_wanted_box()

    def _on_model_changed(self) -> None:
        document = self.document
        if document.model is None or document.settings is None:
            return
        self.panel.classes.set_classes(document.classes, self.preferences.palette)
        self.tally_controls.panel.set_classes(document.classes, self.preferences.palette)
        self.panel.classes.show_settings(document.settings, document.model.card.score_floor)
        self.panel.classes.set_hidden(document.remembered("hidden", []))
        self.panel.show_model()
        self.panel.classes.show_methods(document.model.card)
        self.bar.add_menu.clear()
        for place, name in enumerate(document.classes):
            choose = self.bar.add_menu.addAction(f"Add {name}")
            choose.triggered.connect(lambda *_, name=name: self.editor.set_tool(Tool.ADD, name))
            if place < MOST_CLASS_KEYS:
                self.actions_[f"class_{place + 1}"].setText(f"Class: {name}")
        self.commands.show_tool()
        self.commands.show_model()

    def _on_session_changed(self) -> None:
        session = self.document.session
        self.notice.clear()
        if session is not None:
            self.preferences.add_recent_session(str(session.path))
        self.preferences.unfinished_session = str(session.path) if session is not None else ""
        self.start_page.offer_unfinished("")
        self.start_page.show_recent(self.preferences.recent_sessions)
        self._show_current()
        self.commands.show_undo()

    def _on_hidden_changed(self) -> None:
        self.document.remember("hidden", sorted(self.panel.classes.hidden_classes()))
        self.view.show_cells()

    def _on_tally(self, active: bool) -> None:
        if active:
            self.doubt_bar.set_active(False)
        self._hide_what_was_found()
        self._show_activity()

    def _hide_what_was_found(self) -> None:
        """Hide the model's counts from a person who counts blind, and show them again afterwards."""
        hidden = self.document.tally.hides_counts
        self.image_list.rows.viewport().update()
        if self.verify is not None and hidden and self.verify.isVisible():
            self.verify.hide()
            self._verify_was_open = True
        elif not hidden and self._verify_was_open:
            self._verify_was_open = False
            self.show_verify()
            self._come_forward()

    def _on_doubts(self, active: bool) -> None:
        self.actions_["doubts"].setChecked(active)
        self.view.show_cells()

    def _show_current(self) -> None:
        """Choose the page in the middle, and name picture and session."""
        document = self.document
        entry, session = document.current_entry, document.session
        names = ([entry.path.name] if entry else []) + ([session.path.stem] if session else [])
        read_only = " (read only)" if session is not None and session.read_only else ""
        self.setWindowTitle(" – ".join([*names, "SmearCount"]) + read_only)
        self.panel.show_picture()
        if entry is None:
            self.middle.setCurrentWidget(self.start_page)
        else:
            if entry.error and document.picture is None:
                self.failure_page.show_error(entry.error, missing=not entry.path.exists())
                self.middle.setCurrentWidget(self.failure_page)
            else:
                self.middle.setCurrentWidget(self.canvas)
        self._take_focus()
        self._show_activity()

    def _take_focus(self) -> None:
        """Go on with the picture when some were opened: keys must not go into the filter."""
        if self.document.current_entry is None:
            self._listed = 0
            return
        listed, self._listed = self._listed, len(self.document.entries)
        if self._listed > listed:
            page = self.middle.currentWidget()
            (self.canvas if page is self.canvas else self.image_list.rows).setFocus()

    def _show_counts(self) -> None:
        """Show the counts and boxes of the current picture at the present settings."""
        self.panel.show_counts()
        self.view.show_cells()
        self._show_activity()

    def _show_activity(self) -> None:
        self.status.show_activity()
        self.commands.enable()

    def _show_message(self, level: Level, text: str) -> None:
        if level is Level.INFO:
            self.status.showMessage(text, 6000)
        elif level is Level.WARNING:
            self.notice.show_warning(text)
        else:
            self.notice.show_error(text)

    def _on_copies(self, text: str, images: list[int]) -> None:
        """Say which pictures are copies; the person removes them, or keeps them by closing the notice."""
        name = "Remove the copy" if len(images) == 1 else f"Remove the {len(images):,} copies"
        self.notice.show_question(text, [(name, lambda: self.document.remove(images))])

    # -- the window itself ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._escape():
            return
        super().keyPressEvent(event)

    def _escape(self) -> bool:
        """Leave what is under way, the innermost first; True if there was something."""
        if self.doubt_bar.active and self.editor.tool is Tool.SELECT:
            self.doubt_bar.set_active(False)
            self.document.editing.select(())
            return True
        return self.editor.escape()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        models = [path for path in paths if path.suffix.lower() == MODEL_SUFFIX]
        if models:
            self.document.import_model(models[0])
        pictures = [path for path in paths if path not in models]
        if pictures:
            self.document.open_paths(pictures)
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.preferences.geometry = self.saveGeometry()
        self.view.finish()
        self.image_list.stop()
        self.gallery.stop()
        if self.verify is not None:
            self.verify.close_down()
        self.document.close()
        self.preferences.unfinished_session = ""
        event.accept()


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "someone"
