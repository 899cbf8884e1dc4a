"""Full drives, places that cannot be written, sessions in use: nothing is lost, and there is a way on."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QInputDialog

from core.models.card import CARD_KEY
from core.session.session import Session
from gui.shell.window import MainWindow
from gui.workspace.workspace import Workspace
from tests.gui.shell.troubles import (
    LEFT,
    answer_folder_dialog,
    counted_cells,
    held_elsewhere,
    notice,
    press,
    session_path,
    shown_counts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]
    User = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


@pytest.mark.slow
def test_a_full_drive_refuses_an_edit_and_takes_it_when_there_is_room(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, small_drive: Path
) -> None:
    workspace = window.workspace
    workspace.store.folder = small_drive
    workspace.opening.open([make_smear("1.png")[0]])
    wait_counted(window)
    ballast = small_drive / "ballast"
    with pytest.raises(OSError, match="space"):
        ballast.write_bytes(bytes(2**20))
    [number] = counted_cells(window)[:1]
    edits = 0
    while not notice(window):
        before = shown_counts(window)
        workspace.editing.remove_cells([number]) if edits % 2 == 0 else workspace.history.undo()
        edits += not notice(window)
    path = session_path(window)
    assert notice(window) == f"{path}: the drive is full; free some space and try again."
    assert shown_counts(window) == before
    others = [make_smear(f"{number}.png", seed=number) for number in range(2, 10)]
    workspace.opening.open([file for file, _ in others])
    if len(workspace.images.items) == 1:  # not even their names could be stored
        assert "the drive is full" in notice(window)
        ballast.unlink()
        workspace.opening.open([file for file, _ in others])
    else:  # a count or two may find room
        qtbot.waitUntil(lambda: workspace.inference.queue.paused, timeout=30_000)
        assert notice(window).endswith("Counting is paused; choose Resume.")
        ballast.unlink()
        qtbot.mouseClick(window.status.pause_button, LEFT)
    wait_counted(window)
    for row, (_, counts) in enumerate(others, 1):
        workspace.images.set_current(workspace.images.items[row].id)
        wait_counted(window)
        assert shown_counts(window) == counts
    workspace.images.set_current(workspace.images.items[0].id)
    workspace.editing.mark_reviewed(True)
    before = shown_counts(window)
    workspace.store.close()
    assert workspace.store.open(path)
    wait_counted(window)
    assert shown_counts(window) == before
    assert [item.reviewed for item in workspace.images.items] == [True] + [False] * len(others)
    assert len([line for line in workspace.history.lines() if line.image == 1]) == edits + 1


def test_without_a_place_for_sessions_another_is_asked_for(
    window: MainWindow,
    qtbot: QtBot,
    make_smear: MakeSmear,
    wait_counted: WaitCounted,
    public_folder: Path,
    ordinary_user: User,
    tmp_path: Path,
) -> None:
    made, counts = make_smear("1.png")
    picture = shutil.copy(made, public_folder / "1.png")
    locked, free = public_folder / "locked", tmp_path / "free"
    locked.mkdir(mode=0o555)
    free.mkdir()
    for sessions in (locked, locked / "sessions"):
        window.workspace.store.folder = sessions
        with ordinary_user():
            window.workspace.opening.open([picture])
        assert notice(window).startswith("No session file can be created here, so nothing would be saved.")
        assert str(locked) in notice(window)
        assert "choose another one" in notice(window)
        assert window.workspace.images.items == []
    answer_folder_dialog(free)
    press(qtbot, window, "Keep sessions elsewhere…")
    wait_counted(window)
    assert shown_counts(window) == counts
    assert session_path(window).parent == free
    assert window.preferences.sessions_folder == str(free)
    assert notice(window) == ""


def test_what_may_not_be_written_can_be_looked_at(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted, public_folder: Path, ordinary_user: User
) -> None:
    workspace, path = corrected.workspace, public_folder / "shared.smearcount"
    expected = shown_counts(corrected)
    assert workspace.store.copy_to(path)
    picture = shutil.copy(workspace.images.items[0].path, public_folder / "1.png")
    workspace.store.close()
    with Session.open(path) as session:
        session.images.relocate({1: Path(picture)})
        session.images.add([public_folder / "2.png"])
    content = path.read_bytes()
    path.chmod(0o444)
    public_folder.chmod(0o555)
    with ordinary_user():
        assert not workspace.store.open(path)
        assert notice(corrected).startswith(f"{path}: you may not write")
        press(qtbot, corrected, "Open to look at")
        qtbot.waitUntil(lambda: workspace.inference.shown is not None, timeout=30_000)
        assert corrected.windowTitle().endswith("(read only)")
        assert shown_counts(corrected) == expected
        assert not corrected.actions_["add"].isEnabled()
        assert workspace.inference.queue.waiting == 0  # the second image cannot be counted, for it could not be kept
        qtbot.keyClick(corrected, Qt.Key.Key_F5)
        assert "is open for reading only; save a copy" in notice(corrected)
        workspace.editing.mark_reviewed(True)
        assert "it was opened for reading only; save a copy and change that" in notice(corrected)
        assert shown_counts(corrected) == expected
        workspace.store.close()
    assert path.read_bytes() == content


def test_a_session_in_use_opens_when_it_is_closed_there(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = corrected.workspace, session_path(corrected), shown_counts(corrected)
    workspace.store.close()
    with held_elsewhere(path):
        workspace.store.open(path)
        assert (
            notice(corrected) == f"{path}: it is open in another window or on another computer; close it there first."
        )
        press(qtbot, corrected, "Try again")
        assert "close it there first" in notice(corrected)
        assert workspace.store.session is None
    press(qtbot, corrected, "Try again")
    wait_counted(corrected)
    assert shown_counts(corrected) == expected
    assert notice(corrected) == ""


def test_a_session_that_others_only_read_can_be_read_too(
    corrected: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = corrected.workspace, session_path(corrected), shown_counts(corrected)
    workspace.store.close()
    with held_elsewhere(path, "read-only"):
        workspace.store.open(path)
        press(qtbot, corrected, "Open to look at")
        wait_counted(corrected)
        assert shown_counts(corrected) == expected
        assert not workspace.store.writable
        workspace.store.close()


def test_the_session_that_is_open_is_not_opened_again(corrected: MainWindow, wait_counted: WaitCounted) -> None:
    expected = shown_counts(corrected)
    assert corrected.workspace.store.open(session_path(corrected))
    assert notice(corrected) == ""
    assert shown_counts(corrected) == expected


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be taken away on Windows")
def test_a_session_whose_drive_is_gone_takes_edits_when_it_is_back(
    corrected: MainWindow, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = corrected.workspace, session_path(corrected), shown_counts(corrected)
    away = path.parent.with_name("away")
    path.parent.rename(away)
    workspace.editing.remove_cells(counted_cells(corrected)[:1])
    assert notice(corrected) == f"{path}: it cannot be reached any more; connect the drive or the network folder again."
    assert shown_counts(corrected) == expected
    away.rename(path.parent)
    workspace.editing.remove_cells(counted_cells(corrected)[:1])
    assert shown_counts(corrected)["RBC"] == expected["RBC"] - 1
    workspace.store.close()
    assert workspace.store.open(path)
    wait_counted(corrected)
    assert shown_counts(corrected)["RBC"] == expected["RBC"] - 1


@pytest.mark.slow
def test_nobody_is_asked_for_a_name_while_correcting_and_the_one_given_signs_from_then_on(
    qtbot: QtBot,
    model_path: Path,
    tmp_path: Path,
    preferences: Preferences,
    make_smear: MakeSmear,
    wait_counted: WaitCounted,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "account")
    told: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        assert dialog.textValue() == "account"
        dialog.setTextValue("  Grace ")
        dialog.accept()

    for start, names in enumerate((["Grace", "account"], ["Grace", "Grace"])):
        window = MainWindow(Workspace(model_path, tmp_path / "sessions"), preferences)
        qtbot.addWidget(window)
        window.show()
        qtbot.waitUntil(lambda window=window: window.workspace.inference.model is not None, timeout=30_000)
        window.workspace.opening.open([make_smear(f"{start}.png")[0]])
        wait_counted(window)
        window.workspace.messages.offered.connect(lambda offer: told.append(offer.text))
        window.workspace.editing.remove_cells(counted_cells(window)[:1])
        if start == 0:
            QTimer.singleShot(0, answer)
            qtbot.mouseClick(window.toast.button, LEFT)
        window.workspace.editing.remove_cells(counted_cells(window)[:1])
        lines = window.workspace.history.lines()  # the latest first
        assert [line.user for line in lines if line.text.startswith("Remove")] == names
        assert window.head.user.text() == "Grace"
        window.close()
    assert told == ["What you change is kept with your name: account"]


@pytest.mark.slow
def test_a_model_that_disagrees_with_corrections_is_listed_and_can_be_walked(
    corrected: MainWindow, qtbot: QtBot, model_path: Path, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    """The other model is the same one, but takes red cells for white ones."""
    workspace = corrected.workspace
    kept = counted_cells(corrected)[2]
    workspace.editing.accept([kept])
    model = onnx.load(model_path)
    for item in model.metadata_props:
        if item.key == CARD_KEY:
            card = json.loads(item.value)
            names = card["classes"]
            swapped = {"RBC": "WBC", "WBC": "RBC"}
            card["classes"] = [swapped.get(name, name) for name in names]
            item.value = json.dumps(card)
    onnx.save(model, tmp_path / "other.onnx")
    with qtbot.waitSignal(workspace.inference.model_changed, timeout=30_000):
        workspace.inference.open_model(tmp_path / "other.onnx")
    wait_counted(corrected)
    assert "1.png: the new count and your edits disagree; see History (F8), Conflicts." in notice(corrected)
    qtbot.keyClick(corrected, Qt.Key.Key_F8)
    panel = corrected.history_panel
    assert panel.tabs.tabText(1) == "Conflicts (2)"
    qtbot.mouseClick(panel.tabs.tabBar(), LEFT, pos=panel.tabs.tabBar().tabRect(1).center())
    page = panel.conflicts
    texts = {page.model.index(row, 0).data() for row in range(2)}
    assert texts == {
        "The model now finds WBC where there is RBC (by hand).",
        "The model now finds WBC where there is nothing (removed by hand).",
    }
    seen = set()
    for _ in range(2):
        qtbot.mouseClick(page.next, LEFT)
        [number] = workspace.selection.cells
        seen.add(number)
        rect = corrected.canvas.boxes.rect_of(number)
        assert rect is not None
        assert corrected.canvas.visible_area().contains(rect.center())
    assert len(seen) == 2
    for _ in range(2):
        qtbot.mouseClick(page.done, LEFT)
    assert panel.tabs.tabText(1) == "Conflicts"
    path = session_path(corrected)
    workspace.store.close()
    workspace.store.open(path)
    assert workspace.conflicts.all == []
