"""Teaching sets are saved, used, locked and left in their dialog, with real files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox

from core.kinds.teaching_set import read_teaching_set, write_teaching_set
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


def opened(window: MainWindow) -> TeachingSetsDialog:
    window.open_dialog(Dialog.TEACHING_SETS)
    dialog = window.findChild(TeachingSetsDialog)
    assert isinstance(dialog, TeachingSetsDialog)
    return dialog


def written_elsewhere(path: Path, target: Path, move: int = 0) -> None:
    """Write the examples of a set as if another sample had them; ``move`` shifts how all of them look."""
    taught = read_teaching_set(path)
    cells = tuple(msgspec.structs.replace(cell, image=f"other {cell.image}") for cell in taught.header.cells)
    header = msgspec.structs.replace(taught.header, name="Other", cells=cells, samples=("other sample",))
    steps = np.clip(taught.steps.astype(int) + move, -127, 127).astype(np.int8)
    write_teaching_set(target, replace(taught, header=header, steps=steps))


def test_two_sets_become_one(
    by_kind: MainWindow, qtbot: QtBot, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(by_kind)
    assert not dialog.merge_button.isEnabled()
    teach(by_kind, qtbot)
    qtbot.mouseClick(dialog.save_button, LEFT)
    qtbot.mouseClick(dialog.use_button, LEFT)
    other = tmp_path / "Other.smearkinds"
    written_elsewhere(path, other)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    qtbot.mouseClick(dialog.merge_button, LEFT)
    assert dialog.title.text() == "Sorted by House, version 2"
    assert dialog.about.text().startswith("16 examples of 2 kinds from 2 samples")
    assert len(read_teaching_set(path)) == 16
    assert len(read_teaching_set(other)) == 8


def test_a_copy_of_a_locked_set_is_open_again(
    by_kind: MainWindow, qtbot: QtBot, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(by_kind)
    assert not dialog.copy_button.isEnabled()
    teach(by_kind, qtbot)
    qtbot.mouseClick(dialog.save_button, LEFT)
    qtbot.mouseClick(dialog.use_button, LEFT)
    assert by_kind.workspace.kinds.teaching.lock()
    assert not dialog.merge_button.isEnabled()
    copy = tmp_path / "Ours"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(copy), ""))
    qtbot.mouseClick(dialog.copy_button, LEFT)
    copied = read_teaching_set(copy.with_suffix(".smearkinds"))
    assert (copied.header.name, copied.locked, len(copied)) == ("Ours", False, 8)
    assert read_teaching_set(path).locked
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(copy.with_suffix(".smearkinds")), ""))
    qtbot.mouseClick(dialog.use_button, LEFT)
    assert dialog.title.text() == "Sorted by Ours, version 1"
    assert dialog.add_button.isEnabled()
    qtbot.mouseClick(dialog.add_button, LEFT)
    assert dialog.title.text() == "Sorted by Ours, version 2"


def test_a_sample_that_looks_unlike_the_set_is_said_where_one_works(
    by_kind: MainWindow, qtbot: QtBot, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog, page = opened(by_kind), by_kind.cells.kinds
    teach(by_kind, qtbot)
    qtbot.mouseClick(dialog.save_button, LEFT)
    for _ in range(8):
        by_kind.workspace.history.undo()
    alike, unlike = tmp_path / "Alike.smearkinds", tmp_path / "Unlike.smearkinds"
    written_elsewhere(path, alike)
    written_elsewhere(path, unlike, move=60)
    piles = by_kind.workspace.kinds.piles

    def warned(used: Path) -> bool:
        """Use a set, and return whether the piles are said to be doubtful once the sample is sorted by it."""
        sorted_: list[bool] = []
        monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(used), ""))
        qtbot.mouseClick(dialog.use_button, LEFT)
        piles.changed.connect(lambda: sorted_.append(True))
        qtbot.waitUntil(lambda: bool(sorted_) and piles.figures("RBC") is not None)
        different = piles.looks_different("RBC")
        start = "⚠ This sample looks unlike the teaching set"
        qtbot.waitUntil(lambda: page.bar.note.text().startswith(start) is different)
        return different

    assert warned(unlike)
    assert not warned(alike)


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
