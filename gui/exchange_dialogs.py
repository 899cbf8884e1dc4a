"""The dialogs that bring annotations in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.annotations.reading import ANNOTATION_SUFFIXES
from gui.entries import State
from gui.exchange import (
    Background,
    Exporting,
    Format,
    FoundBoxes,
    Importing,
    ImportPlan,
    PictureIndex,
    Scope,
    Use,
    entries_in,
    files_there,
    many,
    read_boxes,
    why_no_export,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from gui.document import Document
    from gui.preferences import Preferences

_WIDTH = 580
_LEAVE_OUT = "Leave out"
_ANNOTATIONS = "Annotations (" + " ".join(f"*{suffix}" for suffix in sorted(ANNOTATION_SUFFIXES)) + ");;All files (*)"
_USES = {
    Use.ADD: (
        "Corrections: add to the count",
        "A box over a cell that the model found replaces it; your own cells stay.",
    ),
    Use.REPLACE: (
        "Corrections: replace the count of these pictures",
        "The cells counted now make way, yours too; undo brings them back.",
    ),
    Use.TRUTH: (
        "Ground truth, to compare with",
        "Counts stay as they are. It takes the place of earlier ground truth of these pictures.",
    ),
}


class _Dialog(QDialog):
    """A dialog that is high enough for its texts, which Qt does not see to where lines are wrapped."""

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return done

    def fit(self, *, shrink: bool = False) -> None:
        """Grow to what the texts need, or shrink to it too."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            width = max(self.width(), self.minimumWidth())
            self.resize(width, max(0 if shrink else self.height(), layout.totalHeightForWidth(width)))


