"""The sheet of keys, with the actions of a window and a settings file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox

from gui.commands.action import MOST_CLASS_KEYS, Action, Menu
from gui.commands.actions import ACTIONS
from gui.commands.shortcuts import Actions
from gui.dialogs.keys.dialog import KeysDialog
from gui.dialogs.keys.editor import KeyEditor
from gui.preferences import Preferences, Theme
from gui.widgets.theme import apply_theme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

LEFT = Qt.MouseButton.LeftButton


def spec_of(name: str) -> Action:
    return next(spec for spec in ACTIONS if spec.id == name)


@pytest.fixture
def actions(qtbot: QtBot, preferences: Preferences) -> Iterator[Actions]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    host = QMainWindow()
    qtbot.addWidget(host)
    actions = Actions(host, preferences)
    actions["class_1"].setText("Class: RBC")
    for number in range(2, MOST_CLASS_KEYS + 1):
        actions[f"class_{number}"].setVisible(False)
    host.show()
    qtbot.waitExposed(host)
    yield actions
    host.close()


@pytest.fixture
def dialog(qtbot: QtBot, actions: Actions) -> Iterator[KeysDialog]:
    host = actions.parent()
    assert isinstance(host, QMainWindow)
    dialog = KeysDialog(actions, host)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, on=False)
    dialog.show()
    qtbot.waitExposed(dialog)
    yield dialog
    dialog.close()


def key_of(dialog: KeysDialog, name: str) -> str:
    return dialog.rows[name].key.text()


def shown_rows(dialog: KeysDialog) -> set[str]:
    return {name for name, row in dialog.rows.items() if row.isVisible()}


def open_editor(qtbot: QtBot, dialog: KeysDialog, name: str) -> KeyEditor:
    row = dialog.rows[name]
    dialog.sheet.ensureWidgetVisible(row)
    qtbot.mouseDClick(row, LEFT)
    return editor_of(dialog)


def editor_of(dialog: KeysDialog) -> KeyEditor:
    editor = QApplication.activeModalWidget()
    assert isinstance(editor, KeyEditor)
    assert editor.parent() is dialog
    return editor


def test_every_action_stands_there_with_its_key(dialog: KeysDialog, actions: Actions) -> None:
    for spec in ACTIONS:
        if spec.menu is not Menu.CLASS:
            assert spec.id in dialog.rows
    for name, row in dialog.rows.items():
        assert row.text.text() == actions[name].text().replace("&", "").rstrip(" …")
        assert row.key.text() == actions[name].shortcut().toString()
    assert dialog.rows["class_1"].text.text() == "Class: RBC"
    assert "class_2" not in dialog.rows
    gestures = [row.key.text() for group in dialog.groups for row in group.rows if row.spec is None]
    assert {"Click", "Click again", "Shift + drag", "Right click", "Wheel", "Tab", "Shift+Tab"} <= set(gestures)


def test_searching_by_text_and_by_key(dialog: KeysDialog, qtbot: QtBot) -> None:
    everything = shown_rows(dialog)
    assert everything == set(dialog.rows)
    qtbot.keyClicks(dialog.search, "reviewed")
    assert shown_rows(dialog) == {"reviewed", "next_unreviewed"} & everything | {
        name for name in everything if "reviewed" in spec_of(name).tip.lower()
    }
    dialog.search.clear()
    qtbot.keyClicks(dialog.search, "ctrl+shift+o")
    assert shown_rows(dialog) == {"open_folder"}
    dialog.search.clear()
    qtbot.keyClicks(dialog.search, "xyzzy")
    assert shown_rows(dialog) == set()
    assert dialog.nothing.isVisible()
    dialog.search.clear()
    assert shown_rows(dialog) == everything
    assert not dialog.nothing.isVisible()


def test_a_changed_key_is_kept_and_taken_from_its_owner(
    dialog: KeysDialog, actions: Actions, preferences: Preferences, tmp_path: Path, qtbot: QtBot
) -> None:
    editor = open_editor(qtbot, dialog, "doubts")
    assert editor.key == "D"
    qtbot.keyClick(editor.edit, Qt.Key.Key_R)
    assert editor.note.text() == "R is used by “Mark reviewed”; it will lose it."
    assert preferences.key("doubts") is None
    qtbot.mouseClick(editor.use, LEFT)
    assert key_of(dialog, "doubts") == "R"
    assert key_of(dialog, "reviewed") == "none"

    host = actions.parent()
    assert isinstance(host, QMainWindow)
    dialog.close()
    with qtbot.waitActive(host):
        host.activateWindow()
    with qtbot.waitSignal(actions["doubts"].triggered), qtbot.assertNotEmitted(actions["reviewed"].triggered):
        qtbot.keyClick(host, Qt.Key.Key_R)

    later = Preferences(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))
    window = QMainWindow()
    qtbot.addWidget(window)
    again = Actions(window, later)
    assert again["doubts"].shortcut().toString() == "R"
    assert again["reviewed"].shortcut().isEmpty()


def test_cancelling_changes_nothing(dialog: KeysDialog, preferences: Preferences, qtbot: QtBot) -> None:
    editor = open_editor(qtbot, dialog, "doubts")
    qtbot.keyClick(editor.edit, Qt.Key.Key_R)
    editor.reject()
    assert key_of(dialog, "doubts") == "D"
    assert key_of(dialog, "reviewed") == "R"
    assert preferences.key("doubts") is None


def test_a_free_key_with_modifiers(dialog: KeysDialog, actions: Actions, qtbot: QtBot) -> None:
    editor = open_editor(qtbot, dialog, "open_demo")
    assert editor.key == ""
    qtbot.keyClick(editor.edit, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert editor.note.text().endswith("is free.")
    qtbot.mouseClick(editor.use, LEFT)
    assert actions["open_demo"].shortcut().toString() == "Ctrl+Shift+D"
    assert key_of(dialog, "open_demo") == "Ctrl+Shift+D"


def test_escape_closes_the_editor_and_changes_nothing(dialog: KeysDialog, qtbot: QtBot) -> None:
    editor = open_editor(qtbot, dialog, "doubts")
    with qtbot.waitSignal(editor.rejected):
        qtbot.keyClick(editor.edit, Qt.Key.Key_Escape)
    assert dialog.rows["doubts"].key.text() == "D"


def test_keys_that_have_a_meaning_of_their_own_are_refused(dialog: KeysDialog, qtbot: QtBot) -> None:
    editor = open_editor(qtbot, dialog, "doubts")
    qtbot.keyClick(editor.edit, Qt.Key.Key_Left)
    assert "press another key" in editor.note.text()
    assert not editor.use.isEnabled()
    qtbot.keyClick(editor.edit, Qt.Key.Key_J)
    assert editor.use.isEnabled()


def test_an_action_can_do_without_a_key(dialog: KeysDialog, actions: Actions, qtbot: QtBot) -> None:
    editor = open_editor(qtbot, dialog, "doubts")
    editor.edit.clear()
    assert editor.use.text() == "Use no key"
    qtbot.mouseClick(editor.use, LEFT)
    assert actions["doubts"].shortcut().isEmpty()
    assert key_of(dialog, "doubts") == "none"


def test_own_key_asks_first_if_another_has_it_now(dialog: KeysDialog, actions: Actions, qtbot: QtBot) -> None:
    actions.set_key(spec_of("doubts"), "R")
    qtbot.mouseClick(dialog.rows["reviewed"], LEFT)
    assert dialog.own.isEnabled()
    qtbot.mouseClick(dialog.own, LEFT)
    editor = editor_of(dialog)
    assert editor.note.text() == "R is used by “Uncertain cells”; it will lose it."
    qtbot.mouseClick(editor.use, LEFT)
    assert key_of(dialog, "reviewed") == "R"
    assert key_of(dialog, "doubts") == "none"
    qtbot.mouseClick(dialog.rows["doubts"], LEFT)
    qtbot.mouseClick(dialog.own, LEFT)
    assert key_of(dialog, "doubts") == "D"
    assert not dialog.own.isEnabled()


def test_reset_all_asks_and_gives_every_action_its_own_key(dialog: KeysDialog, actions: Actions, qtbot: QtBot) -> None:
    assert not dialog.reset.isEnabled()
    actions.set_key(spec_of("doubts"), "R")
    actions.set_key(spec_of("open_demo"), "F9")
    qtbot.mouseClick(dialog.reset, LEFT)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    box.button(QMessageBox.StandardButton.Cancel).click()
    assert key_of(dialog, "doubts") == "R"
    qtbot.mouseClick(dialog.reset, LEFT)
    box = QApplication.activeModalWidget()
    assert isinstance(box, QMessageBox)
    next(button for button in box.buttons() if button.text() == "Reset all").click()
    for spec in ACTIONS:
        assert actions[spec.id].shortcut().toString() == spec.key
    assert key_of(dialog, "doubts") == "D"
    assert key_of(dialog, "reviewed") == "R"
    assert not dialog.reset.isEnabled()


def test_by_keyboard_alone(dialog: KeysDialog, actions: Actions, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.search, "uncertain cells")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Down)
    assert dialog.rows["doubts"].hasFocus()
    qtbot.keyClick(dialog.rows["doubts"], Qt.Key.Key_Return)
    editor = editor_of(dialog)
    qtbot.keyClick(editor.edit, Qt.Key.Key_J)
    qtbot.mouseClick(editor.use, LEFT)
    assert actions["doubts"].shortcut().toString() == "J"
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_one_column_where_two_would_be_too_narrow(dialog: KeysDialog) -> None:
    def columns() -> int:
        return len({group.mapTo(dialog, group.rect().topLeft()).x() for group in dialog.groups})

    assert columns() == 2
    dialog.resize(330, 600)
    QApplication.processEvents()
    assert dialog.width() == 330
    assert columns() == 1
    assert dialog.sheet.horizontalScrollBar().maximum() == 0
