"""The main window: puts the parts together and shows what the document says."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QInputDialog,
    QMainWindow,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.classes import PALETTES, Palette
from core.model import MODEL_SUFFIX
from core.version import __version__
from gui.actions import MOST_CLASS_KEYS, Actions
from gui.canvas import Canvas
from gui.canvas_editor import CanvasEditor, Tool
from gui.class_panel import swatch
from gui.count_panel import CountPanel
from gui.doubt_bar import DoubtBar
from gui.entries import State
from gui.file_tasks import FileTasks
from gui.frame_controls import FrameControls
from gui.gallery import Gallery
from gui.history_panel import HistoryPanel
from gui.image_list import ImageList
from gui.keys_dialog import KeysDialog
from gui.menus import MainBar, add_choice, add_menus
from gui.model_dialog import ModelDialog
from gui.remedies import Remedies
from gui.report_work import SignOffWatch
from gui.session_holder import Level
from gui.start_page import FailurePage, NoticeBar, StartPage
from gui.status_line import StatusLine
from gui.tally_controls import TallyControls
from gui.theme import Theme, apply_theme

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent

    from gui.document import Document
    from gui.guide import GuideWindow
    from gui.preferences import Preferences
    from gui.verify.window import VerifyWindow

GHOST_REACH = 0.15
"""Cells whose score is less than this below their threshold can be shown dotted."""

_SHARE_OF_SCREEN = 0.95
_VIEW_SETTLE_MS = 600


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
        self._view_timer = QTimer(self)
        self._view_timer.setSingleShot(True)
        self._view_timer.setInterval(_VIEW_SETTLE_MS)
        self._build_layout()
        self._build_docks()
        self._build_menus()
        self.bar = MainBar(self.actions_)
        self.addToolBar(self.bar)
        self.setStatusBar(self.status)
        self._connect_actions()
        self._connect_document()
        self.canvas.set_palette(preferences.palette)
        self.canvas.set_labels_shown(preferences.show_labels)
        self.start_page.show_recent(preferences.recent_sessions)
        if not self.restoreGeometry(preferences.geometry):
            screen = self.screen().availableGeometry().size()
            self.resize(QSize(1280, 800).boundedTo(screen * _SHARE_OF_SCREEN))
        self._show_tool()
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
        for widget, title, name, area in (
            (self.gallery, "Gallery", "gallery", Qt.DockWidgetArea.BottomDockWidgetArea),
            (self.history_panel, "History", "history", Qt.DockWidgetArea.RightDockWidgetArea),
        ):
            dock = QDockWidget(title, self)
            dock.setObjectName(f"{name}Dock")
            dock.setWidget(widget)
            self.addDockWidget(area, dock)
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

    def _connect_actions(self) -> None:
        document, canvas, editor, files = self.document, self.canvas, self.editor, self.files
        self.actions_.connect_to(
            {
                "open": files.ask_for_pictures,
                "open_folder": files.ask_for_folder,
                "open_demo": files.open_demo,
                "new_session": document.close_session,
                "open_session": files.ask_for_session,
                "copy_session": files.ask_to_copy_session,
                "import_cells": files.ask_to_import,
                "export_cells": files.ask_to_export,
                "save_picture": files.ask_to_save_picture,
                "save_table": files.ask_to_save_csv,
                "report": files.ask_to_report,
                "find_missing": files.ask_for_moved,
                "remove_picture": document.remove_current,
                "quit": self.close,
                "undo": self._undo,
                "redo": lambda: document.tally.redo() if document.tally.active else document.editing.redo(),
                "select": lambda: editor.set_tool(Tool.SELECT),
                "add": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.ADD else Tool.ADD),
                "empty": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.EMPTY else Tool.EMPTY),
                "remove": lambda: self.tally_controls.tool.remove_near() if document.tally.active else editor.remove(),
                "accept": lambda: document.editing.accept(document.editing.selection),
                "select_all": lambda: document.editing.select(canvas.boxes.shown_ids()),
                "next_cell": lambda: editor.walk(1),
                "previous_cell": lambda: editor.walk(-1),
                "count_again": document.count_again,
                "pause": document.queue.pause_or_go_on,
                "stop": document.queue.stop,
                "retry_failed": document.retry_failed,
                "next_unreviewed": self._next_unreviewed,
                "find": self.image_list.name_filter.setFocus,
                "import_model": files.ask_for_model,
                "verify": self.show_verify,
                "next": lambda: self._step(1),
                "previous": lambda: self._step(-1),
                "fit": canvas.fit,
                "actual": lambda: canvas.zoom_to(1.0),
                "zoom_in": canvas.zoom_in,
                "zoom_out": canvas.zoom_out,
                "shortcuts": lambda: KeysDialog(self.actions_, self).exec(),
                "person": self.ask_for_person,
                "guide": self.show_guide,
                "self_check": self.check_installation,
                "about": self._show_about,
            }
        )
        for number in range(1, MOST_CLASS_KEYS + 1):
            self.actions_.connect_to({f"class_{number}": lambda place=number - 1: self._class_key(place)})
        action = self.actions_
        action["labels"].setChecked(self.preferences.show_labels)
        action["labels"].toggled.connect(self._set_labels_shown)
        action["ghosts"].setChecked(self.preferences.show_ghosts)
        action["ghosts"].toggled.connect(self._set_ghosts_shown)
        action["ground_truth"].setChecked(True)
        action["ground_truth"].toggled.connect(lambda *_: self._show_cells())
        action["hide_boxes"].toggled.connect(lambda *_: self._show_cells())
        action["reviewed"].triggered.connect(document.editing.mark_reviewed)
        action["doubts"].toggled.connect(self.doubt_bar.set_active)

    def _connect_document(self) -> None:
        document = self.document
        document.images_changed.connect(self._show_current)
        document.image_changed.connect(self._on_image_changed)
        document.current_changed.connect(self._on_current_changed)
        document.picture_loaded.connect(self._on_picture_loaded)
        document.cells_changed.connect(self._show_cells)
        document.counts_changed.connect(self._show_counts)
        document.model_changed.connect(self._on_model_changed)
        document.session_changed.connect(self._on_session_changed)
        document.activity_changed.connect(self._show_activity)
        document.editing.selection_changed.connect(self._show_activity)
        document.editing.undo_stack.indexChanged.connect(self._show_undo)
        document.tally.changed.connect(self._show_undo)
        document.tally.active_changed.connect(self._on_tally)
        document.tally.options_changed.connect(self._hide_what_was_found)
        document.tally.reached.connect(self.notice.show_warning)
        document.message.connect(self._show_message)
        document.copies.found.connect(self._on_copies)
        document.editing.person_wanted.connect(self.ask_for_person)
        self.image_list.chosen.connect(document.set_current)
        self.panel.classes.threshold_changed.connect(document.set_threshold)
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
        self.canvas.zoom_changed.connect(self._show_zoom)
        self.canvas.horizontalScrollBar().valueChanged.connect(lambda *_: self._view_timer.start())
        self.canvas.verticalScrollBar().valueChanged.connect(lambda *_: self._view_timer.start())
        self._view_timer.timeout.connect(self._remember_view)
        self.editor.tool_changed.connect(self._show_tool)
        self.doubt_bar.active_changed.connect(self._on_doubts)
        self.doubt_bar.next_picture.connect(self._next_unreviewed)

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
        from gui.guide import GuideWindow

        if self.guide is None:
            self.guide = GuideWindow(self)
        self.guide.show()
        self.guide.raise_()
        self.guide.activateWindow()

    def check_installation(self) -> None:
        """Count the demo smear and show whether the count is right."""
        from gui.self_check import SelfCheckDialog

        SelfCheckDialog(self.document.model, self).open()

    def _come_forward(self) -> None:
        self.raise_()
        self.activateWindow()
        self.canvas.setFocus()

    def _step(self, by: int) -> None:
        row = self.image_list.next_row(by)
        if row is not None:
            self.document.set_current(row)

    def _class_key(self, place: int) -> None:
        if place >= len(self.document.classes):
            return
        name = self.document.classes[place]
        if self.document.tally.active:
            self.tally_controls.tool.class_key(name)
        else:
            self.editor.class_key(name)

    def _undo(self) -> None:
        """Take back the last mark while cells are counted by hand, or that the marks were cleared; else an edit."""
        document = self.document
        if document.tally.active and (document.tally.can_undo or not document.truths.cleared_last):
            document.tally.undo()
        else:
            document.editing.undo()

    def _next_unreviewed(self) -> None:
        self.document.next_unreviewed(self.image_list.visible_rows_order())

    def _set_labels_shown(self, shown: bool) -> None:
        self.preferences.show_labels = shown
        self.canvas.set_labels_shown(shown)

    def _set_ghosts_shown(self, shown: bool) -> None:
        self.preferences.show_ghosts = shown
        self._show_cells()

    def _set_palette(self, palette: Palette) -> None:
        self.preferences.palette = palette
        self.canvas.set_palette(palette)
        self.gallery.set_palette(palette)
        if self.verify is not None:
            self.verify.set_palette(palette)
        self.panel.classes.set_palette(self.document.classes, palette)
        self.tally_controls.panel.set_palette(self.document.classes, palette)
        self._show_tool()

    def _set_theme(self, theme: Theme) -> None:
        self.preferences.theme = theme
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        apply_theme(app, theme)

    def _show_about(self) -> None:
        QMessageBox.about(
            self,
            "About SmearCount",
            f"SmearCount {__version__}\n\n"
            "Counts red cells, white cells and platelets in photographs of blood smears.\n\n"
            "It is not a medical device: a person checks every count, signs the result and answers for it.",
        )

    # -- what the document says ----------------------------------------------------------------

    def _show_sign_off(self) -> None:
        self.status.show_sign_off(self.sign_offs.text, self.sign_offs.superseded)

    def _on_image_changed(self, row: int) -> None:
        if row == self.document.current:
            self._show_current()

    def _on_current_changed(self) -> None:
        self.notice.leave_picture()
        self._view_timer.stop()
        self.canvas.show_picture(None)
        self._show_current()

    def _on_picture_loaded(self) -> None:
        document = self.document
        if document.picture is not None:
            self.canvas.show_picture(document.picture)
            view = document.remembered("view")
            entry = document.current_entry
            if view and entry is not None and view[0] == entry.id:
                self.canvas.restore_view(view[1:])
            self._show_current()
            self._show_counts()
            self._show_cells()
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
        self.bar.add_menu.clear()
        for place, name in enumerate(document.classes):
            choose = self.bar.add_menu.addAction(f"Add {name}")
            choose.triggered.connect(lambda *_, name=name: self.editor.set_tool(Tool.ADD, name))
            if place < MOST_CLASS_KEYS:
                self.actions_[f"class_{place + 1}"].setText(f"Class: {name}")
        self._show_tool()

    def _on_session_changed(self) -> None:
        session = self.document.session
        self.notice.clear()
        if session is not None:
            self.preferences.add_recent_session(str(session.path))
        self.preferences.unfinished_session = str(session.path) if session is not None else ""
        self.start_page.offer_unfinished("")
        self.start_page.show_recent(self.preferences.recent_sessions)
        self._show_current()
        self._show_undo()

    def _on_hidden_changed(self) -> None:
        self.document.remember("hidden", sorted(self.panel.classes.hidden_classes()))
        self._show_cells()

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
        self._show_cells()

    def _remember_view(self) -> None:
        entry = self.document.current_entry
        if entry is not None and self.document.picture is not None:
            self.document.remember("view", [entry.id, *self.canvas.view_state()])

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
        self._show_cells()
        self._show_activity()

    def _show_cells(self) -> None:
        document = self.document
        entry = document.current_entry
        result = document.result(entry) if entry else None
        cells = document.current_cells()
        if entry is None or cells is None or result is None or entry.countable is None or document.picture is None:
            self.canvas.show_detections(None, ())
            self.frame_controls.show_frame()
            return
        detections = cells.cells
        truth = document.truths.of(entry.id) if self.actions_["ground_truth"].isChecked() else None
        truth = None if document.tally.active else truth
        self.canvas.show_ground_truth(np.zeros((0, 4), np.float32) if truth is None else truth.boxes)
        self.canvas.show_detections(detections, document.classes)
        hidden = [document.classes.index(name) for name in self.panel.classes.hidden_classes()]
        boxes = not (self.actions_["hide_boxes"].isChecked() or document.tally.hides_counts)
        visible = ~np.isin(detections.labels, hidden) & boxes
        ghosts = np.zeros(len(detections), bool)
        doubts = self.doubt_bar.active
        if (self.preferences.show_ghosts or doubts) and document.settings is not None:
            places, margins = entry.countable.doubtful(document.settings.thresholds, document.classes, GHOST_REACH)
            ghosts[places[margins < 0]] = True
        self.canvas.show_cells(result.counted & visible, ghosts & visible)
        self.frame_controls.show_frame(hidden, boxes=boxes)
        self.editor.show_selection()

    def _show_activity(self) -> None:
        self.status.show_activity()
        self._enable_actions()

    def _enable_actions(self) -> None:
        document = self.document
        entry = document.current_entry
        editable, total = document.editing.editable, len(document.entries)
        counted = entry is not None and entry.state is State.COUNTED
        chosen = bool(document.editing.selection)
        self.actions_.enable(
            save_picture=counted,
            save_table=document.overview.states[State.COUNTED] > 0,
            count_again=entry is not None and document.model is not None,
            stop=document.queue.busy is not None,
            pause=document.queue.waiting > 0,
            retry_failed=document.overview.states[State.FAILED] > 0,
            remove_picture=entry is not None,
            next=total > 1,
            previous=total > 1,
            next_unreviewed=total > 1,
            fit=entry is not None,
            actual=entry is not None,
            select=editable,
            add=editable,
            empty=editable,
            remove=editable,
            accept=editable and chosen,
            select_all=editable,
            next_cell=counted,
            previous_cell=counted,
            doubts=editable,
            reviewed=editable,
            new_session=document.session is not None,
            copy_session=document.session is not None,
            import_cells=entry is not None,
            export_cells=counted,
            find_missing=entry is not None,
        )
        stale = entry is not None and document.reviews.changed(entry)
        reviewed = entry is not None and entry.reviewed and not stale
        self.actions_["reviewed"].setChecked(reviewed)
        text = "Mark reviewed again" if stale else "✓ Reviewed" if reviewed else "Mark reviewed"
        self.actions_["reviewed"].setText(text)
        self.panel.enable()
        self.frame_controls.enable()
        self._show_undo()

    def _show_undo(self) -> None:
        stack = self.document.editing.undo_stack
        for name, verb, possible, text in (
            ("undo", "Undo", stack.canUndo(), stack.undoText()),
            ("redo", "Redo", stack.canRedo(), stack.redoText()),
        ):
            self.actions_[name].setEnabled(possible)
            self.actions_[name].setText(f"&{verb} {text[:1].lower()}{text[1:]}" if possible else f"&{verb}")
            self.actions_[name].setIconText(verb)
        self.tally_controls.enable()

    def _show_tool(self) -> None:
        editor, classes = self.editor, self.document.classes
        self.actions_["add"].setChecked(editor.tool is Tool.ADD)
        self.actions_["empty"].setChecked(editor.tool is Tool.EMPTY)
        self.actions_["add"].setIconText(f"Add {editor.armed}" if editor.armed else "Add")
        if editor.armed in classes:
            self.actions_["add"].setIcon(swatch(self.preferences.palette.colour(classes, classes.index(editor.armed))))

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
        self.notice.show_error(text, [(name, lambda: self.document.remove(images))], level="warning")

    def _show_zoom(self, zoom: float) -> None:
        self.status.show_zoom(zoom)
        self._view_timer.start()

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
        if self._view_timer.isActive():
            self._remember_view()
        self._view_timer.stop()
        self.image_list.stop()
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
