"""The main window: puts the parts together and turns clicks into the document's intentions."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDragEnterEvent, QDropEvent, QIcon, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.classes import PALETTES, Palette
from core.images import IMAGE_SUFFIXES
from core.model import MODEL_SUFFIX
from core.version import __version__
from gui.app import demo_smear
from gui.canvas import Canvas
from gui.class_panel import ClassPanel, ScaleRow
from gui.document import Document, Level, State
from gui.image_list import ImageList
from gui.model_dialog import ModelDialog
from gui.preferences import Preferences
from gui.start_page import FailurePage, NoticeBar, StartPage
from gui.theme import Theme, apply_theme

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PICTURE_FILTER = "Pictures (" + " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES)) + ");;All files (*)"


class MainWindow(QMainWindow):
    """The one window of the program."""

    def __init__(self, document: Document, preferences: Preferences) -> None:
        super().__init__()
        self.document = document
        self.preferences = preferences
        document.setParent(self)
        self.setAcceptDrops(True)
        self.setMinimumSize(760, 480)
        self.canvas = Canvas()
        self.canvas.setObjectName("canvas")
        self.start_page = StartPage()
        self.failure_page = FailurePage()
        self.image_list = ImageList(document)
        self.class_panel = ClassPanel()
        self.scale_row = ScaleRow()
        self.notice = NoticeBar()
        self._build_layout()
        self._build_actions()
        self._build_status_bar()
        self._connect()
        self.canvas.set_palette(preferences.palette)
        self.canvas.set_labels_shown(preferences.show_labels)
        if not self.restoreGeometry(preferences.geometry):
            self.resize(1280, 800)
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
        column.addWidget(self.middle, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        self.image_list.setMinimumWidth(170)
        panel = self._build_panel()
        for widget in (self.image_list, centre, panel):
            self.splitter.addWidget(widget)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([220, 780, 300])
        self.setCentralWidget(self.splitter)

    def _build_panel(self) -> QWidget:
        heading = QLabel("COUNT")
        heading.setObjectName("heading")
        self.picture_name = QLabel()
        self.picture_name.setObjectName("faint")
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
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(14, 12, 14, 12)
        column.setSpacing(8)
        column.addWidget(heading)
        column.addWidget(self.picture_name)
        column.addWidget(self.class_panel)
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

    def _action(
        self,
        text: str,
        slot: Callable[[], object],
        key: QKeySequence | QKeySequence.StandardKey | str | None = None,
        tip: str = "",
    ) -> QAction:
        action = QAction(text, self)
        if key is not None:
            action.setShortcut(QKeySequence(key))
        shown_key = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        action.setToolTip(f"{tip or text.replace('&', '').rstrip(' …')}{f' ({shown_key})' if shown_key else ''}")
        action.triggered.connect(lambda *_: slot())
        return action

    def _build_actions(self) -> None:
        keys = QKeySequence.StandardKey
        self.open_action = self._action("&Open pictures …", self.ask_for_pictures, keys.Open)
        self.folder_action = self._action("Open &folder …", self.ask_for_folder, "Ctrl+Shift+O")
        self.demo_action = self._action("Open the &demo smear", self.open_demo)
        self.import_action = self._action("&Import model …", self.ask_for_model, tip="Use another model file")
        self.picture_action = self._action(
            "Save &picture …", self.ask_to_save_picture, "Ctrl+S", "Save the picture with its boxes"
        )
        self.csv_action = self._action(
            "Save &table …", self.ask_to_save_csv, "Ctrl+T", "Save the counts of all pictures as CSV"
        )
        self.remove_action = self._action("&Remove from list", self.document.remove_current, "Ctrl+W")
        self.again_action = self._action("Count &again", self.document.count_again, "F5")
        self.cancel_action = self._action("&Stop counting", self.document.cancel, "Esc")
        self.next_action = self._action("&Next picture", lambda: self._step(1), "PgDown")
        self.previous_action = self._action("Pre&vious picture", lambda: self._step(-1), "PgUp")
        self.fit_action = self._action("&Fit", self.canvas.fit, "Ctrl+0", "Show the whole picture")
        self.actual_action = self._action("100 %", lambda: self.canvas.zoom_to(1.0), "Ctrl+1", "Show pixel for pixel")
        self.in_action = self._action("Zoom &in", self.canvas.zoom_in, keys.ZoomIn)
        self.out_action = self._action("Zoom &out", self.canvas.zoom_out, keys.ZoomOut)
        self.labels_action = QAction("Write &probabilities on the boxes", self, checkable=True)
        self.labels_action.setShortcut("L")
        self.labels_action.setChecked(self.preferences.show_labels)
        self.labels_action.toggled.connect(self._set_labels_shown)
        self.quit_action = self._action("&Quit", self.close, keys.Quit)
        self._build_menus()
        bar = self.addToolBar("Main")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addActions([self.open_action, self.folder_action])
        bar.addSeparator()
        bar.addActions([self.previous_action, self.next_action])
        bar.addSeparator()
        bar.addActions([self.fit_action, self.actual_action])
        bar.addSeparator()
        bar.addActions([self.again_action, self.picture_action, self.csv_action])

    def _build_menus(self) -> None:
        files = self.menuBar().addMenu("&File")
        files.addActions([self.open_action, self.folder_action, self.demo_action])
        files.addSeparator()
        files.addActions([self.picture_action, self.csv_action])
        files.addSeparator()
        files.addActions([self.remove_action, self.quit_action])
        counting = self.menuBar().addMenu("&Count")
        counting.addActions([self.again_action, self.cancel_action])
        counting.addSeparator()
        counting.addAction(self.import_action)
        view = self.menuBar().addMenu("&View")
        view.addActions([self.previous_action, self.next_action])
        view.addSeparator()
        view.addActions([self.fit_action, self.actual_action, self.in_action, self.out_action])
        view.addSeparator()
        view.addAction(self.labels_action)
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
        about = self.menuBar().addMenu("&Help")
        about.addAction(self._action("&About SmearCount", self._show_about))

    def _build_status_bar(self) -> None:
        self.activity = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(180)
        self.progress.setTextVisible(False)
        self.cancel_button = QPushButton("Stop")
        self.cancel_button.setToolTip("Stop counting (Esc)")
        self.position = QLabel()
        self.zoom_label = QLabel()
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.activity)
        bar.addWidget(self.progress)
        bar.addWidget(self.cancel_button)
        bar.addPermanentWidget(self.position)
        bar.addPermanentWidget(self.zoom_label)

    def _connect(self) -> None:
        document = self.document
        document.images_changed.connect(self._show_current)
        document.image_changed.connect(self._on_image_changed)
        document.current_changed.connect(self._on_current_changed)
        document.picture_loaded.connect(self._on_picture_loaded)
        document.counts_changed.connect(self._show_counts)
        document.model_changed.connect(self._on_model_changed)
        document.progressed.connect(self._on_progress)
        document.activity_changed.connect(self._show_activity)
        document.message.connect(self._show_message)
        self.image_list.chosen.connect(document.set_current)
        self.class_panel.threshold_changed.connect(document.set_threshold)
        self.class_panel.shown_changed.connect(self._show_cells)
        self.scale_row.diameter_set.connect(document.set_diameter)
        self.reset_button.clicked.connect(lambda *_: document.reset_thresholds())
        self.card_button.clicked.connect(lambda *_: self.show_model_card())
        self.import_button.clicked.connect(lambda *_: self.ask_for_model())
        self.cancel_button.clicked.connect(lambda *_: document.cancel())
        self.start_page.open_images.connect(self.ask_for_pictures)
        self.start_page.open_demo.connect(self.open_demo)
        self.failure_page.retry.connect(document.count_again)
        self.failure_page.remove.connect(document.remove_current)
        self.canvas.zoom_changed.connect(self._show_zoom)

    # -- what the person asks for --------------------------------------------------------------

    def ask_for_pictures(self) -> None:
        """Let the person choose pictures."""
        names, _ = QFileDialog.getOpenFileNames(self, "Open pictures", self.preferences.folder, _PICTURE_FILTER)
        if names:
            self.preferences.folder = str(Path(names[0]).parent)
            self.document.open_paths(names)

    def ask_for_folder(self) -> None:
        """Let the person choose a folder of pictures."""
        name = QFileDialog.getExistingDirectory(self, "Open a folder of pictures", self.preferences.folder)
        if name:
            self.preferences.folder = name
            self.document.open_paths([name])

    def open_demo(self) -> None:
        """Open the demo smear."""
        self.document.open_paths([demo_smear()])

    def ask_for_model(self) -> None:
        """Let the person choose a model file."""
        name, _ = QFileDialog.getOpenFileName(
            self, "Import a model", self.preferences.folder, f"Models (*{MODEL_SUFFIX})"
        )
        if name:
            self.document.import_model(Path(name))

    def ask_to_save_picture(self) -> None:
        """Let the person choose where the annotated picture goes."""
        entry = self.document.current_entry
        if entry is not None:
            start = str(Path(self.preferences.folder or entry.path.parent) / f"{entry.path.stem}_counted.png")
            name, _ = QFileDialog.getSaveFileName(
                self, "Save the picture with its boxes", start, "PNG (*.png);;JPEG (*.jpg);;TIFF (*.tif)"
            )
            if name:
                path = Path(name)
                self.document.save_picture(path if path.suffix else path.with_suffix(".png"), self.preferences.palette)

    def ask_to_save_csv(self) -> None:
        """Let the person choose where the table goes."""
        start = str(Path(self.preferences.folder or ".") / "counts.csv")
        name, _ = QFileDialog.getSaveFileName(self, "Save the counts of all pictures", start, "CSV (*.csv)")
        if name:
            path = Path(name)
            self.document.save_csv(path if path.suffix else path.with_suffix(".csv"))

    def show_model_card(self) -> None:
        """Show what the model says of itself."""
        if self.document.model is not None:
            ModelDialog(self.document.model, self).exec()

    def _step(self, by: int) -> None:
        self.document.set_current(self.document.current + by)

    def _set_labels_shown(self, shown: bool) -> None:
        self.preferences.show_labels = shown
        self.canvas.set_labels_shown(shown)

    def _set_palette(self, palette: Palette) -> None:
        self.preferences.palette = palette
        self.canvas.set_palette(palette)
        self.class_panel.set_palette(self.document.classes, palette)

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

    def _on_image_changed(self, index: int) -> None:
        if index == self.document.current:
            self._show_current()

    def _on_current_changed(self) -> None:
        self.notice.hide()
        self.canvas.show_picture(None)
        self._show_current()

    def _on_picture_loaded(self) -> None:
        picture = self.document.picture
        if picture is not None:
            self.canvas.show_picture(picture)
            self._show_counts()

    def _on_model_changed(self) -> None:
        model, settings = self.document.model, self.document.settings
        if model is None or settings is None:
            return
        self.class_panel.set_classes(model.card.classes, self.preferences.palette)
        self.class_panel.show_settings(settings, model.card.score_floor)
        self.model_name.setText(model.card.name)
        self.model_name.setToolTip(str(model.path))

    def _show_current(self) -> None:
        """Choose the page in the middle, and name the picture."""
        entry = self.document.current_entry
        if entry is None:
            self.middle.setCurrentWidget(self.start_page)
            self.setWindowTitle("SmearCount")
            self.picture_name.setText("No picture is open")
        else:
            self.setWindowTitle(f"{entry.path.name} – SmearCount")
            metrics = self.picture_name.fontMetrics()
            self.picture_name.setText(metrics.elidedText(entry.path.name, Qt.TextElideMode.ElideMiddle, 230))
            self.picture_name.setToolTip(str(entry.path))
            self.scale_row.show_diameter(entry.diameter, entry.found.diameter if entry.found else None)
            if entry.state is State.FAILED:
                self.failure_page.text.setText(entry.error)
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
        self.class_panel.show_result(document.result(entry) if entry else None)
        self._show_cells()
        self._show_activity()

    def _show_cells(self) -> None:
        document = self.document
        entry = document.current_entry
        result = document.result(entry) if entry else None
        if entry is None or entry.found is None or result is None or document.picture is None:
            self.canvas.show_detections(None, ())
            return
        detections = entry.found.detections
        self.canvas.show_detections(detections, document.classes)
        hidden = [document.classes.index(name) for name in self.class_panel.hidden_classes()]
        self.canvas.show_cells(result.counted & ~np.isin(detections.labels, hidden))

    def _show_activity(self) -> None:
        document = self.document
        busy = document.busy_entry
        waiting = sum(entry.state is State.WAITING for entry in document.entries)
        total = len(document.entries)
        if document.opening_model:
            text = "Opening the model …"
        elif busy is not None:
            text = f"Counting {busy.path.name}" + (f", {waiting} more wait" if waiting else "")
        elif waiting:
            text = f"Stopped; {waiting} not counted yet. Count again (F5) goes on."
        elif total:
            text = f"{sum(entry.state is State.COUNTED for entry in document.entries)} of {total} counted"
        else:
            text = "Ready"
        self.activity.setText(self.activity.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, 520))
        self.progress.setVisible(busy is not None)
        self.cancel_button.setVisible(busy is not None)
        if busy is None:
            self.progress.setRange(0, 0)
        entry = document.current_entry
        counted = entry is not None and entry.state is State.COUNTED
        self.position.setText(f"Picture {document.current + 1} of {total}" if total else "")
        for action, enabled in (
            (self.picture_action, counted),
            (self.csv_action, any(item.found is not None for item in document.entries)),
            (self.again_action, entry is not None and document.model is not None),
            (self.cancel_action, busy is not None),
            (self.remove_action, entry is not None),
            (self.next_action, 0 <= document.current < total - 1),
            (self.previous_action, document.current > 0),
            (self.fit_action, entry is not None),
            (self.actual_action, entry is not None),
        ):
            action.setEnabled(enabled)
        self.card_button.setEnabled(document.model is not None)
        self.reset_button.setEnabled(document.model is not None)
        self.scale_row.setEnabled(counted)
        self.zoom_label.setVisible(entry is not None)

    def _on_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total if total > 1 else 0)
        self.progress.setValue(done)

    def _show_message(self, level: Level, text: str) -> None:
        if level is Level.INFO:
            self.statusBar().showMessage(text, 6000)
        else:
            self.notice.show_message(level.value, text)

    def _show_zoom(self, zoom: float) -> None:
        self.zoom_label.setText(f"{100 * zoom:.0f} %")

    # -- the window itself ---------------------------------------------------------------------

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
        self.document.close()
        event.accept()


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
    window = MainWindow(Document(model), preferences)
    window.show()
    if paths:
        window.document.open_paths(paths)
    return app.exec()
