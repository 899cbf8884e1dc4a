"""The dialog that brings annotations in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.annotations.read import ANNOTATION_SUFFIXES
from core.exchange.import_plan import FoundAnnotations, ImportPlan, Use, read_for_session
from core.exchange.match_images import ImageIndex, ListedImage
from core.kinds.tree import class_named
from core.text import gettext, ngettext
from gui.tasks import Task
from gui.widgets.forms import Busy, FittingDialog, column, faint, heading, indented, row
from gui.widgets.wheel_safe import QuietComboBox
from gui.workspace.exchange.importing import outcome_of
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent

    from gui.preferences import Preferences
    from gui.workspace.exchange.importing import Importing
    from gui.workspace.workspace import Workspace

_WIDTH = 580
_LEAVE_OUT = gettext("Leave out")
_MOST_TO_MATCH = 30
"""Names that the user can be asked about one by one."""
_ANNOTATIONS = (
    gettext("Annotations (")
    + " ".join(f"*{suffix}" for suffix in sorted(ANNOTATION_SUFFIXES))
    + gettext(");;All files (*)")
)
_USES = {
    Use.TRUTH: (
        gettext("Ground truth, to compare with"),
        gettext("Counts stay as they are. It replaces earlier imported ground truth of these images."),
    ),
    Use.ADD: (
        gettext("Corrections: add to the count"),
        gettext("A box over a cell that the model found replaces it; your own cells stay."),
    ),
    Use.REPLACE: (
        gettext("Corrections: replace the count of these images"),
        gettext("The cells counted now are removed, yours too; one undo brings all of them back."),
    ),
}


class ImportDialog(FittingDialog):
    """Asks for annotation files, says what is in them, and asks what they are taken for."""

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Import annotations"))
        self.setAcceptDrops(True)
        self.found: FoundAnnotations | None = None
        self._workspace = workspace
        self._preferences = preferences
        self._reading = Task("annotations", self._on_read, self, on_error=self._on_read_failed)
        self._importing: Importing | None = None
        self._combos: dict[str, QComboBox] = {}
        self._paths: list[Path] = []
        self._chosen: dict[str, int] = {}
        self.image_combos: dict[str, QComboBox] = {}
        self.choosing = self._build_choosing()
        self.deciding = self._build_deciding()
        self.busy = Busy()
        self.back_button = QPushButton(gettext("Other files…"))
        self.import_button = QPushButton(gettext("Import"))
        self.cancel_button = QPushButton(gettext("Cancel"))
        self.import_button.setDefault(True)
        for button in (self.back_button, self.cancel_button):
            button.setAutoDefault(False)
        self.back_button.clicked.connect(lambda *_: self._show(self.choosing))
        self.import_button.clicked.connect(lambda *_: self._import())
        self.cancel_button.clicked.connect(lambda *_: self.reject())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        for page in (self.choosing, self.deciding, self.busy):
            layout.addWidget(page)
        layout.addStretch(1)
        layout.addLayout(row(self.back_button, None, self.cancel_button, self.import_button))
        self.setMinimumWidth(_WIDTH)
        self._show(self.choosing)

    # -- construction ------------------------------------------------------------------------

    def _build_choosing(self) -> QWidget:
        title = QLabel(gettext("Choose annotation files, or drop them here"))
        title.setObjectName("title")
        text = faint(
            gettext(
                "Pascal VOC (LabelImg), YOLO, COCO, CSV, QuPath GeoJSON, CVAT, labelme or ImageJ, for images of this "
                "session. They are matched by the name of the image. A folder is searched with all folders in it."
            )
        )
        self.files_button = QPushButton(gettext("Files…"))
        self.folder_button = QPushButton(gettext("Folder…"))
        self.files_button.clicked.connect(lambda *_: self._ask_for_files())
        self.folder_button.clicked.connect(lambda *_: self._ask_for_folder())
        for button in (self.files_button, self.folder_button):
            button.setMinimumSize(110, 32)
        return column(title, text, row(self.files_button, self.folder_button, None))

    def _build_deciding(self) -> QWidget:
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setFixedHeight(76)
        self.details.setAccessibleName(gettext("Notices"))
        self._uses = QButtonGroup(self)
        self.use_buttons: dict[Use, QRadioButton] = {}
        choices: list[QWidget] = []
        for use, (text, explanation) in _USES.items():
            button = QRadioButton(text)
            button.setAccessibleDescription(explanation)
            self._uses.addButton(button)
            self.use_buttons[use] = button
            choices += [button, indented(faint(explanation))]
        self.use_buttons[Use.TRUTH].setChecked(True)  # the safest: it changes no count
        self._uses.buttonToggled.connect(lambda *_: self._show_plan())
        self.mapping_heading = QLabel(gettext("The model does not know these class names. What are they?"))
        self.mapping_scroll = QScrollArea()
        self.mapping_scroll.setWidgetResizable(True)
        self.mapping_scroll.setMaximumHeight(150)
        self.mapping_scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.stored_rows = QCheckBox(gettext("They were drawn on the image as it is stored, not turned upright"))
        self.stored_rows.setToolTip(gettext("If the boxes lie beside the cells, change this and look again"))
        self.stored_rows.toggled.connect(lambda *_: self._read_again())
        self.turned = column(QLabel(), self.stored_rows, spacing=4)
        self.match_button = QPushButton(gettext("Use these images"))
        self.match_button.setAutoDefault(False)
        self.match_button.clicked.connect(lambda *_: self._match())
        self.match_scroll = QScrollArea()
        self.match_scroll.setWidgetResizable(True)
        self.match_scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        heading_text = QLabel(gettext("Which images are these annotations of?"))
        self.matching = column(heading_text, self.match_scroll, row(self.match_button, None), spacing=4)
        return column(
            self.summary,
            self.details,
            self.turned,
            self.matching,
            heading(gettext("What are they?")),
            column(*choices, spacing=4),
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
            combo = QuietComboBox()
            combo.addItems([_LEAVE_OUT, *self._workspace.settings.classes])
            combo.setCurrentText(class_named(name, self._workspace.kinds.tree.tree) or _LEAVE_OUT)
            combo.setAccessibleName(name)
            combo.currentIndexChanged.connect(lambda *_: self._show_plan())
            label = QLabel(ngettext("{name} ({n:,} box)", "{name} ({n:,} boxes)", number).format(name=name, n=number))
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(combo)
            form.addRow(label, combo)
            self._combos[name] = combo
        self.mapping_scroll.setWidget(inside)
        self.mapping_scroll.setFixedHeight(min(inside.sizeHint().height() + 4, 150))
        self.mapping_heading.setVisible(bool(unknown))
        self.mapping_scroll.setVisible(bool(unknown))

    def _build_matching(self, names: Sequence[str]) -> None:
        self.image_combos = {}
        inside = QWidget()
        form = QFormLayout(inside)
        form.setContentsMargins(0, 0, 0, 0)
        items = self._workspace.images.items if len(names) <= _MOST_TO_MATCH else []
        for name in names if items else ():
            combo = QuietComboBox()
            combo.addItem(_LEAVE_OUT)
            for item in items:
                combo.addItem(item.path.name, item.id)
            combo.setAccessibleName(name)
            label = QLabel(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(combo)
            form.addRow(label, combo)
            self.image_combos[name] = combo
        self.match_scroll.setWidget(inside)
        self.match_scroll.setFixedHeight(min(inside.sizeHint().height() + 4, 110))
        self.matching.setVisible(bool(self.image_combos))

    def _show_turned(self, undecided: Sequence[str]) -> None:
        label = self.turned.findChild(QLabel)
        if label is not None:
            label.setWordWrap(True)
            label.setText(
                ngettext(
                    "The camera turned {n:,} image, and its annotations do not say which way round it was.",
                    "The camera turned {n:,} images, and their annotations do not say which way round they were.",
                    len(undecided),
                ).format(n=len(undecided))
            )
        self.turned.setVisible(bool(undecided))

    # -- choosing ----------------------------------------------------------------------------------

    def _ask_for_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, gettext("Import annotation files"), self._preferences.folder, _ANNOTATIONS
        )
        if names:
            self._preferences.folder = str(Path(names[0]).parent)
            self.read([Path(name) for name in names])

    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, gettext("Import a folder of annotations"), self._preferences.folder
        )
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
        return not self._reading.busy and self._importing is None

    def read(self, paths: Sequence[Path]) -> None:
        """Read annotation files and folders, and show what is in them."""
        self._paths = list(paths)
        self._chosen = {}
        self.stored_rows.blockSignals(True)
        self.stored_rows.setChecked(False)
        self.stored_rows.blockSignals(False)
        self._read_again()

    def _read_again(self) -> None:
        """Read the same files with what the user has said about them since."""
        classes, paths, stored_rows = self._workspace.settings.classes, self._paths, self.stored_rows.isChecked()
        images = [
            ListedImage(item.id, item.path, item.size if all(item.size) else None)
            for item in self._workspace.images.items
        ]
        chosen = dict(self._chosen)
        self._reading.start(
            lambda job: read_for_session(
                paths, ImageIndex(images, chosen, job.cancelled), classes, stored_rows=stored_rows
            )
        )
        text = ngettext("Reading {name}…", "Reading {n:,} files…", len(paths))
        self.busy.show_text(text.format(name=paths[0].name or paths[0], n=len(paths)))
        self._show(self.busy)

    def _match(self) -> None:
        """Read again, with the images that the user chose for names."""
        self._chosen |= {
            name: combo.currentData() for name, combo in self.image_combos.items() if combo.currentIndex() > 0
        }
        self._read_again()

    @Slot(object)
    def _on_read_failed(self, error: Exception) -> None:
        text = gettext("Reading stopped unexpectedly ({error}); choose fewer files.").format(error=error)
        self._on_read(FoundAnnotations((), notices=(text,)))

    @Slot(object)
    def _on_read(self, found: FoundAnnotations) -> None:
        self.found = found
        self.summary.setText(found.summary())
        self.details.setPlainText(found.details())
        self.details.setVisible(bool(found.details()))
        self._show_turned(found.undecided)
        self._build_matching(found.unmatched)
        self._build_mapping(found.unknown(self._workspace.settings.classes))
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
        return ImportPlan(self.found, use, self._workspace.settings.classes, mapping)

    def _show_plan(self) -> None:
        if self.found is None:
            return
        plan = self.plan()
        ids = [cast("int", image.image_id) for image in self.found.images]
        items = [item for key in ids if (item := self._workspace.images.item(key)) is not None]
        text = plan.problem or outcome_of(plan)
        if plan.use is Use.REPLACE and not plan.problem:
            results = {item.id: self._workspace.counts.result(item.id) for item in items}
            counted = {key: sum(result.counts.values()) for key, result in results.items() if result is not None}
            text = " ".join(filter(None, (text, plan.losses(counted))))
        uncounted = sum(item.state is not State.COUNTED for item in items)
        if plan.use is Use.REPLACE and uncounted:
            text += " " + ngettext(
                "{n:,} of them is not counted yet; let it be counted first, or later detections are added.",
                "{n:,} of them are not counted yet; let them be counted first, or later detections are added.",
                uncounted,
            ).format(n=uncounted)
        reviewed = sum(item.reviewed for item in items)
        if plan.use is not Use.TRUTH and reviewed and not plan.problem:
            text += " " + ngettext(
                "{n:,} of them is marked reviewed and will lose the mark.",
                "{n:,} of them are marked reviewed and will lose the mark.",
                reviewed,
            ).format(n=reviewed)
        self.outcome.setText(text)
        self.import_button.setEnabled(not plan.problem)
        self.import_button.setToolTip(plan.problem)

    def _import(self) -> None:
        plan = self.plan()
        text = ngettext("Importing {n:,} box…", "Importing {n:,} boxes…", plan.total).format(n=plan.total)
        self.busy.show_text(text, len(plan.found.images))
        self._show(self.busy)
        self._importing = self._workspace.importer.start(plan)
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
        self.cancel_button.setText(gettext("Stop") if page is self.busy else gettext("Cancel"))
        if page is self.choosing:
            self.files_button.setFocus()
        elif page is self.deciding:
            checked = self._uses.checkedButton()
            if checked is not None:
                checked.setFocus()
        self.fit(shrink=True)

    def reject(self) -> None:
        """Stop what is under way, else close the dialog."""
        if self._reading.busy:
            self._reading.cancel()
            self._show(self.choosing)
        elif self._importing is not None:
            self._importing.stop()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._reading.cancel()
        if self._importing is not None:
            self._importing.stop()
        super().closeEvent(event)
