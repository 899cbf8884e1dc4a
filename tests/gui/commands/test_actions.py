"""Every action in every state of the window: it works, or it cannot be chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMessageBox

from gui.commands.actions import ACTIONS
from gui.commands.context import View
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

LEAVE = {"quit", "open_demo", "new_session", "remove_picture"}
"""What leaves the state that is looked at."""

COUNT_ALL = frozenset({"no_model", "default_model", "count_again", "self_check"})
"""What takes a while, and does not depend on the tool."""

WINDOWS = frozenset({"verify", "adapt", "counting_settings", "report", "preferences", "edit_kinds", "teaching_sets"})
WINDOWS |= {"guide", "shortcuts", "about"}
"""What opens windows that know nothing of the tool, except that no manual count is under way."""


@pytest.fixture
def no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer every dialog by closing it."""
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([], ""))
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_, **__: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: "")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_, **__: ("Anna", True))
    monkeypatch.setattr(QMessageBox, "about", lambda *_: None)
    monkeypatch.setattr(QDialog, "exec", lambda *_: 0)


def trigger_all(window: MainWindow, qtbot: QtBot, besides: frozenset[str] = frozenset()) -> set[str]:
    """Trigger every action but those that leave the state; return those that could be chosen in it.

    A question whether to count again is answered with yes, every other dialog is closed; counting goes on afterwards.
    """
    possible = {action.id for action in ACTIONS if window.actions_[action.id].isEnabled()}
    for action in ACTIONS:
        if action.id in LEAVE | besides:
            continue
        window.actions_[action.id].trigger()
        for dialog in window.findChildren(QDialog, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if not dialog.isVisible():
                continue
            dialog.accept() if dialog.windowTitle() == "Count again" else dialog.reject()
        qtbot.wait(1)
    window.workspace.inference.queue.resume()  # whatever was paused last
    return possible


@pytest.mark.slow
def test_every_action_works_in_every_state(
    window: MainWindow,
    qtbot: QtBot,
    no_questions: None,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[[MainWindow], None],
    tmp_path: Path,
) -> None:
    empty = trigger_all(window, qtbot)
    assert {"open", "open_session", "import_model", "guide", "zoom_in"} <= empty
    assert not empty & {"undo", "redo", "save_picture", "save_table", "add", "tally", "reviewed", "copy_session"}
    for name in ("open_demo", "remove_picture", "new_session"):
        window.actions_[name].trigger()
        wait_counted(window)

    first, second = make_smear("first.png", seed=1)[0], make_smear("second.png", seed=2)[0]
    window.workspace.opening.open([first, second])
    wait_counted(window)
    counted = trigger_all(window, qtbot)
    assert {"add", "tally", "reviewed", "save_picture", "next", "select_all", "inset_all", "count_again"} <= counted
    wait_counted(window)
    assert window.dialogs.verify is not None
    window.dialogs.verify.close()  # it would follow all that comes

    for tool in ToolName:
        window.tools.choose(tool)
        if tool is ToolName.TALLY:
            window.workspace.tally.set_options(blind=True)
            assert not window.actions_["cells_view"].isEnabled()
            assert not window.actions_["results_view"].isEnabled()
        trigger_all(window, qtbot, COUNT_ALL if tool is ToolName.TALLY else COUNT_ALL | WINDOWS)
        wait_counted(window)
    window.tools.choose(ToolName.SELECT)

    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    window.workspace.opening.open([broken])
    wait_counted(window)
    failed = trigger_all(window, qtbot, COUNT_ALL)
    assert "retry_failed" in failed
    assert not failed & {"add", "reviewed", "save_picture", "region_rectangle"}
    wait_counted(window)

    path = window.workspace.store.path
    assert path is not None
    window.workspace.store.close()
    assert window.workspace.store.open(path, read_only=True)
    wait_counted(window)
    reading = trigger_all(window, qtbot)
    assert "next" in reading
    assert not reading & {"add", "tally", "undo", "reviewed", "region_rectangle", "remove"}
    assert not window.actions_["remove_picture"].isEnabled()


def test_every_action_has_its_own_name_and_key() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    keys = [QKeySequence(key) for action in ACTIONS for key in (action.key, action.also) if key]
    assert len({key.toString() for key in keys}) == len(keys)


def test_in_cells_all_of_a_class_are_selected_and_nothing_is_removed_that_is_not(
    window: MainWindow,
    make_smear: Callable[..., tuple[Path, dict[str, int]]],
    wait_counted: Callable[[MainWindow], None],
    qtbot: QtBot,
) -> None:
    files = [make_smear(f"{seed}.png", seed) for seed in (1, 2)]
    window.workspace.opening.open([path for path, _ in files])
    wait_counted(window)
    assert window.actions_["remove"].isEnabled(), "in Review it is the cell that is pointed at"
    window.show_view(View.CELLS)
    window.gallery.set_all(True)
    red = sum(counts["RBC"] for _, counts in files)
    qtbot.waitUntil(lambda: "RBC" in window.gallery.sections and len(window.gallery.sections["RBC"].view.tiles) == red)
    assert not window.actions_["remove"].isEnabled()
    view = window.gallery.sections["RBC"].view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(window.workspace.selection.all) == red
    assert {image for image, _ in window.workspace.selection.all} == {item.id for item in window.workspace.images.items}
    assert window.actions_["remove"].isEnabled()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert (window.workspace.counts.totals or {}).get("RBC") == 0
