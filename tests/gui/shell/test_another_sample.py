"""Images opened beside a sample: a new sample, or more of this one; counted before, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from gui.workspace.images import State
from tests.gui.shell.samples import LEFT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


def test_images_opened_beside_a_sample_are_a_new_one_by_default(
    counted: MainWindow, qtbot: QtBot, make_smear: MakeSmear
) -> None:
    workspace, first = counted.workspace, counted.workspace.store.path
    counted.dialogs.open_paths([make_smear("other/d.png", 3)[0]])
    assert len(workspace.images.items) == 3  # nothing before the answer
    qtbot.keyClick(counted.dialogs.where, Qt.Key.Key_Return)
    assert [item.path.name for item in workspace.images.items] == ["d.png"]
    assert workspace.store.path != first


def test_images_are_added_to_the_sample_if_that_is_wanted(
    counted: MainWindow, qtbot: QtBot, make_smear: MakeSmear
) -> None:
    counted.workspace.sample.set_id("24-1187")
    counted.dialogs.open_paths([make_smear("other/d.png", 3)[0]])
    [button] = [it for it in counted.dialogs.where.buttons.values() if it.answer == "Add to this one"]
    assert "24-1187 has 3 images" in button.explained
    qtbot.mouseClick(button, LEFT)
    assert len(counted.workspace.images.items) == 4


def test_a_question_that_is_left_opens_nothing(counted: MainWindow, make_smear: MakeSmear) -> None:
    counted.dialogs.open_paths([make_smear("other/d.png", 3)[0]])
    counted.dialogs.where.reject()
    assert len(counted.workspace.images.items) == 3


def test_what_was_counted_before_can_be_gone_on_with(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace = counted.workspace
    paths = [item.path for item in workspace.images.items]
    workspace.editing.mark_reviewed(True)
    session = workspace.store.path
    workspace.store.close()
    counted.dialogs.open_paths(paths)
    assert workspace.images.items == []
    first = next(iter(counted.dialogs.where.buttons.values()))
    assert first.answer == "Go on with it"
    assert "1 of 3 reviewed" in first.explained
    qtbot.mouseClick(first, LEFT)
    assert workspace.store.path == session
    assert [item.reviewed for item in workspace.images.items] == [True, False, False]


def test_what_was_counted_before_can_be_begun_again(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    paths = [item.path for item in workspace.images.items]
    session = workspace.store.path
    workspace.store.close()
    counted.dialogs.open_paths(paths)
    [button] = [it for it in counted.dialogs.where.buttons.values() if it.answer == "Start again"]
    qtbot.mouseClick(button, LEFT)
    assert workspace.store.path not in (None, session)
    assert all(item.state is not State.FAILED for item in workspace.images.items)
