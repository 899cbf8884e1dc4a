"""The dialog that brings annotations out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from core.exchange.export_items import Format, files_there
from core.text import gettext, ngettext
from gui.widgets.forms import Busy, FittingDialog, column, faint, heading, row
from gui.widgets.wheel_safe import QuietComboBox
from gui.workspace.exchange.exporting import Exporting, Scope

if TYPE_CHECKING:
    from gui.preferences import Preferences
    from gui.workspace.workspace import Workspace

_WIDTH = 580
_NAME_WIDTH = 320


class ExportDialog(FittingDialog):
    """Asks which images are exported, in which format, and where to."""

    def __init__(self, workspace: Workspace, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(gettext("Export annotations"))
        self._workspace = workspace
        self._preferences = preferences
        self._exporting: Exporting | None = None
        self._failed = False
        self.scope_buttons = {scope: self._scope_button(scope) for scope in Scope}
        self.formats = QuietComboBox()
        self.formats.setAccessibleName(gettext("Format"))
        for kind in Format:
            self.formats.addItem(kind.value, kind)
        self.kinds_as_classes = QCheckBox(gettext("Kinds of cells as classes"))
        self.kinds_as_classes.setToolTip(gettext("Cells that users gave a kind are exported under it."))
        self.kinds_as_classes.setVisible(bool(workspace.exporter.tree.kinds))
        self.explanation = faint("")
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        for label in (self.explanation, self.hint):  # room for two lines: no button moves when they come and go
            label.setMinimumHeight(2 * self.fontMetrics().lineSpacing() + 2)
            label.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.busy = Busy()
        self.busy.hide()
        self.export_button = QPushButton(gettext("Export…"))
        self.export_button.setDefault(True)
        self.close_button = QPushButton(gettext("Cancel"))
        self.close_button.setAutoDefault(False)
        scopes = QButtonGroup(self)
        for button in self.scope_buttons.values():
            scopes.addButton(button)
        self._choices = column(
            heading(gettext("Which images")),
            column(*self.scope_buttons.values(), spacing=6),
            heading(gettext("Format")),
            self.formats,
            self.explanation,
            self.kinds_as_classes,
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(14)
        for widget in (self._choices, self.hint, self.busy):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addLayout(row(None, self.close_button, self.export_button))
        self.setMinimumWidth(_WIDTH - 100)
        first = next((scope for scope in reversed(Scope) if workspace.exporter.items(scope)), Scope.COUNTED)
        self.scope_buttons[first].setChecked(True)
        scopes.buttonToggled.connect(lambda *_: self._show_choice())
        self.formats.currentIndexChanged.connect(lambda *_: self._show_choice())
        self.export_button.clicked.connect(lambda *_: self._ask_where())
        self.close_button.clicked.connect(lambda *_: self.reject())
        self._show_choice()

    def _scope_button(self, scope: Scope) -> QRadioButton:
        number = len(self._workspace.exporter.items(scope))
        name, item = scope.value, self._workspace.images.current
        if scope is Scope.CURRENT:
            shown = item.path.name if item else ""
            metrics = self.fontMetrics()
            name += f": {metrics.elidedText(shown, Qt.TextElideMode.ElideMiddle, _NAME_WIDTH)}" if item else ""
        else:
            name += f" ({number:,})"
        button = QRadioButton(name.replace("&", "&&"))
        button.setEnabled(number > 0)
        tip = item.path.name if scope is Scope.CURRENT and item is not None else ""
        button.setToolTip(self._workspace.exporter.problem(scope) or tip)
        return button

    @property
    def scope(self) -> Scope:
        """Which images are chosen."""
        return next(scope for scope, button in self.scope_buttons.items() if button.isChecked())

    @property
    def kind(self) -> Format:
        """Which format is chosen."""
        return list(Format)[self.formats.currentIndex()]

    def _show_choice(self) -> None:
        problem = self._workspace.exporter.problem(self.scope)
        self.explanation.setText(self.kind.explanation)
        hint = problem
        if not problem and self.kind is Format.TRAINING and self.scope is not Scope.REVIEWED:
            hint = gettext("Unreviewed images would train a model on its own errors; export reviewed images only.")
        elif not problem and self.scope is Scope.REVIEWED:
            hint = self._workspace.exporter.outdated_reviews()
        self.hint.setText(hint)
        self.export_button.setEnabled(not problem)
        self.export_button.setToolTip(problem)

    def _ask_where(self) -> None:
        target = self._ask_for_file() if self.kind.suffix else self._ask_for_folder()
        if target is not None:
            self._export(target)

    def _ask_for_file(self) -> Path | None:
        kind, session = self.kind, self._workspace.store.session
        stem = session.path.stem if session else "annotations"
        start = str(Path(self._preferences.folder or ".") / f"{stem}{kind.suffix}")
        name, _ = QFileDialog.getSaveFileName(
            self, gettext("Export annotations"), start, f"{kind.value} (*{kind.suffix})"
        )
        if not name:
            return None
        path = Path(name)
        self._preferences.folder = str(path.parent)
        if path.suffix:
            return path
        path = path.with_suffix(kind.suffix)  # the file dialog did not ask about a file of this name
        return (
            path
            if not path.exists() or self._may_replace(gettext("There is a file {path} already.").format(path=path.name))
            else None
        )

    def _ask_for_folder(self) -> Path | None:
        title = gettext("Choose a folder to export into")
        if self.kind is Format.TRAINING:
            title = gettext("Choose an empty folder for the training data")
        name = QFileDialog.getExistingDirectory(self, title, self._preferences.folder)
        if not name:
            return None
        folder = Path(name)
        self._preferences.folder = name
        paths = [item.path for item in self._workspace.exporter.items(self.scope)]
        there = files_there(folder, self.kind, paths)
        text = ngettext(
            "{folder} already has annotations of {n:,} of these images.",
            "{folder} already has annotations of {n:,} of these images.",
            there,
        ).format(folder=folder, n=there)
        return folder if not there or self._may_replace(text) else None

    def _may_replace(self, text: str) -> bool:
        box = QMessageBox(QMessageBox.Icon.Warning, gettext("Export annotations"), text, parent=self)
        box.setInformativeText(gettext("Exporting there replaces them."))
        replace = box.addButton(gettext("Replace"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is replace

    def _export(self, target: Path) -> None:
        items = self._workspace.exporter.items(self.scope)
        text = ngettext("Gathering {n:,} image…", "Gathering {n:,} images…", len(items)).format(n=len(items))
        self.busy.show_text(text, len(items))
        self.busy.show()
        self.hint.setText("")
        self._choices.setEnabled(False)
        self.export_button.setEnabled(False)
        self._workspace.messages.posted.connect(self._on_message)
        kinds = self.kinds_as_classes.isChecked()
        self._exporting = self._workspace.exporter.start(items, self.kind, target, kinds_as_classes=kinds)
        self._exporting.progressed.connect(self.busy.bar.setValue)
        self._exporting.writing.connect(self._on_writing)
        self._exporting.ended.connect(self._on_exported)

    @Slot()
    def _on_writing(self) -> None:
        self.busy.show_text(gettext("Writing…"))
        self.close_button.setText(gettext("Close"))
        self.close_button.setToolTip(gettext("Writing goes on, and the window says when it is done"))

    @Slot(object, str)
    def _on_message(self, _level: object, text: str) -> None:
        """Show here, too, why an export failed: the window's message is behind this dialog."""
        self.hint.setText(text)

    @Slot(bool)
    def _on_exported(self, written: bool) -> None:
        self._exporting = None
        self._workspace.messages.posted.disconnect(self._on_message)
        if written:
            self.accept()
            return
        self.busy.hide()
        self._choices.setEnabled(True)
        self.export_button.setEnabled(True)
        self.close_button.setText(gettext("Cancel"))
        self.close_button.setToolTip("")

    def done(self, result: int) -> None:
        if self._exporting is not None:
            self._exporting.stop()
        super().done(result)
