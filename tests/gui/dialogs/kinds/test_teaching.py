"""Teaching sets are saved, used, locked and left in their dialog, with real files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.kinds.teaching_set import read_teaching_set
from gui.commands.context import Dialog
from gui.dialogs.kinds.teaching import TeachingSetsDialog
from tests.gui.panels.gallery.kinds.test_page import teach

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the file dialogs say that the set is."""
    path = tmp_path / "House.smearkinds"
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))
    return path


def test_what_was_taught_is_saved_used_locked_and_left(by_kind: MainWindow, qtbot: QtBot, path: Path) -> None:
    by_kind.open_dialog(Dialog.TEACHING_SETS)
    dialog = by_kind.findChild(TeachingSetsDialog)
    assert isinstance(dialog, TeachingSetsDialog)
    assert not dialog.save_button.isEnabled()
    assert not dialog.lock_button.isEnabled()
    teach(by_kind, qtbot)
    qtbot.mouseClick(dialog.save_button, LEFT)
    assert len(read_teaching_set(path)) == 8
    qtbot.mouseClick(dialog.use_button, LEFT)
    assert dialog.title.text() == "Sorted by House, version 1"
    assert dialog.about.text().startswith("8 examples of 2 kinds from 1 sample; made by Anna on ")
    qtbot.mouseClick(dialog.lock_button, LEFT)
    [box] = dialog.findChildren(QMessageBox)
    [lock] = [button for button in box.buttons() if button.text() == "Lock it"]
    qtbot.mouseClick(lock, LEFT)
    assert read_teaching_set(path).locked
    assert "Locked by Anna" in dialog.about.text()
    assert not dialog.add_button.isEnabled()
    assert not dialog.lock_button.isEnabled()
    qtbot.mouseClick(dialog.stop_button, LEFT)
    assert dialog.title.text() == "No teaching set sorts this sample"
    by_kind.workspace.history.undo()
    assert dialog.title.text() == "Sorted by House, version 1"
