"""The main window: puts the parts together and shows what the document says."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.classes import PALETTES, Palette
from core.model import MODEL_SUFFIX
from core.version import __version__
from gui.actions import MOST_CLASS_KEYS, Actions
from gui.app import demo_smear
from gui.canvas import Canvas
from gui.canvas_editor import CanvasEditor, Tool
from gui.class_panel import ClassPanel, ScaleRow, swatch
from gui.document import Document
from gui.doubt_bar import DoubtBar
from gui.entries import State
from gui.file_tasks import FileTasks
from gui.gallery import Gallery
from gui.history_panel import HistoryPanel
from gui.image_list import ImageList
from gui.keys_dialog import KeysDialog
from gui.model_dialog import ModelDialog
from gui.preferences import Preferences
from gui.session_holder import Level
from gui.start_page import FailurePage, NoticeBar, StartPage
from gui.theme import Theme, apply_theme

if TYPE_CHECKING:
    from collections.abc import Sequence

GHOST_REACH = 0.15
"""Cells whose score is less than this below their threshold can be shown dotted."""

_VIEW_SETTLE_MS = 600
_SHORT_TEXTS = {
    "open": "Open …",
    "open_folder": "Folder …",
    "previous": "◀",
    "next": "▶",
    "empty": "Empty area",
    "doubts": "Doubts",
    "gallery": "Gallery",
    "history": "History",
}


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(self, document: Document, preferences: Preferences) -> None:
        super().__init__()
        self.document = document
        self.preferences = preferences
        document.setParent(self)
        document.person = document.person or preferences.person
        self.setAcceptDrops(True)
        self.setMinimumSize(760, 480)
        self.canvas = Canvas()
        self.canvas.setObjectName("canvas")
        self.editor = CanvasEditor(self.canvas, document)
        self.start_page = StartPage()
        self.failure_page = FailurePage()
        self.image_list = ImageList(document)
        self.class_panel = ClassPanel()
        self.scale_row = ScaleRow()
        self.notice = NoticeBar()
        self.doubt_bar = DoubtBar(document)
        self.gallery = Gallery(document, preferences.palette)
        self.history_panel = HistoryPanel(document)
        self.actions_ = Actions(self, preferences)
        self.files = FileTasks(self, document, preferences)
        self._view_timer = QTimer(self)
        self._view_timer.setSingleShot(True)
        self._view_timer.setInterval(_VIEW_SETTLE_MS)
        self._build_layout()
        self._build_docks()
        self._build_menus()
        self._build_tool_bar()
        self._build_status_bar()
        self._connect_actions()
        self._connect_document()
        self.canvas.set_palette(preferences.palette)
        self.canvas.set_labels_shown(preferences.show_labels)
        self.start_page.show_recent(preferences.recent_sessions)
        if not self.restoreGeometry(preferences.geometry):
            self.resize(1280, 800)
        self._show_tool()
        self._show_current()
        self._show_activity()

    # -- construction ------------------------------------------------------------------------

    def _build_layout(self) -> None:
        self.middle = QStackedWidget()
        for page in (self.start_page, self.failure_page, self.canvas):
            self.middle.addWidget(page)
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
        panel = self._build_panel()
        for widget in (self.image_list, centre, panel):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([240, 760, 300])
        self.setCentralWidget(self.splitter)

    def _build_panel(self) -> QWidget:
        heading = QLabel("COUNT")
        heading.setObjectName("heading")
        self.picture_name = QLabel()
        self.picture_name.setObjectName("faint")
        self.totals = QLabel()
        self.totals.setObjectName("faint")
        self.totals.setWordWrap(True)
        self.totals.setToolTip("The counts of all counted pictures of this session together")
        self.reviewed_button = QToolButton()
        self.reviewed_button.setDefaultAction(self.actions_["reviewed"])
        self.reviewed_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.reviewed_button.setObjectName("reviewed")
        self.reset_button = QPushButton("Suggested thresholds")
        self.reset_button.setToolTip("Go back to the thresholds that the model suggests")
        model_heading = QLabel("MODEL")
        model_heading.setObjectName("heading")
        self.model_name = QLabel("opening …")
        self.model_name.setWordWrap(True)
        self.card_button = QPushButton("Model card …")
        self.import_button = QPushButton("Import …")
        buttons = QHBoxLayout()
        buttons.addWidget(self.card_button)
        buttons.addWidget(self.import_button)
        top = QHBoxLayout()
        top.addWidget(self.picture_name, 1)
        top.addWidget(self.reviewed_button)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(heading)
        column.addLayout(top)
        column.addWidget(self.class_panel)
        column.addWidget(self.totals)
        column.addWidget(self.reset_button)
        column.addSpacing(4)
        column.addWidget(self.scale_row)
        column.addSpacing(12)
        column.addWidget(model_heading)
        column.addWidget(self.model_name)
        column.addLayout(buttons)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setObjectName("panel")
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(270)
        scroll.setWidget(inside)
        return scroll

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
        separated = {
            "open_demo", "copy_session", "export_cells", "save_table", "find_missing", "redo", "accept", "select_all",
            "previous_cell", "stop", "retry_failed", "next_unreviewed", "previous", "zoom_out", "hide_boxes",
        }  # fmt: skip
        menus = {name: self.menuBar().addMenu(f"&{name}") for name in ("File", "Edit", "Count", "View", "Help")}
        for name, menu in menus.items():
            for action in self.actions_.group(name):
                menu.addAction(action)
                if action.objectName() in separated:
                    menu.addSeparator()
        self._add_choices(menus["View"])

    def _add_choices(self, view: QMenu) -> None:
        view.addSeparator()
        colours = view.addMenu("Class &colours")
        group = QActionGroup(self)
        for palette in PALETTES:
            action = group.addAction(QAction(palette.name, self, checkable=True))
            action.setChecked(palette is self.preferences.palette)
            action.triggered.connect(lambda *_, palette=palette: self._set_palette(palette))
            colours.addAction(action)
        themes = view.addMenu("&Theme")
        theme_group = QActionGroup(self)
        for theme in Theme:
            action = theme_group.addAction(QAction(theme.value.capitalize(), self, checkable=True))
            action.setChecked(theme is self.preferences.theme)
            action.triggered.connect(lambda *_, theme=theme: self._set_theme(theme))
            themes.addAction(action)

    def _build_tool_bar(self) -> None:
        bar = self.addToolBar("Main")
        bar.setObjectName("mainBar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        action = self.actions_
        bar.addActions([action["open"], action["open_folder"]])
        bar.addSeparator()
        bar.addActions([action["previous"], action["next"]])
        bar.addSeparator()
        bar.addActions([action["fit"], action["actual"]])
        bar.addSeparator()
        bar.addActions([action["undo"], action["redo"]])
        bar.addSeparator()
        self.add_button = QToolButton()
        self.add_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.add_button.setDefaultAction(action["add"])
        self.add_menu = QMenu(self.add_button)
        self.add_button.setMenu(self.add_menu)
        bar.addWidget(self.add_button)
        bar.addActions([action["empty"], action["doubts"]])
        bar.addSeparator()
        bar.addActions([action["gallery"], action["history"]])
        for name, text in _SHORT_TEXTS.items():
            action[name].setIconText(text)

    def _build_status_bar(self) -> None:
        self.activity = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(150)
        self.progress.setTextVisible(False)
        self.pause_button = QPushButton("Pause")
        self.cancel_button = QPushButton("Stop")
        self.cancel_button.setToolTip("Stop counting at once; what is not counted waits")
        self.position = QLabel()
        self.zoom_label = QLabel()
        self.signed = QPushButton()
        self.signed.setFlat(True)
        self.signed.setToolTip("The name that signs your corrections; click to change it")
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        for widget in (self.activity, self.progress, self.pause_button, self.cancel_button):
            bar.addWidget(widget)
        for widget in (self.signed, self.position, self.zoom_label):
            bar.addPermanentWidget(widget)
        self._show_person()

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
                "find_missing": files.ask_for_moved,
                "remove_picture": document.remove_current,
                "quit": self.close,
                "undo": document.editing.undo,
                "redo": document.editing.redo,
                "select": lambda: editor.set_tool(Tool.SELECT),
                "add": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.ADD else Tool.ADD),
                "empty": lambda: editor.set_tool(Tool.SELECT if editor.tool is Tool.EMPTY else Tool.EMPTY),
                "remove": editor.remove,
                "accept": self._accept_selected,
                "select_all": lambda: document.editing.select(canvas.boxes.shown_ids()),
                "next_cell": lambda: editor.walk(1),
                "previous_cell": lambda: editor.walk(-1),
                "count_again": document.count_again,
                "pause": self._pause,
                "stop": document.queue.stop,
                "retry_failed": document.retry_failed,
                "next_unreviewed": document.next_unreviewed,
                "import_model": files.ask_for_model,
                "next": lambda: self._step(1),
                "previous": lambda: self._step(-1),
                "fit": canvas.fit,
                "actual": lambda: canvas.zoom_to(1.0),
                "zoom_in": canvas.zoom_in,
                "zoom_out": canvas.zoom_out,
                "shortcuts": lambda: KeysDialog(self.actions_, self).exec(),
                "person": self.ask_for_person,
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
        document.progressed.connect(self._on_progress)
        document.activity_changed.connect(self._show_activity)
        document.editing.selection_changed.connect(self._show_activity)
        document.editing.undo_stack.indexChanged.connect(self._show_undo)
        document.message.connect(self._show_message)
        document.editing.person_wanted.connect(self.ask_for_person)
        self.image_list.chosen.connect(document.set_current)
        self.class_panel.threshold_changed.connect(document.set_threshold)
        self.class_panel.shown_changed.connect(self._on_hidden_changed)
        self.scale_row.diameter_set.connect(document.set_diameter)
        self.reset_button.clicked.connect(lambda *_: document.reset_thresholds())
        self.card_button.clicked.connect(lambda *_: self.show_model_card())
        self.import_button.clicked.connect(lambda *_: self.files.ask_for_model())
        self.pause_button.clicked.connect(lambda *_: self._pause())
        self.cancel_button.clicked.connect(lambda *_: document.queue.stop())
        self.signed.clicked.connect(lambda *_: self.ask_for_person())
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
        self.doubt_bar.next_picture.connect(document.next_unreviewed)

    # -- what the person does ------------------------------------------------------------------

    def ask_for_person(self) -> None:
        """Ask for the name that signs corrections; the name of the account if none is given."""
        proposed = self.document.person or self.preferences.person or _account_name()
        name, _ = QInputDialog.getText(
            self, "Your name", "Corrections are kept with the name of the person who made them:", text=proposed
        )
        self.document.person = self.preferences.person = name.strip() or proposed
        self._show_person()

    def show_model_card(self) -> None:
        """Show what the model says of itself."""
        if self.document.model is not None:
            ModelDialog(self.document.model, self).exec()

    def _step(self, by: int) -> None:
        row = self.image_list.next_row(by)
        if row is not None:
            self.document.set_current(row)

    def _class_key(self, place: int) -> None:
        if place < len(self.document.classes):
            self.editor.class_key(self.document.classes[place])

    def _accept_selected(self) -> None:
        for number in self.document.editing.selection:
            self.document.editing.accept(number)

    def _pause(self) -> None:
        queue = self.document.queue
        if queue.paused:
            queue.go_on()
        else:
            queue.pause()

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
        self.class_panel.set_palette(self.document.classes, palette)
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
            "It is not a medical device: a person checks every count and answers for it.",
        )

    # -- what the document says ----------------------------------------------------------------

    def _on_image_changed(self, row: int) -> None:
        if row == self.document.current:
            self._show_current()

    def _on_current_changed(self) -> None:
        self.notice.hide()
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

    def _on_model_changed(self) -> None:
        document = self.document
        if document.model is None or document.settings is None:
            return
        self.class_panel.set_classes(document.classes, self.preferences.palette)
        self.class_panel.show_settings(document.settings, document.model.card.score_floor)
        self.class_panel.set_hidden(document.remembered("hidden", []))
        self.model_name.setText(document.model.card.name)
        self.model_name.setToolTip(str(document.model.path))
        self.add_menu.clear()
        for place, name in enumerate(document.classes):
            choose = self.add_menu.addAction(f"Add {name}")
            choose.triggered.connect(lambda *_, name=name: self.editor.set_tool(Tool.ADD, name))
            if place < MOST_CLASS_KEYS:
                self.actions_[f"class_{place + 1}"].setText(f"Class: {name}")
        self._show_tool()

    def _on_session_changed(self) -> None:
        session = self.document.session
        if session is not None:
            self.preferences.add_recent_session(str(session.path))
        self.start_page.show_recent(self.preferences.recent_sessions)
        self._show_current()
        self._show_undo()

    def _on_hidden_changed(self) -> None:
        self.document.remember("hidden", sorted(self.class_panel.hidden_classes()))
        self._show_cells()

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
        if entry is None:
            self.middle.setCurrentWidget(self.start_page)
            self.picture_name.setText("No picture is open")
            self.picture_name.setToolTip("")
        else:
            metrics = self.picture_name.fontMetrics()
            self.picture_name.setText(metrics.elidedText(entry.path.name, Qt.TextElideMode.ElideMiddle, 160))
            self.picture_name.setToolTip(str(entry.path))
            cells = document.current_cells()
            self.scale_row.show_diameter(entry.diameter, cells.found.diameter if cells else None)
            if entry.error and document.picture is None:
                self.failure_page.show_error(entry.error, missing=not entry.path.exists())
                self.middle.setCurrentWidget(self.failure_page)
            else:
                self.middle.setCurrentWidget(self.canvas)
        self._show_activity()

    def _show_counts(self) -> None:
        """Show the counts and boxes of the current picture at the present settings."""
        document = self.document
        entry = document.current_entry
        if document.settings is not None and document.model is not None:
            self.class_panel.show_settings(document.settings, document.model.card.score_floor)
        state = "could not be counted" if entry is not None and entry.state is State.FAILED else "not counted yet"
        self.class_panel.show_result(document.result(entry) if entry else None, state)
        totals, pictures = document.totals()
        self.totals.setVisible(len(document.entries) > 1)
        numbers = ", ".join(f"{name} {number:,}" for name, number in totals.items())
        reviewed = sum(other.reviewed for other in document.entries)
        self.totals.setText(f"Session: {numbers} in {pictures:,} pictures; {reviewed:,} reviewed")
        self._show_cells()
        self._show_activity()

    def _show_cells(self) -> None:
        document = self.document
        entry = document.current_entry
        result = document.result(entry) if entry else None
        cells = document.current_cells()
        if entry is None or cells is None or result is None or entry.countable is None or document.picture is None:
            self.canvas.show_detections(None, ())
            return
        detections = cells.cells
        truth = document.ground_truth(entry.id) if self.actions_["ground_truth"].isChecked() else []
        self.canvas.show_ground_truth([box for _, box in truth])
        self.canvas.show_detections(detections, document.classes)
        hidden = [document.classes.index(name) for name in self.class_panel.hidden_classes()]
        visible = ~np.isin(detections.labels, hidden) & (not self.actions_["hide_boxes"].isChecked())
        ghosts = np.zeros(len(detections), bool)
        doubts = self.doubt_bar.active
        if (self.preferences.show_ghosts or doubts) and document.settings is not None:
            places, margins = entry.countable.doubtful(document.settings.thresholds, document.classes, GHOST_REACH)
            ghosts[places[margins < 0]] = True
        self.canvas.show_cells(result.counted & visible, ghosts & visible)
        self.editor.show_selection()

    def _show_activity(self) -> None:
        document, queue = self.document, self.document.queue
        busy, waiting, total = queue.busy, queue.waiting, len(document.entries)
        if queue.opening_model:
            text = "Opening the model …"
        elif busy is not None and queue.done + waiting > 1:
            left = queue.seconds_left()
            text = f"Counting {queue.done + 1:,} of {queue.done + waiting:,}"
            text += f", {_duration(left)} left" if left is not None and queue.done > 2 else f": {busy.path.name}"
        elif busy is not None:
            text = f"Counting {busy.path.name}"
        elif waiting:
            text = f"Paused; {waiting:,} not counted yet"
        elif total:
            text = f"{total:,} pictures" if total > 1 else "1 picture"
        else:
            text = "Ready"
        if len(document.editing.selection) > 1:
            text = f"{len(document.editing.selection)} cells selected · {text}"
        self.activity.setText(self.activity.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 420))
        self.progress.setVisible(busy is not None)
        self.cancel_button.setVisible(busy is not None)
        self.pause_button.setVisible(waiting > 1 or (queue.paused and waiting > 0))
        self.pause_button.setText("Go on" if queue.paused else "Pause")
        if busy is None:
            self.progress.setRange(0, 0)
        elif queue.done + waiting > 1:
            self.progress.setRange(0, queue.done + waiting)
            self.progress.setValue(queue.done)
        self.position.setText(f"Picture {document.current + 1:,} of {total:,}" if total else "")
        self._enable_actions()

    def _enable_actions(self) -> None:
        document = self.document
        entry = document.current_entry
        editable, total = document.editing.editable, len(document.entries)
        counted = entry is not None and entry.state is State.COUNTED
        chosen = bool(document.editing.selection)
        self.actions_.enable(
            save_picture=counted,
            save_table=any(item.state is State.COUNTED for item in document.entries),
            count_again=entry is not None and document.model is not None,
            stop=document.queue.busy is not None,
            pause=document.queue.waiting > 0,
            retry_failed=any(item.state is State.FAILED for item in document.entries),
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
        self.actions_["reviewed"].setChecked(entry is not None and entry.reviewed)
        self.actions_["reviewed"].setText("✓ Reviewed" if entry is not None and entry.reviewed else "Mark reviewed")
        self.card_button.setEnabled(document.model is not None)
        self.reset_button.setEnabled(document.model is not None)
        self.scale_row.setEnabled(counted)
        self.zoom_label.setVisible(entry is not None)
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

    def _show_tool(self) -> None:
        editor, classes = self.editor, self.document.classes
        self.actions_["add"].setChecked(editor.tool is Tool.ADD)
        self.actions_["empty"].setChecked(editor.tool is Tool.EMPTY)
        self.actions_["add"].setIconText(f"Add {editor.armed}" if editor.armed else "Add")
        if editor.armed in classes:
            self.actions_["add"].setIcon(swatch(self.preferences.palette.colour(classes, classes.index(editor.armed))))

    def _show_person(self) -> None:
        person = self.document.person
        self.signed.setText(person)
        self.signed.setVisible(bool(person))

    def _on_progress(self, done: int, total: int) -> None:
        queue = self.document.queue
        if queue.done + queue.waiting <= 1:
            self.progress.setRange(0, total if total > 1 else 0)
            self.progress.setValue(done)

    def _show_message(self, level: Level, text: str) -> None:
        if level is Level.INFO:
            self.statusBar().showMessage(text, 6000)
        else:
            self.notice.show_message(level.value, text)

    def _show_zoom(self, zoom: float) -> None:
        self.zoom_label.setText(f"{100 * zoom:.0f} %")
        self._view_timer.start()

    # -- the window itself ---------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.editor.escape():
            return
        super().keyPressEvent(event)

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
        self.document.close()
        event.accept()


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _account_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "someone"


def sessions_folder() -> Path:
    """Return the folder in which new session files are made."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents or Path.home()) / "SmearCount"


def application_icon() -> QIcon:
    """Return the icon of the program."""
    return QIcon(str(demo_smear().parent.parent / "icons" / "smearcount.svg"))


def run_window(paths: Sequence[Path], model: Path) -> int:
    """Open the window on the given pictures and run until it is closed; return the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("SmearCount")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(application_icon())
    preferences = Preferences()
    apply_theme(app, preferences.theme)
    window = MainWindow(Document(model, sessions_folder()), preferences)
    window.show()
    if paths:
        window.document.open_paths(paths)
    return app.exec()
