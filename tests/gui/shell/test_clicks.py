"""What the user guide says of clicks and keys is what a hand needs that works the window with real events."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.commands.context import View
from gui.dialogs.guide import guide_folder
from gui.dialogs.report.dialog import ReportDialog
from gui.dialogs.report.sign import SignDialog
from tests.gui.shell.hand import Hand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]

CTRL = Qt.KeyboardModifier.ControlModifier
Box = tuple[float, float, float, float]


def told() -> dict[str, int]:
    """Return the table of the guide: how many clicks and keys each task takes."""
    rows = re.findall(r"^\| ([^|]+?) +\| (\d+) +\|", (guide_folder() / "work.md").read_text("utf-8"), re.MULTILINE)
    return {task: int(number) for task, number in rows}


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def large(window: MainWindow) -> MainWindow:
    window.resize(1500, 950)
    return window


@pytest.mark.slow
def test_a_folder_is_opened(
    large: MainWindow, hand: Hand, make_smear: MakeSmear, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    path, _ = make_smear("slides/field.png")

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QFileDialog):
            QTimer.singleShot(50, answer)
            return
        [line] = dialog.findChildren(QLineEdit, "fileNameEdit")
        hand.paste(str(path.parent), line)
        hand.key(Qt.Key.Key_Return, widget=line)
        if dialog.isVisible():
            dialog.reject()  # nobody else would

    QTimer.singleShot(0, answer)
    hand.click(large.start_page.folder_button)
    wait_counted(large)
    assert [item.path for item in large.workspace.images.items] == [path]
    assert hand.done == told()["open a folder"]


@pytest.mark.slow
def test_eight_mistakes_in_a_field_of_a_hundred(
    large: MainWindow, hand: Hand, tmp_path: Path, wait_counted: WaitCounted
) -> None:
    smear = render_smear(
        1150, 860, red_cells=100, white_cells=1, platelets=3, diameter=56, rng=np.random.default_rng(5)
    )
    write_picture(smear.image, tmp_path / "field.png")
    large.workspace.opening.open([tmp_path / "field.png"])
    wait_counted(large)
    right = counts(large)
    assert right["RBC"] > 80
    missed, false, other_class, bad = make_mistakes(large)
    assert counts(large) != right
    canvas = large.canvas
    canvas.setFocus()
    hand.key(Qt.Key.Key_A)
    for x, y in missed:
        hand.click_image(canvas, x, y)
    hand.key(Qt.Key.Key_Escape)
    for x, y in false:
        hand.point(canvas, x, y)
        hand.key(Qt.Key.Key_Delete)
    hand.point(canvas, *other_class)
    hand.key(Qt.Key.Key_1)
    hand.click_image(canvas, (bad[0] + bad[2]) / 2, (bad[1] + bad[3]) / 2)
    hand.drag_image(canvas, (bad[2], (bad[1] + bad[3]) / 2), (bad[2] - 24, (bad[1] + bad[3]) / 2))
    assert counts(large) == right
    cells = large.workspace.counts.current_cells()
    assert cells is not None
    assert np.abs(cells.cells.boxes - np.array([bad[0], bad[1], bad[2] - 24, bad[3]])).max(axis=1).min() < 4
    assert hand.done == told()["correct 8 mistakes in a field of 100 cells"] <= 15


def counts(window: MainWindow) -> dict[str, int]:
    result = window.workspace.counts.current_result()
    assert result is not None
    return dict(result.counts)


def make_mistakes(
    window: MainWindow,
) -> tuple[list[tuple[float, float]], list[tuple[float, float]], tuple[float, float], Box]:
    """Take three red cells away, add three that are none, give one another class, and stretch the box of one."""
    editing, cells = window.workspace.editing, window.workspace.counts.current_cells()
    result = window.workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    red = result.counted & (cells.cells.labels == window.workspace.settings.classes.index("RBC"))
    boxes, ids = cells.cells.boxes[red], cells.cells.ids[red]
    apart = [row for row in range(len(boxes)) if _free(boxes[row], np.delete(boxes, row, axis=0))]
    assert len(apart) >= 5
    missed = [_middle(boxes[row]) for row in apart[:3]]
    editing.remove_cells([int(ids[row]) for row in apart[:3]])
    editing.reclassify([int(ids[apart[3]])], "WBC")
    x1, y1, x2, y2 = boxes[apart[4]].tolist()
    editing.reshape(int(ids[apart[4]]), (x1, y1, x2 + 24, y2))
    empty = _empty_places(cells.cells.boxes, 3)
    for x, y in empty:
        editing.add_cell("RBC", (x - 20, y - 20, x + 20, y + 20))
    window.workspace.selection.set([])
    return missed, empty, _middle(boxes[apart[3]]), (x1, y1, x2 + 24, y2)


def _middle(box: np.ndarray) -> tuple[float, float]:
    return float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2


def _free(box: np.ndarray, others: np.ndarray, room: float = 28) -> bool:
    """Tell whether nothing lies near a box."""
    x1, y1, x2, y2 = box + np.array([-6, -6, room, 6])
    near = (others[:, 0] < x2) & (others[:, 2] > x1) & (others[:, 1] < y2) & (others[:, 3] > y1)
    return not near.any()


def _empty_places(boxes: np.ndarray, number: int) -> list[tuple[float, float]]:
    """Return places of the image where no cell is."""
    places: list[tuple[float, float]] = []
    taken = boxes
    for y in range(40, 820, 14):
        for x in range(40, 1110, 14):
            own = np.array([[x - 20, y - 20, x + 20, y + 20]], np.float32)
            if len(places) < number and _free(own[0], taken, room=6):
                places.append((x, y))
                taken = np.vstack([taken, own])
    assert len(places) == number
    return places


@pytest.mark.slow
def test_forty_good_fields_are_reviewed(
    large: MainWindow, hand: Hand, make_smear: MakeSmear, wait_counted: WaitCounted, qtbot: QtBot
) -> None:
    path, _ = make_smear("fields/0.png")
    files = [path, *(path.with_name(f"{place}.png") for place in range(1, 40))]
    for file in files[1:]:
        shutil.copyfile(path, file)
    large.workspace.opening.open(files)
    wait_counted(large)
    large.notice.clear()
    large.canvas.setFocus()
    while large.workspace.sample.progress[0] < 40:
        qtbot.waitUntil(lambda: large.workspace.inference.shown is not None, timeout=30_000)
        hand.key(Qt.Key.Key_Space)
    assert hand.done == told()["review 40 good fields"] <= 40


@pytest.mark.slow
def test_two_hundred_white_cells_are_counted_by_hand_unseen_and_compared(
    large: MainWindow, hand: Hand, make_smear: MakeSmear, wait_counted: WaitCounted, qtbot: QtBot
) -> None:
    large.workspace.opening.open([make_smear("field.png")[0]])
    wait_counted(large)
    canvas = large.canvas
    canvas.setFocus()
    hand.key(Qt.Key.Key_T)
    assert large.workspace.tally.hides_counts
    canvas.setFocus()
    hand.key(Qt.Key.Key_2)
    for place in range(200):
        hand.click_image(canvas, 20 + place % 20 * 20, 20 + place // 20 * 28)
    hand.key(Qt.Key.Key_T)
    item = large.workspace.images.items[0]
    truth = large.workspace.truths.used(item.id)
    assert truth is not None
    assert truth.blind
    assert len(truth) == 200
    assert hand.done == told()["count 200 white cells by hand, the program's hidden"]

    hand.done = 0
    hand.key(Qt.Key.Key_F9)
    verify = large.dialogs.verify
    assert verify is not None
    qtbot.waitUntil(verify.isVisible)
    page = verify.pages.currentWidget()
    model = page.grid.comparison  # pyright: ignore[reportAttributeAccessIssue]
    shown = [str(model.index(0, column).data()) for column in range(model.columnCount())]
    assert "200" in shown
    assert hand.done == told()["compare with a manual count"]
    verify.close()


def test_a_reviewed_sample_is_signed_and_reported(
    large: MainWindow, hand: Hand, make_smear: MakeSmear, wait_counted: WaitCounted, qtbot: QtBot, tmp_path: Path
) -> None:
    large.workspace.opening.open([make_smear("field.png")[0]])
    wait_counted(large)
    large.workspace.sample.set_id("24-1187")
    large.workspace.editing.mark_reviewed(True)
    large.preferences.reports_folder = str(tmp_path)
    large.canvas.setFocus()
    hand.key(Qt.Key.Key_3, CTRL)
    assert large.view is View.RESULTS
    hand.click(large.results.panel.side.sign_button)
    qtbot.waitUntil(lambda: _ready(large.findChild(SignDialog)), timeout=10_000)
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: large.head.state.accessibleName() == "Signed by Anna", timeout=10_000)
    large.activateWindow()  # as the desktop does when a dialog is closed
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    hand.key(Qt.Key.Key_P, CTRL)
    qtbot.waitUntil(lambda: large.findChild(ReportDialog) is not None, timeout=10_000)
    report = large.findChild(ReportDialog)
    assert isinstance(report, ReportDialog)
    qtbot.waitUntil(lambda: bool(report.state.text()), timeout=10_000)
    hand.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not report.busy.isVisible() and bool(report.outcome.label.text()), timeout=60_000)
    assert (tmp_path / "24-1187.pdf").is_file()
    assert hand.done == told()["sign and report"] <= 6
    report.reject()


def _ready(dialog: object) -> bool:
    return isinstance(dialog, SignDialog) and dialog.isVisible() and dialog.sign_button.isEnabled()
