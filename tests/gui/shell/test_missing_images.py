"""Images that are gone, moved or changed, and clocks that go back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from core.session.session import Session
from gui.workspace.images import State
from tests.gui.shell.troubles import LEFT, answer_folder_dialog, counted_cells, notice, session_path, shown_counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]


@pytest.mark.slow
def test_pictures_whose_folder_is_gone_wait_for_it_and_the_others_go_on(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace = window.workspace
    paths = [make_smear(f"{folder}/{number}.png", seed=number)[0] for folder in ("share", "disk") for number in (1, 2)]
    workspace.opening.open(paths)
    workspace.inference.queue.stop()
    qtbot.waitUntil(lambda: workspace.inference.queue.busy is None, timeout=30_000)
    share, away = tmp_path / "share", tmp_path / "away"
    share.rename(away)
    workspace.inference.queue.resume()
    qtbot.waitUntil(lambda: workspace.inference.queue.paused, timeout=60_000)
    states = [item.state for item in workspace.images.items]
    waiting = states.count(State.WAITING)
    assert states[1:] == [State.WAITING, State.COUNTED, State.COUNTED]
    assert states[0] in (State.WAITING, State.COUNTED)  # whether its file was read before the folder went
    assert f"{share}: it cannot be reached; connect the drive or the network folder again." in notice(window)
    assert window.status.activity.full_text == f"Paused; {waiting} not counted yet"
    workspace.images.set_current(workspace.images.items[2].id)
    before = shown_counts(window)
    workspace.editing.remove_cells(counted_cells(window)[:1])
    assert shown_counts(window)["RBC"] == before["RBC"] - 1
    away.rename(share)
    qtbot.mouseClick(window.status.pause_button, LEFT)
    wait_counted(window)
    assert {item.state for item in workspace.images.items} == {State.COUNTED}


def test_moved_pictures_are_shown_again_after_pointing_to_their_folder(
    corrected: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace, path, expected = corrected.workspace, session_path(corrected), shown_counts(corrected)
    workspace.store.close()
    (tmp_path / "slides").rename(tmp_path / "archive")
    workspace.store.open(path)
    qtbot.waitUntil(lambda: corrected.image_page.currentWidget() is corrected.image_page.failure_page, timeout=30_000)
    assert "its folder is not there" in corrected.image_page.failure_page.text.text()
    assert shown_counts(corrected) == expected
    answer_folder_dialog(tmp_path)
    qtbot.mouseClick(corrected.image_page.failure_page.locate_button, LEFT)
    qtbot.waitUntil(lambda: corrected.image_page.currentWidget() is corrected.canvas, timeout=30_000)
    assert workspace.images.items[0].path == tmp_path / "archive" / "1.png"
    assert shown_counts(corrected) == expected


@pytest.mark.slow
def test_a_picture_that_changed_since_it_was_counted_is_told(
    corrected: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    workspace, path = corrected.workspace, session_path(corrected)
    workspace.store.close()
    _, counts = make_smear("slides/1.png", seed=9, red_cells=8)
    workspace.store.open(path)
    qtbot.waitUntil(lambda: bool(notice(corrected)), timeout=30_000)
    assert notice(corrected) == "1.png: the file has changed since it was counted; count again (F5) to see its cells."
    workspace.history.undo()
    qtbot.keyClick(corrected, Qt.Key.Key_F5)
    wait_counted(corrected)
    assert shown_counts(corrected) == counts
    assert workspace.history.lines()[0].text == "Counted again: the file has changed"
    workspace.store.close()
    workspace.store.open(path)
    wait_counted(corrected)
    assert notice(corrected) == ""
    assert shown_counts(corrected) == counts


def test_a_clock_that_goes_back_changes_neither_counts_nor_the_order_of_the_history(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace, path = window.workspace, tmp_path / "past.smearcount"
    hours = iter(range(10_000))
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    workspace.store.take(Session.create(path, clock=lambda: noon - timedelta(hours=next(hours))))
    workspace.opening.open([make_smear("1.png")[0]])
    wait_counted(window)
    window.actions_["history"].trigger()
    workspace.editing.remove_cells(counted_cells(window)[:1])
    workspace.editing.reclassify(counted_cells(window)[:1], "WBC")
    workspace.history.undo()
    expected = shown_counts(window)
    model = window.history_panel.model
    qtbot.waitUntil(lambda: model.rowCount() >= 3)
    assert [row.text for row in model.rows[:3]] == ["Make WBC", "Make WBC", "Remove RBC"]
    assert [row.undoes for row in model.rows[:3]] == [model.rows[1].number, None, None]
    assert [row.time for row in model.rows] == sorted(row.time for row in model.rows)
    workspace.store.close()
    workspace.store.open(path)
    wait_counted(window)
    assert shown_counts(window) == expected
    workspace.history.undo()
    assert shown_counts(window)["RBC"] == expected["RBC"] + 1


def test_nobody_marks_an_image_that_cannot_be_seen(corrected: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace, path = corrected.workspace, session_path(corrected)
    workspace.store.close()
    (tmp_path / "slides").rename(tmp_path / "archive")
    workspace.store.open(path)
    qtbot.waitUntil(lambda: workspace.inference.unseen, timeout=30_000)
    item = workspace.images.current
    assert item is not None
    was = item.reviewed
    assert not corrected.actions_["reviewed"].isEnabled()
    corrected.actions_["reviewed_next"].trigger()
    assert item.reviewed is was
    qtbot.waitUntil(lambda: corrected.panel.field_note.text.text() == "Cannot be seen")
    assert "its folder is not there" in corrected.image_list.model.reason(item)


def test_nobody_judges_a_cell_that_cannot_be_seen(corrected: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace, path = corrected.workspace, session_path(corrected)
    workspace.selection.set(counted_cells(corrected)[:1])
    qtbot.keyClick(corrected.canvas, Qt.Key.Key_D)
    assert corrected.uncertain.active
    expected, steps = shown_counts(corrected), len(workspace.history.lines())
    workspace.store.close()
    (tmp_path / "slides").rename(tmp_path / "archive")
    workspace.store.open(path)
    qtbot.waitUntil(lambda: workspace.inference.unseen, timeout=30_000)
    corrected.uncertain.set_active(True)
    assert corrected.uncertain.remaining() == []
    assert "cannot be seen" in corrected.uncertain.text.text()
    assert not corrected.actions_["doubts"].isEnabled()
    workspace.selection.set(counted_cells(corrected))
    for key in (Qt.Key.Key_Y, Qt.Key.Key_N, Qt.Key.Key_2, Qt.Key.Key_Delete, Qt.Key.Key_Return, Qt.Key.Key_A):
        qtbot.keyClick(corrected.image_list.rows, key)
    assert shown_counts(corrected) == expected
    assert len(workspace.history.lines()) == steps


def test_a_document_is_refused_before_anything_is_asked(
    window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    window.workspace.opening.open([make_smear("1.png")[0]])
    wait_counted(window)
    (tmp_path / "notes.txt").write_text("Müller: film too thick")
    window.dialogs.open_paths([tmp_path / "notes.txt"])
    assert notice(window) == f"{tmp_path / 'notes.txt'}: it is not an image; choose images."
    assert QApplication.activeModalWidget() is None
    assert [item.path.name for item in window.workspace.images.items] == ["1.png"]
