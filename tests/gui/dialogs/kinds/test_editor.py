"""Kinds are added, named, moved and deleted in their dialog, and each change can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from gui.commands.context import Dialog
from gui.dialogs.kinds.editor import KindEditor, free_key

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def editor(by_kind: MainWindow) -> KindEditor:
    by_kind.open_dialog(Dialog.KINDS)
    editor = by_kind.findChild(KindEditor)
    assert isinstance(editor, KindEditor)
    return editor


def choose(editor: KindEditor, name: str) -> None:
    [item] = editor.list.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    editor.list.setCurrentItem(item)


def test_a_kind_of_ones_own_is_added_and_named_and_has_a_key(
    by_kind: MainWindow, editor: KindEditor, qtbot: QtBot
) -> None:
    tree = by_kind.workspace.kinds.tree
    choose(editor, "Spherocyte")
    qtbot.mouseClick(editor.add_button, LEFT)
    qtbot.keyClicks(editor.form.name, "Microspherocyte")
    qtbot.keyClick(editor.form.name, Qt.Key.Key_Tab)
    editor.form.key.setFocus()
    qtbot.keyClicks(editor.form.key, "q")
    qtbot.keyClick(editor.form.key, Qt.Key.Key_Tab)
    [kind] = tree.tree.children("spherocyte")
    assert (kind.key, kind.name, kind.shortcut) == ("microspherocyte", "Microspherocyte", "Q")
    shown = by_kind.cells.kinds.tree
    qtbot.waitUntil(lambda: bool(shown.findItems("Microspherocyte", Qt.MatchFlag.MatchRecursive)))
    for _ in range(3):
        by_kind.workspace.history.undo()
    assert tree.tree.children("spherocyte") == ()


def test_two_kinds_of_a_class_have_two_names(by_kind: MainWindow, editor: KindEditor, qtbot: QtBot) -> None:
    before = by_kind.workspace.kinds.tree.tree
    choose(editor, "Spherocyte")
    editor.form.name.setFocus()
    editor.form.name.selectAll()
    qtbot.keyClicks(editor.form.name, " teardrop")
    qtbot.keyClick(editor.form.name, Qt.Key.Key_Tab)
    assert "there is a kind of this name already" in editor.form.problem.text()
    assert by_kind.workspace.kinds.tree.tree == before


def test_a_kind_keeps_its_key_once_cells_are_of_it(by_kind: MainWindow, editor: KindEditor, qtbot: QtBot) -> None:
    """Files and sessions know it by its key."""
    kinds = by_kind.workspace.kinds
    choose(editor, "Spherocyte")
    qtbot.mouseClick(editor.add_button, LEFT)
    kinds.typed.give([next(iter(by_kind.cells.kinds.naming.cells.rows))], "new-kind")
    qtbot.keyClicks(editor.form.name, "Smudge cell")
    qtbot.keyClick(editor.form.name, Qt.Key.Key_Tab)
    [kind] = kinds.tree.tree.children("spherocyte")
    assert (kind.key, kind.name) == ("new-kind", "Smudge cell")


def test_a_key_that_is_taken_is_refused_in_words(by_kind: MainWindow, editor: KindEditor, qtbot: QtBot) -> None:
    before = by_kind.workspace.kinds.tree.tree
    choose(editor, "Spherocyte")
    editor.form.key.setFocus()
    editor.form.key.selectAll()
    qtbot.keyClicks(editor.form.key, "1")
    qtbot.keyClick(editor.form.key, Qt.Key.Key_Tab)
    assert "1 is the key of Normal and of Spherocyte; choose another one" in editor.form.problem.text()
    assert editor.form.problem.isVisible()
    assert by_kind.workspace.kinds.tree.tree == before


def test_kinds_stay_in_the_list_when_one_is_added_under_their_class(editor: KindEditor, qtbot: QtBot) -> None:
    choose(editor, "Red cells (RBC)")
    qtbot.mouseClick(editor.add_button, LEFT)
    item = editor.list.currentItem()
    assert item is not None
    assert item.text(0) == "New kind"
    assert editor.form.name.isEnabled()
    choose(editor, "Red cells (RBC)")
    editor.refresh()
    choose(editor, "Teardrop")  # it is there


def test_a_kind_with_cells_is_not_deleted(by_kind: MainWindow, editor: KindEditor, qtbot: QtBot) -> None:
    kinds = by_kind.workspace.kinds
    cell = next(iter(by_kind.cells.kinds.naming.cells.rows))
    kinds.typed.give([cell], "teardrop")
    choose(editor, "Burr cell")
    qtbot.mouseClick(editor.remove_button, LEFT)
    assert kinds.tree.tree.get("burr-cell") is None
    choose(editor, "Teardrop")
    qtbot.mouseClick(editor.remove_button, LEFT)
    assert kinds.tree.tree.get("teardrop") is not None
    [box] = editor.findChildren(QMessageBox)
    assert box.text().startswith("1 cell is Teardrop.")
    assert "another kind first" in box.text()
    qtbot.mouseClick(box.buttons()[0], LEFT)
    assert kinds.tree.tree.get("teardrop") is not None
    kinds.typed.give([cell], None)
    qtbot.mouseClick(editor.remove_button, LEFT)
    assert kinds.tree.tree.get("teardrop") is None
    qtbot.mouseClick(editor.ready_button, LEFT)
    assert kinds.tree.tree.get("teardrop") is not None


def test_keys_of_kinds_in_files_are_plain_and_never_the_same() -> None:
    assert free_key("Türk cell (reactive)", {"turk-cell-reactive"}) == "turk-cell-reactive-2"
    assert free_key("細胞", set()) == "kind"
