"""Full drives, missing folders, damaged files: nothing is lost without a word, and there is a way on."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import onnx
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QInputDialog, QLineEdit, QPushButton

from core.models.card import CARD_KEY
from core.session.session import Session
from core.session.storage.schema import SCHEMA
from gui.shell.window import MainWindow
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]
    User = Callable[[], AbstractContextManager[None]]

EDITOR = Path(__file__).parents[2] / "core" / "session" / "session_editor.py"
LEFT = Qt.MouseButton.LeftButton


def shown_counts(window: MainWindow) -> dict[str, int]:
    return {name: int(card.count.text()) for name, card in window.panel.classes.cards.items()}


def notice(window: MainWindow) -> str:
    """Return what stands above the canvas."""
    return window.notice.label.text() if window.notice.isVisible() else ""


def press(qtbot: QtBot, window: MainWindow, remedy: str) -> None:
    """Press a button of the notice."""
    [button] = [button for button in window.notice.remedies if button.text() == remedy]
    qtbot.mouseClick(button, LEFT)


def session_path(window: MainWindow) -> Path:
    assert window.workspace.store.session is not None
    return window.workspace.store.session.path


def counted_cells(window: MainWindow, name: str = "RBC") -> list[int]:
    """Return the ids of the counted cells of a class of the current picture."""
    workspace, cells = window.workspace, window.workspace.counts.current_cells()
    item = workspace.images.current
    result = workspace.counts.result(item.id if item else None)
    assert cells is not None
    assert result is not None
    return cells.cells.ids[result.counted & (cells.cells.labels == workspace.settings.classes.index(name))].tolist()


def answer_folder_dialog(path: Path) -> None:
    """Answer the next folder dialog by typing, as often as it takes."""

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QFileDialog):
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(line, QLineEdit)
            line.setText(str(path))
            for button in dialog.findChildren(QPushButton):
                if button.text() == "&Choose":
                    button.click()
        if not isinstance(dialog, QFileDialog) or dialog.isVisible():
            QTimer.singleShot(50, answer)

    QTimer.singleShot(0, answer)


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted) -> MainWindow:
    """The window with a counted image and one correction."""
    window.workspace.opening.open([make_smear("slides/1.png")[0]])
    wait_counted(window)
    window.workspace.editing.remove_cells(counted_cells(window)[:1])
    return window


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """Return a folder that every user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder
        folder.chmod(0o777)


@contextmanager
def held_elsewhere(path: Path, *options: str) -> Iterator[None]:
    """Open a session in another process."""
    arguments = [sys.executable, str(EDITOR), "hold", str(path), *options]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield
        process.stdin.close()


# -- places that cannot be written -----------------------------------------------------------------------


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
    others = [make_smear(f"{number}.png", seed=number) for number in range(2, 22)]
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
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted, public_folder: Path, ordinary_user: User
) -> None:
    workspace, path = counted.workspace, public_folder / "shared.smearcount"
    expected = shown_counts(counted)
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
        assert notice(counted).startswith(f"{path}: you may not write")
        press(qtbot, counted, "Open to look at")
        qtbot.waitUntil(lambda: workspace.inference.shown is not None, timeout=30_000)
        assert counted.windowTitle().endswith("(read only)")
        assert shown_counts(counted) == expected
        assert not counted.actions_["add"].isEnabled()
        assert workspace.inference.queue.waiting == 0  # the second image cannot be counted, for it could not be kept
        qtbot.keyClick(counted, Qt.Key.Key_F5)
        assert "is open for reading only; save a copy" in notice(counted)
        workspace.editing.mark_reviewed(True)
        assert "it was opened for reading only; save a copy and change that" in notice(counted)
        assert shown_counts(counted) == expected
        workspace.store.close()
    assert path.read_bytes() == content


# -- the session is open elsewhere -------------------------------------------------------------------------


