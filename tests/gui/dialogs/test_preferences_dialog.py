"""Preferences take effect at once, and are there at the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from core.classes import COLOUR_BLIND_SAFE, PALETTES
from core.verification.profile import Profile, write_profile
from gui.commands.context import Dialog
from gui.dialogs.preferences.dialog import PreferencesDialog
from gui.preferences import Theme

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def dialog(window: MainWindow) -> PreferencesDialog:
    window.open_dialog(Dialog.PREFERENCES)
    [dialog] = window.findChildren(PreferencesDialog)
    return dialog


def test_the_name_signs_what_follows(window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot) -> None:
    dialog.name.clear()
    qtbot.keyClicks(dialog.name, "Grace")
    dialog.accept()
    assert window.workspace.store.user == window.preferences.person == "Grace"
    assert window.head.user.text() == "Grace"


def test_a_name_of_blanks_leaves_the_old_one(window: MainWindow, dialog: PreferencesDialog) -> None:
    dialog.name.setText("  ")
    dialog.accept()
    assert window.workspace.store.user == "Anna"


def test_new_samples_are_counted_by_the_profile_that_is_chosen(
    window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ward.smearprofile"
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    qtbot.mouseClick(dialog.profile.choose_button, LEFT)
    assert "cannot be read" in dialog.profile.about.text()
    assert window.workspace.profiles.default is None
    thresholds = {"RBC": 0.5, "WBC": 0.5, "Platelets": 0.5}
    profile = Profile(name="Ward 3", model_name="default", model_sha256="ab", thresholds=thresholds, nms_iou=0.5)
    write_profile(path, profile)
    qtbot.mouseClick(dialog.profile.choose_button, LEFT)
    assert dialog.profile.about.text() == "Ward 3, for the model default."
    assert window.workspace.profiles.default == window.preferences.default_profile == path
    qtbot.mouseClick(dialog.profile.reset_button, LEFT)
    assert window.workspace.profiles.default is None
    assert window.preferences.default_profile is None


@pytest.mark.slow
def test_theme_and_colours_change_at_once(window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot) -> None:
    ground = QApplication.palette().window().color()
    dialog.theme.setFocus()
    qtbot.keyClicks(dialog.theme, "D")
    dialog.theme.activated.emit(dialog.theme.currentIndex())
    assert window.preferences.theme is Theme.DARK
    assert QApplication.palette().window().color() != ground
    dialog.palette_box.activated.emit(PALETTES.index(COLOUR_BLIND_SAFE))
    assert window.preferences.palette is COLOUR_BLIND_SAFE
    assert window.canvas.boxes.palette is COLOUR_BLIND_SAFE
    dialog.theme_chosen.emit(Theme.LIGHT)
    assert QApplication.palette().window().color() == ground


def test_folders_are_chosen_and_given_back(
    window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "chosen"))
    for choice in (dialog.sessions, dialog.reports):
        qtbot.mouseClick(choice.choose_button, LEFT)
    assert window.workspace.store.folder == tmp_path / "chosen"
    assert window.preferences.reports_folder == str(tmp_path / "chosen")
    for choice in (dialog.sessions, dialog.reports):
        qtbot.mouseClick(choice.reset_button, LEFT)
    assert window.workspace.store.folder == window.preferences.sessions
    assert window.preferences.reports_folder == window.preferences.sessions_folder == ""


def test_fields_of_the_laboratory_are_filled_in_at_the_head(
    window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot
) -> None:
    dialog.fields.setText("Patient, Ward")
    dialog.accept()
    window.workspace.opening.open_demo()
    window.head.open_fields()
    assert list(window.head.popup.edits) == ["Patient", "Ward"]
    qtbot.keyClicks(window.head.popup.edits["Ward"], "4 B")
    qtbot.keyClick(window.head.popup.edits["Ward"], Qt.Key.Key_Return)
    assert window.workspace.sample.fields == (("Ward", "4 B"),)
    assert "Ward: 4 B" in window.head.fields.toolTip()
    window.workspace.history.undo()
    assert window.workspace.sample.fields == ()


def test_a_folder_can_be_given_back_only_if_it_was_chosen(
    window: MainWindow, dialog: PreferencesDialog, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = str(window.preferences.usual_sessions)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "chosen"))
    qtbot.mouseClick(dialog.sessions.choose_button, LEFT)
    assert dialog.sessions.reset_button.isEnabled()
    qtbot.mouseClick(dialog.sessions.reset_button, LEFT)
    assert dialog.sessions.line.text() == usual
    assert not dialog.sessions.reset_button.isEnabled()
    assert dialog.reports.line.text() == "Beside the images"
    assert not dialog.reports.reset_button.isEnabled()
