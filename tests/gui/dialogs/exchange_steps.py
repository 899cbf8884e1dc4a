"""What a user does with the dialogs that bring annotations in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox, QWidget

from core.annotations.base import AnnotatedImage
from core.annotations.formats.voc import write_voc
from core.exchange.match_images import ImageIndex, ListedImage
from gui.commands.context import Dialog
from gui.commands.shortcuts import Actions
from gui.dialogs.export import ExportDialog
from gui.dialogs.import_ import ImportDialog
from gui.shell.appearance import Appearance
from gui.shell.dialogs import Dialogs
from gui.workspace.images import ImageItem, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import pytest
    from pytestqt.qtbot import QtBot

    from core.exchange.export_items import Format
    from core.exchange.import_plan import Use
    from gui.preferences import Preferences
    from gui.workspace.exchange.exporting import Scope
    from gui.workspace.messages import Level
    from gui.workspace.workspace import Workspace

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

BOXES = ((20, 30, 76, 86), (200, 40, 256, 96), (300, 200, 320, 220))
NAMES = ("RBC", "RBC", "Platelets")


class Bench:
    """A workspace with a window to put dialogs on, and what a person does with them."""

    def __init__(self, qtbot: QtBot, workspace: Workspace, preferences: Preferences) -> None:
        self.qtbot = qtbot
        self.workspace = workspace
        self.messages: list[tuple[Level, str]] = []
        self.window = QWidget()
        qtbot.addWidget(self.window)
        self.window.show()
        self.dialogs = Dialogs(
            self.window,
            workspace,
            preferences,
            Actions(self.window, preferences),
            Appearance(preferences, list, self.window),
        )
        workspace.messages.posted.connect(self._on_message)

    def _on_message(self, level: Level, text: str) -> None:
        self.messages.append((level, text))

    def open(self, *paths: Path) -> None:
        """Begin a session with images and wait until all are counted."""
        self.workspace.store.close()
        self.workspace.opening.open(paths)
        self.wait_counted()

    def wait_counted(self) -> None:
        self.qtbot.waitUntil(
            lambda: all(item.state in (State.COUNTED, State.FAILED) for item in self.workspace.images.items),
            timeout=120_000,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the counts by picture."""
        results = {item.path.name: self.workspace.counts.result(item.id) for item in self.workspace.images.items}
        return {name: dict(result.counts) for name, result in results.items() if result is not None}

    def wait_closed(self) -> None:
        """Wait until no dialog is left, not even a hidden one."""
        self.qtbot.waitUntil(lambda: self.window.findChild(QDialog) is None, timeout=30_000)

    def import_dialog(self) -> ImportDialog:
        self.wait_closed()
        self.dialogs.open(Dialog.IMPORT)
        dialog = self.window.findChild(ImportDialog)
        assert isinstance(dialog, ImportDialog)
        return dialog

    def read(self, *paths: Path) -> ImportDialog:
        """Open the dialog, drop files on it, and wait for what it says of them."""
        dialog = self.import_dialog()
        drop(dialog, paths)
        self.qtbot.waitUntil(lambda: dialog.found is not None, timeout=60_000)
        return dialog

    def finish(self, dialog: ImportDialog, use: Use) -> None:
        """Choose what the boxes are, and import them."""
        dialog.use_buttons[use].click()
        with self.qtbot.waitSignal(dialog.finished, timeout=60_000):
            dialog.import_button.click()

    def import_(self, use: Use, *paths: Path) -> None:
        self.finish(self.read(*paths), use)

    def export_dialog(self) -> ExportDialog:
        self.wait_closed()
        self.dialogs.open(Dialog.EXPORT)
        dialog = self.window.findChild(ExportDialog)
        assert isinstance(dialog, ExportDialog)
        return dialog

    def start_export(self, kind: Format, scope: Scope, target: Path, monkeypatch: pytest.MonkeyPatch) -> ExportDialog:
        dialog = self.export_dialog()
        dialog.scope_buttons[scope].click()
        dialog.formats.setCurrentText(kind.value)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(target))
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
        dialog.export_button.click()
        return dialog

    def export(self, kind: Format, scope: Scope, target: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Level, str]:
        """Export, and return the message about it."""
        self.wait_closed()
        self.messages.clear()
        self.start_export(kind, scope, target, monkeypatch)
        self.qtbot.waitUntil(lambda: bool(self.messages), timeout=60_000)
        return self.messages[-1]


def drop(dialog: ImportDialog, paths: Sequence[Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, no_key = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    dialog.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, no_key))


def answer_question(button: str) -> list[str]:
    """Click a button of the next question; return a list that will hold what was asked."""
    asked: list[str] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(other for other in box.buttons() if other.text().strip("&") == button).click()
        else:
            QTimer.singleShot(20, answer)

    QTimer.singleShot(0, answer)
    return asked


def annotated(
    name: str,
    boxes: Sequence[Sequence[float]] = BOXES,
    names: Sequence[str] = NAMES,
    size: tuple[int, int] = (420, 320),
) -> AnnotatedImage:
    return AnnotatedImage(name, *size, np.array(boxes, np.float32).reshape(-1, 4), tuple(names))


def voc(folder: Path, *images: AnnotatedImage) -> Path:
    write_voc(folder, images)
    return folder


def index_of(items: Sequence[ImageItem]) -> ImageIndex:
    return ImageIndex([ListedImage(item.id, item.path, item.size) for item in items])