def test_a_session_in_use_opens_when_it_is_closed_there(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = counted.workspace, session_path(counted), shown_counts(counted)
    workspace.store.close()
    with held_elsewhere(path):
        workspace.store.open(path)
        assert notice(counted) == f"{path}: it is open in another window or on another computer; close it there first."
        press(qtbot, counted, "Try again")
        assert "close it there first" in notice(counted)
        assert workspace.store.session is None
    press(qtbot, counted, "Try again")
    wait_counted(counted)
    assert shown_counts(counted) == expected
    assert notice(counted) == ""


def test_a_session_that_others_only_read_can_be_read_too(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = counted.workspace, session_path(counted), shown_counts(counted)
    workspace.store.close()
    with held_elsewhere(path, "read-only"):
        workspace.store.open(path)
        press(qtbot, counted, "Open to look at")
        wait_counted(counted)
        assert shown_counts(counted) == expected
        assert not workspace.store.writable
        workspace.store.close()


def test_the_session_that_is_open_is_not_opened_again(counted: MainWindow, wait_counted: WaitCounted) -> None:
    expected = shown_counts(counted)
    assert counted.workspace.store.open(session_path(counted))
    assert notice(counted) == ""
    assert shown_counts(counted) == expected


# -- folders that go away ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be taken away on Windows")
def test_a_session_whose_drive_is_gone_takes_edits_when_it_is_back(
    counted: MainWindow, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = counted.workspace, session_path(counted), shown_counts(counted)
    away = path.parent.with_name("away")
    path.parent.rename(away)
    workspace.editing.remove_cells(counted_cells(counted)[:1])
    assert notice(counted) == f"{path}: it cannot be reached any more; connect the drive or the network folder again."
    assert shown_counts(counted) == expected
    away.rename(path.parent)
    workspace.editing.remove_cells(counted_cells(counted)[:1])
    assert shown_counts(counted)["RBC"] == expected["RBC"] - 1
    workspace.store.close()
    assert workspace.store.open(path)
    wait_counted(counted)
    assert shown_counts(counted)["RBC"] == expected["RBC"] - 1


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
    counted: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace, path, expected = counted.workspace, session_path(counted), shown_counts(counted)
    workspace.store.close()
    (tmp_path / "slides").rename(tmp_path / "archive")
    workspace.store.open(path)
    qtbot.waitUntil(lambda: counted.image_page.currentWidget() is counted.image_page.failure_page, timeout=30_000)
    assert "its folder is not there" in counted.image_page.failure_page.text.text()
    assert shown_counts(counted) == expected
    answer_folder_dialog(tmp_path)
    qtbot.mouseClick(counted.image_page.failure_page.locate_button, LEFT)
    qtbot.waitUntil(lambda: counted.image_page.currentWidget() is counted.canvas, timeout=30_000)
    assert workspace.images.items[0].path == tmp_path / "archive" / "1.png"
    assert shown_counts(counted) == expected


@pytest.mark.slow
def test_a_picture_that_changed_since_it_was_counted_is_told(
    counted: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    workspace, path = counted.workspace, session_path(counted)
    workspace.store.close()
    _, counts = make_smear("slides/1.png", seed=9, red_cells=8)
    workspace.store.open(path)
    qtbot.waitUntil(lambda: bool(notice(counted)), timeout=30_000)
    assert notice(counted) == "1.png: the file has changed since it was counted; count again (F5) to see its cells."
    workspace.history.undo()
    qtbot.keyClick(counted, Qt.Key.Key_F5)
    wait_counted(counted)
    assert shown_counts(counted) == counts
    assert workspace.history.lines()[0].text == "Counted again: the file has changed"
    workspace.store.close()
    workspace.store.open(path)
    wait_counted(counted)
    assert notice(counted) == ""
    assert shown_counts(counted) == counts


# -- time, versions, damage --------------------------------------------------------------------------------


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


def test_a_session_of_a_newer_version_is_left_alone(counted: MainWindow) -> None:
    workspace, path = counted.workspace, session_path(counted)
    workspace.store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.execute("ALTER TABLE images ADD COLUMN colour TEXT")
    connection.close()
    content = path.read_bytes()
    workspace.store.open(path)
    assert notice(counted) == f"{path}: it was made by a newer version of SmearCount; update the program to open it."
    assert counted.notice.remedies == []
    assert path.read_bytes() == content
    assert counted.stage.currentWidget() is counted.start_page


def test_a_truncated_session_is_recovered_into_a_new_file(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path = counted.workspace, session_path(counted)
    for number in counted_cells(counted)[:5]:
        workspace.editing.reclassify([number], "WBC")
    expected = shown_counts(counted)
    workspace.store.close()
    damaged = path.read_bytes()[:-4096]
    path.write_bytes(damaged)
    workspace.store.open(path)
    assert notice(counted).startswith(f"{path}: the session is damaged (")
    press(qtbot, counted, "Recover what can be read")
    recovered = path.with_name(f"{path.stem} recovered.smearcount")
    assert session_path(counted) == recovered
    assert notice(counted).startswith(f"{path}: it was damaged; what could be read was copied to {recovered}.")
    assert "The last 4,096 bytes of the file are missing." in notice(counted)
    wait_counted(counted)
    assert shown_counts(counted) == expected  # the last page held nothing of this
    assert path.read_bytes() == damaged
    workspace.editing.mark_reviewed(True)
    assert workspace.images.items[0].reviewed


def test_cells_that_cannot_be_read_are_counted_again_with_the_corrections(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    workspace, path, expected = counted.workspace, session_path(counted), shown_counts(counted)
    scores = workspace.counts.cells(workspace.images.items[0].id)
    assert scores is not None
    stored = scores.found.detections.scores.tobytes()[:40]
    workspace.store.close()
    content = path.read_bytes()
    path.write_bytes(content.replace(stored, bytes(reversed(stored))))
    workspace.store.open(path)
    picture = workspace.images.items[0].path
    assert f"{picture}: the cells found in it cannot be read; count it again." in notice(counted)
    assert workspace.images.items[0].state is State.FAILED
    counted.actions_["retry_failed"].trigger()
    wait_counted(counted)
    assert shown_counts(counted) == expected


def test_no_flipped_byte_changes_anything_without_a_word(
    counted: MainWindow, qtbot: QtBot, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    workspace, sound = counted.workspace, session_path(counted)
    for number in counted_cells(counted)[:8]:
        workspace.editing.reclassify([number], "WBC")
    workspace.editing.mark_reviewed(True)

    def contents() -> object:
        names = [item.path for item in workspace.images.items]
        reviewed = [item.reviewed for item in workspace.images.items]
        history = [(line.user, line.text, line.time) for line in workspace.history.lines()]
        return names, reviewed, history, shown_counts(counted) if names else None

    workspace.store.close()
    workspace.store.open(sound)
    wait_counted(counted)
    expected = contents()
    workspace.store.close()
    data, rng, outcomes = sound.read_bytes(), random.Random(11), {"as it was": 0, "told": 0, "recovered": 0}
    for attempt in range(40):
        path = tmp_path / f"flipped {attempt}.smearcount"
        flipped = bytearray(data)
        flipped[rng.randrange(len(data))] ^= rng.randrange(1, 256)
        path.write_bytes(flipped)
        workspace.store.open(path)
        outcome = "told" if notice(counted) else "as it was"
        if workspace.store.session is None:
            assert str(path) in notice(counted)
            press(qtbot, counted, "Recover what can be read")
            assert notice(counted).startswith(f"{path}: it was damaged; what could be read was copied to ")
            assert path.read_bytes() == flipped
            outcome = "recovered"
        if outcome == "as it was":
            wait_counted(counted)
            assert contents() == expected
        outcomes[outcome] += 1
        workspace.store.close()
    assert outcomes["as it was"]
    assert outcomes["recovered"]


# -- who, and what disagrees -------------------------------------------------------------------------------


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


def test_a_model_that_disagrees_with_corrections_is_listed_and_can_be_walked(
    counted: MainWindow, qtbot: QtBot, model_path: Path, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    """The other model is the same one, but takes red cells for white ones."""
    workspace = counted.workspace
    kept = counted_cells(counted)[2]
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
    wait_counted(counted)
    assert "1.png: the new count and your edits disagree; see History (F8), Conflicts." in notice(counted)
    qtbot.keyClick(counted, Qt.Key.Key_F8)
    panel = counted.history_panel
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
        rect = counted.canvas.boxes.rect_of(number)
        assert rect is not None
        assert counted.canvas.visible_area().contains(rect.center())
    assert len(seen) == 2
    for _ in range(2):
        qtbot.mouseClick(page.done, LEFT)
    assert panel.tabs.tabText(1) == "Conflicts"
    path = session_path(counted)
    workspace.store.close()
    workspace.store.open(path)
    assert workspace.conflicts.all == []
