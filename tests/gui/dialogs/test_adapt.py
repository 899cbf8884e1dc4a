"""Adapting to the laboratory's own images: what is missing, what is proposed, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from core.verification.profile import read_profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.dialogs.counting_settings.adapt import AdaptDialog
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]

FIELDS = 11
TOO_HIGH = 0.97


@pytest.fixture
def dialog(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None], qtbot: QtBot
) -> AdaptDialog:
    """Open the dialog over eleven smears, of which two were counted by hand, at a threshold that misses cells."""
    smears = [make_smear(f"{seed:02}.png", seed) for seed in range(FIELDS)]
    window.workspace.opening.open([path for path, _ in smears])
    wait_counted(window)
    window.workspace.settings.set_threshold("RBC", TOO_HIGH)
    count_by_hand(window, smears[:2])
    window.actions_["adapt"].trigger()
    dialog = window.dialogs.adapt
    assert dialog is not None
    ready(qtbot, dialog)
    return dialog


def count_by_hand(window: MainWindow, smears: list[tuple[Path, dict[str, int]]]) -> None:
    by_path = {item.path: item.id for item in window.workspace.images.items}
    window.workspace.truths.set_totals({by_path[path]: counts for path, counts in smears}, "Manual count")


def ready(qtbot: QtBot, dialog: AdaptDialog) -> None:
    qtbot.waitUntil(lambda: "images are reviewed" in dialog.state.text() and "…" not in dialog.state.text())


def all_counted(window: MainWindow, make_smear: MakeSmear) -> None:
    count_by_hand(window, [make_smear(f"{seed:02}.png", seed) for seed in range(FIELDS)])


def chosen(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Let the file dialog answer with a path."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))


@pytest.mark.slow
def test_it_says_how_many_fields_are_missing_and_what_to_do(dialog: AdaptDialog, window: MainWindow) -> None:
    assert dialog.state.text() == "2 of 11 images are reviewed or counted by hand"
    assert dialog.advice.text().startswith("8 more are needed, 10 in all: correct the cells of an image")
    assert not dialog.use_button.isEnabled()
    first = window.workspace.images.current_id
    dialog.next_button.click()
    assert window.workspace.images.current_id != first
    assert "2 corrected fields were counted for RBC" in dialog.rows["RBC"].reason.text()


def test_without_a_reviewed_field_there_is_nothing_to_save(
    dialog: AdaptDialog, window: MainWindow, qtbot: QtBot
) -> None:
    assert dialog.save_button.isEnabled()  # two fields are counted by hand
    window.workspace.truths.clear_used([item.id for item in window.workspace.images.items])
    qtbot.waitUntil(lambda: dialog.state.text() == "0 of 11 images are reviewed or counted by hand")
    assert not dialog.save_button.isEnabled()
    assert dialog.save_button.toolTip().startswith("No field is reviewed or counted by hand yet")
    assert "there is nothing to save as a profile" in dialog.advice.text()
    window.workspace.history.undo()
    qtbot.waitUntil(dialog.save_button.isEnabled)


def test_a_better_threshold_is_proposed_and_used_as_one_edit(
    dialog: AdaptDialog, window: MainWindow, make_smear: MakeSmear, qtbot: QtBot
) -> None:
    all_counted(window, make_smear)
    qtbot.waitUntil(dialog.use_button.isEnabled)
    row = dialog.rows["RBC"]
    assert row.threshold.text().startswith("0.97 → ")
    before, after = (float(text.removesuffix(" %")) for text in row.accuracy.text().split(" → "))
    assert before < 90 < after
    assert row.reason.text().startswith("Chosen from 11 fields; 95 % interval of the new accuracy ")
    settings, history = window.workspace.settings, window.workspace.history
    qtbot.mouseClick(dialog.use_button, Qt.MouseButton.LeftButton)
    assert settings.value is not None
    proposed = settings.value.thresholds["RBC"]
    assert proposed < TOO_HIGH
    assert row.threshold.text().endswith(f"{proposed:.2f}")
    assert history.undo_text.startswith("Threshold RBC")
    history.undo()
    assert settings.value.thresholds["RBC"] == TOO_HIGH


def test_a_saved_profile_counts_the_sample_and_new_ones(
    dialog: AdaptDialog,
    window: MainWindow,
    make_smear: MakeSmear,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    all_counted(window, make_smear)
    qtbot.waitUntil(dialog.use_button.isEnabled)
    chosen(monkeypatch, tmp_path / "ward")
    qtbot.keyClicks(dialog.name, "Ward 3")
    assert not dialog.as_default.isChecked()
    dialog.as_default.click()
    dialog.use_button.click()  # what was found is kept, whether it is used before or not
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled() and not window.workspace.adapting.busy, timeout=10_000)
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    path, workspace = tmp_path / "ward.smearprofile", window.workspace
    kept = read_profile(path)
    assert (kept.name, kept.user) == ("Ward 3", "Anna")
    assert kept.adapted["RBC"].fields == FIELDS
    assert kept.red_cell_diameter is None, "elsewhere cells may have another size"
    assert workspace.settings.value is not None
    assert workspace.settings.value.thresholds == kept.thresholds
    assert workspace.profiles.text == "Profile: Ward 3"
    assert workspace.profiles.default == path
    assert window.preferences.profile == str(path)
    workspace.history.undo()
    assert workspace.profiles.text == ""
    workspace.history.undo()
    assert workspace.settings.value.thresholds["RBC"] == TOO_HIGH


def test_thresholds_that_are_good_already_stay(
    dialog: AdaptDialog, window: MainWindow, make_smear: MakeSmear, qtbot: QtBot
) -> None:
    window.workspace.settings.reset_thresholds()
    all_counted(window, make_smear)
    qtbot.waitUntil(lambda: dialog.state.text().startswith("11 of 11") and "…" not in dialog.state.text())
    assert "no other threshold counts fields that were left out better (100.0 %)" in dialog.rows["RBC"].reason.text()
    assert not dialog.use_button.isEnabled()
    assert "A profile can keep them" in dialog.advice.text()