class ImportDialog(_Dialog):
    """Asks for annotation files, says what is in them, and asks what they are taken for."""

    def __init__(self, document: Document, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import annotations")
        self.setAcceptDrops(True)
        self.found: FoundBoxes | None = None
        self._document = document
        self._preferences = preferences
        self._reading: Background | None = None
        self._importing: Importing | None = None
        self._combos: dict[str, QComboBox] = {}
        self.choosing = self._build_choosing()
        self.deciding = self._build_deciding()
        self.busy = _Busy()
        self.back_button = QPushButton("Other files …")
        self.import_button = QPushButton("Import")
        self.cancel_button = QPushButton("Cancel")
        self.import_button.setDefault(True)
        for button in (self.back_button, self.cancel_button):
            button.setAutoDefault(False)
        self.back_button.clicked.connect(lambda *_: self._show(self.choosing))
        self.import_button.clicked.connect(lambda *_: self._import())
        self.cancel_button.clicked.connect(lambda *_: self.reject())
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        for page in (self.choosing, self.deciding, self.busy):
            column.addWidget(page)
        column.addStretch(1)
        column.addLayout(_row(self.back_button, None, self.cancel_button, self.import_button))
        self.setMinimumWidth(_WIDTH)
        self._show(self.choosing)

    # -- construction ------------------------------------------------------------------------

    def _build_choosing(self) -> QWidget:
        title = QLabel("Choose annotation files, or drop them here")
        title.setObjectName("title")
        text = _faint(
            "Pascal VOC (LabelImg), YOLO, COCO JSON or CSV, for pictures of this session. They are matched by the "
            "name of the picture. A folder is searched with all folders in it."
        )
        self.files_button = QPushButton("Files …")
        self.folder_button = QPushButton("Folder …")
        self.files_button.clicked.connect(lambda *_: self._ask_for_files())
        self.folder_button.clicked.connect(lambda *_: self._ask_for_folder())
        for button in (self.files_button, self.folder_button):
            button.setMinimumSize(110, 32)
        return _column(title, text, _row(self.files_button, self.folder_button, None))

    def _build_deciding(self) -> QWidget:
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setFixedHeight(76)
        self.details.setAccessibleName("Notices")
        self._uses = QButtonGroup(self)
        self.use_buttons: dict[Use, QRadioButton] = {}
        choices: list[QWidget] = []
        for use, (text, explanation) in _USES.items():
            button = QRadioButton(text)
            button.setAccessibleDescription(explanation)
            self._uses.addButton(button)
            self.use_buttons[use] = button
            choices += [button, _indented(_faint(explanation))]
        self.use_buttons[Use.ADD].setChecked(True)
        self._uses.buttonToggled.connect(lambda *_: self._show_plan())
        self.mapping_heading = QLabel("The model does not know these class names. What are they?")
        self.mapping_scroll = QScrollArea()
        self.mapping_scroll.setWidgetResizable(True)
        self.mapping_scroll.setMaximumHeight(150)
        self.mapping_scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        return _column(
            self.summary,
            self.details,
            _heading("WHAT ARE THEY?"),
            _column(*choices, spacing=4),
            self.mapping_heading,
            self.mapping_scroll,
            self.outcome,
        )

    def _build_mapping(self, unknown: dict[str, int]) -> None:
        self._combos = {}
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(0, 0, 0, 0)
        for name, number in unknown.items():
            combo = QComboBox()
            combo.addItems([_LEAVE_OUT, *self._document.classes])
            combo.setAccessibleName(name)
            combo.currentIndexChanged.connect(lambda *_: self._show_plan())
            label = QLabel(f"{name} ({many(number, 'box', 'boxes')})")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(combo)
            form.addRow(label, combo)
            self._combos[name] = combo
        self.mapping_scroll.setWidget(inside)
        self.mapping_scroll.setFixedHeight(min(inside.sizeHint().height() + 4, 150))
        self.mapping_heading.setVisible(bool(unknown))
        self.mapping_scroll.setVisible(bool(unknown))

    # -- choosing ----------------------------------------------------------------------------------

    def _ask_for_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Import annotation files", self._preferences.folder, _ANNOTATIONS)
        if names:
            self._preferences.folder = str(Path(names[0]).parent)
            self.read([Path(name) for name in names])

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Import a folder of annotations", self._preferences.folder)
        if name:
            self._preferences.folder = name
            self.read([Path(name)])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._can_read() and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and self._can_read():
            event.acceptProposedAction()
            self.read(paths)

    def _can_read(self) -> bool:
        return self._reading is None and self._importing is None

    def read(self, paths: Sequence[Path]) -> None:
        """Read annotation files and folders, and show what is in them."""
        entries, classes, paths = list(self._document.entries), self._document.classes, list(paths)
        self._reading = Background(
            lambda stopped: read_boxes(paths, PictureIndex(entries, stopped), classes), self._document
        )
        self._reading.ended.connect(self._on_read)
        self._reading.start()
        name = paths[0].name or str(paths[0])
        self.busy.show_text(f"Reading {name} …" if len(paths) == 1 else f"Reading {many(len(paths), 'file')} …")
        self._show(self.busy)

    @Slot(object, object)
    def _on_read(self, reading: Background, outcome: object) -> None:
        if reading is not self._reading:
            return
        self._reading = None
        if not isinstance(outcome, FoundBoxes):
            outcome = FoundBoxes((), (), (f"Reading stopped unexpectedly ({outcome}); choose fewer files.",))
        self.found = outcome
        self.summary.setText(outcome.summary())
        self.details.setPlainText(outcome.details())
        self.details.setVisible(bool(outcome.details()))
        self._build_mapping(outcome.unknown(self._document.classes))
        self._show(self.deciding)
        self._show_plan()

    # -- deciding ----------------------------------------------------------------------------------

    def plan(self) -> ImportPlan:
        """Return what would be imported now."""
        assert self.found is not None
        use = next(use for use, button in self.use_buttons.items() if button.isChecked())
        mapping = {
            name: combo.currentText() if combo.currentIndex() > 0 else None for name, combo in self._combos.items()
        }
        return ImportPlan(self.found, use, self._document.classes, mapping)

    def set_class(self, name: str, known: str | None) -> None:
        """Choose what an unknown class name becomes; None leaves it out."""
        self._combos[name].setCurrentText(known or _LEAVE_OUT)

    def _show_plan(self) -> None:
        if self.found is None:
            return
        plan = self.plan()
        boxes, pictures = many(plan.total, "box", "boxes"), len(self.found.pictures)
        becoming = {Use.ADD: "added in", Use.REPLACE: "the count of", Use.TRUTH: "the ground truth of"}[plan.use]
        text = plan.problem or f"{boxes} will be {becoming} {many(pictures, 'picture')}."
        uncounted = sum(
            (entry := self._document.entry(picture.id)) is not None and entry.state is not State.COUNTED
            for picture in self.found.pictures
        )
        if plan.use is Use.REPLACE and uncounted:
            verb = "is" if uncounted == 1 else "are"
            text += (
                f" {uncounted:,} of them {verb} not counted yet: what the model finds there later is added, "
                "so let it count first."
            )
        self.outcome.setText(text)
        self.import_button.setEnabled(not plan.problem)
        self.import_button.setToolTip(plan.problem)

    def _import(self) -> None:
        plan = self.plan()
        self.busy.show_text(f"Importing {many(plan.total, 'box', 'boxes')} …", len(plan.found.pictures))
        self._show(self.busy)
        self._importing = Importing(self._document, plan)
        self._importing.progressed.connect(self.busy.bar.setValue)
        self._importing.ended.connect(self._on_imported)

    @Slot()
    def _on_imported(self) -> None:
        self._importing = None
        self.accept()

    # -- the dialog itself -------------------------------------------------------------------------

    def _show(self, page: QWidget) -> None:
        if page is self.choosing:
            self.found = None
        for other in (self.choosing, self.deciding, self.busy):
            other.setVisible(other is page)
        self.back_button.setVisible(page is self.deciding)
        self.import_button.setVisible(page is self.deciding)
        self.cancel_button.setText("Stop" if page is self.busy else "Cancel")
        if page is self.choosing:
            self.files_button.setFocus()
        elif page is self.deciding:
            checked = self._uses.checkedButton()
            if checked is not None:
                checked.setFocus()
        self.fit(shrink=True)

    def reject(self) -> None:
        """Stop what is under way, else close the dialog."""
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
            self._show(self.choosing)
        elif self._importing is not None:
            self._importing.stop()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
        if self._importing is not None:
            self._importing.stop()
        super().closeEvent(event)


class ExportDialog(_Dialog):
    """Asks which pictures are exported, in which format, and where to."""

    def __init__(self, document: Document, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export annotations")
        self._document = document
        self._preferences = preferences
        self._exporting: Exporting | None = None
        self._failed = False
        self.scope_buttons = {scope: self._scope_button(scope) for scope in Scope}
        self.formats = QComboBox()
        for kind in Format:
            self.formats.addItem(kind.value, kind)
        self.explanation = _faint("")
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.busy = _Busy()
        self.busy.hide()
        self.export_button = QPushButton("Export …")
        self.export_button.setDefault(True)
        self.close_button = QPushButton("Cancel")
        self.close_button.setAutoDefault(False)
        scopes = QButtonGroup(self)
        for button in self.scope_buttons.values():
            scopes.addButton(button)
        self._choices = _column(
            _heading("WHICH PICTURES"),
            _column(*self.scope_buttons.values(), spacing=6),
            _heading("FORMAT"),
            self.formats,
            self.explanation,
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(14)
        for widget in (self._choices, self.hint, self.busy):
            column.addWidget(widget)
        column.addStretch(1)
        column.addLayout(_row(None, self.close_button, self.export_button))
        self.setMinimumWidth(_WIDTH - 100)
        first = next((scope for scope in reversed(Scope) if entries_in(document, scope)), Scope.COUNTED)
        self.scope_buttons[first].setChecked(True)
        scopes.buttonToggled.connect(lambda *_: self._show_choice())
        self.formats.currentIndexChanged.connect(lambda *_: self._show_choice())
        self.export_button.clicked.connect(lambda *_: self._ask_where())
        self.close_button.clicked.connect(lambda *_: self.reject())
        self._show_choice()

    def _scope_button(self, scope: Scope) -> QRadioButton:
        number = len(entries_in(self._document, scope))
        name = scope.value
        if scope is Scope.CURRENT:
            entry = self._document.current_entry
            name += f": {entry.path.name}" if entry else ""
        else:
            name += f" ({number:,})"
        button = QRadioButton(name.replace("&", "&&"))
        button.setEnabled(number > 0)
        button.setToolTip(why_no_export(self._document, scope))
        return button

    @property
    def scope(self) -> Scope:
        """Which pictures are chosen."""
        return next(scope for scope, button in self.scope_buttons.items() if button.isChecked())

    @property
    def kind(self) -> Format:
        """Which format is chosen."""
        return list(Format)[self.formats.currentIndex()]

    def _show_choice(self) -> None:
        problem = why_no_export(self._document, self.scope)
        self.explanation.setText(self.kind.explanation)
        hint = problem
        if not problem and self.kind is Format.TRAINING and self.scope is not Scope.REVIEWED:
            hint = "Pictures that nobody reviewed teach a model its own mistakes; export reviewed ones."
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.export_button.setEnabled(not problem)
        self.export_button.setToolTip(problem)

    def _ask_where(self) -> None:
        target = self._ask_for_file() if self.kind.suffix else self._ask_for_folder()
        if target is not None:
            self._export(target)

    def _ask_for_file(self) -> Path | None:
        kind, session = self.kind, self._document.session
        stem = session.path.stem if session else "annotations"
        start = str(Path(self._preferences.folder or ".") / f"{stem}{kind.suffix}")
        name, _ = QFileDialog.getSaveFileName(self, "Export annotations", start, f"{kind.value} (*{kind.suffix})")
        if not name:
            return None
        path = Path(name)
        self._preferences.folder = str(path.parent)
        if path.suffix:
            return path
        path = path.with_suffix(kind.suffix)  # the file dialog did not ask about a file of this name
        return path if not path.exists() or self._may_replace(f"There is a file {path.name} already.") else None

    def _ask_for_folder(self) -> Path | None:
        title = "Choose a folder to export into"
        if self.kind is Format.TRAINING:
            title = "Choose an empty folder for the training data"
        name = QFileDialog.getExistingDirectory(self, title, self._preferences.folder)
        if not name:
            return None
        folder = Path(name)
        self._preferences.folder = name
        paths = [entry.path for entry in entries_in(self._document, self.scope)]
        there = files_there(folder, self.kind, paths)
        text = f"There are annotations of {many(there, 'of these pictures', 'of these pictures')} in {folder} already."
        return folder if not there or self._may_replace(text) else None

    def _may_replace(self, text: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Warning, "Export annotations", text, parent=self)
        box.setInformativeText("Exporting there replaces them.")
        replace = box.addButton("Replace", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is replace

    def _export(self, target: Path) -> None:
        entries = entries_in(self._document, self.scope)
        self.busy.show_text(f"Gathering {many(len(entries), 'picture')} …", len(entries))
        self.busy.show()
        self.hint.hide()
        self._choices.setEnabled(False)
        self.export_button.setEnabled(False)
        self._document.message.connect(self._on_message)
        self._exporting = Exporting(self._document, entries, self.kind, target)
        self._exporting.progressed.connect(self.busy.bar.setValue)
        self._exporting.writing.connect(self._on_writing)
        self._exporting.ended.connect(self._on_exported)

    @Slot()
    def _on_writing(self) -> None:
        self.busy.show_text("Writing …")
        self.close_button.setText("Close")
        self.close_button.setToolTip("Writing goes on, and the window says when it is done")

    @Slot(object, str)
    def _on_message(self, _level: object, text: str) -> None:
        """Show here, too, why an export failed: the window's message is behind this dialog."""
        self.hint.setText(text)

    @Slot(bool)
    def _on_exported(self, written: bool) -> None:
        self._exporting = None
        self._document.message.disconnect(self._on_message)
        if written:
            self.accept()
            return
        self.busy.hide()
        self.hint.show()
        self._choices.setEnabled(True)
        self.export_button.setEnabled(True)
        self.close_button.setText("Cancel")
        self.close_button.setToolTip("")

    def done(self, result: int) -> None:
        if self._exporting is not None:
            self._exporting.stop()
        super().done(result)


class _Busy(QWidget):
    """A line of text over a progress bar."""

    def __init__(self) -> None:
        super().__init__()
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.label)
        column.addWidget(self.bar)

    def show_text(self, text: str, steps: int = 0) -> None:
        """Say what goes on; without a number of steps the bar only shows that something does."""
        self.label.setText(text)
        self.bar.setRange(0, steps)
        self.bar.setValue(0)


def _row(*items: QWidget | None) -> QHBoxLayout:
    """Return widgets side by side; None is a stretch."""
    row = QHBoxLayout()
    for item in items:
        if item is None:
            row.addStretch()
        else:
            row.addWidget(item)
    return row


def _column(*items: QWidget | QHBoxLayout, spacing: int = 10) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(spacing)
    for item in items:
        if isinstance(item, QWidget):
            column.addWidget(item)
        else:
            column.addLayout(item)
    return page


def _faint(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("faint")
    label.setWordWrap(True)
    return label


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("heading")
    return label


def _indented(label: QLabel) -> QLabel:
    label.setContentsMargins(24, 0, 0, 4)
    return label
