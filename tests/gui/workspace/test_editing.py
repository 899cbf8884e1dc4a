from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from core.geometry.boxes import iou_matrix
from core.session.session import Session
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


@pytest.fixture
def counted(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> MainWindow:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    window.canvas.setFocus()
    return window


def counts(window: MainWindow) -> dict[str, int]:
    return {name: int(card.count.text()) for name, card in window.panel.classes.cards.items()}


def place_of(window: MainWindow, number: int) -> QPoint:
    rect = window.canvas.boxes.rect_of(number)
    assert rect is not None
    return window.canvas.mapFromScene(rect.center())


def click(qtbot: QtBot, window: MainWindow, place: QPoint) -> None:
    qtbot.mouseMove(window.canvas.viewport(), place)
    qtbot.mouseClick(window.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)


def smallest_at(window: MainWindow, name: str) -> int:
    """Return a shown cell of a class that is the smallest at its own middle."""
    for number in window.canvas.boxes.shown_ids():
        cell = window.workspace.editing.cell(number)
        rect = window.canvas.boxes.rect_of(number)
        assert cell is not None
        assert rect is not None
        if cell.class_name == name and window.canvas.boxes.cells_at(rect.center())[:1] == [number]:
            return number
    raise AssertionError(name)


def test_a_clicked_cell_is_removed_and_comes_back_with_undo(counted: MainWindow, qtbot: QtBot) -> None:
    before = counts(counted)
    number = smallest_at(counted, "RBC")
    click(qtbot, counted, place_of(counted, number))
    assert counted.workspace.selection.cells == (number,)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Delete)
    assert counts(counted) == before | {"RBC": before["RBC"] - 1}
    assert counted.panel.classes.cards["RBC"].ledger.text().endswith(f"1 removed = {before['RBC'] - 1}")
    assert "Undo remove RBC" in counted.actions_["undo"].text().replace("&", "")
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert counts(counted) == before
    qtbot.keyClick(
        counted.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert counts(counted)["RBC"] == before["RBC"] - 1


def test_a_number_key_gives_the_selected_cell_a_class(counted: MainWindow, qtbot: QtBot) -> None:
    before = counts(counted)
    number = smallest_at(counted, "RBC")
    click(qtbot, counted, place_of(counted, number))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_2)
    assert counts(counted) == before | {"RBC": before["RBC"] - 1, "WBC": before["WBC"] + 1}


@pytest.mark.parametrize(
    ("key", "text", "modifiers"),
    [
        (Qt.Key.Key_Eacute, "\u00e9", Qt.KeyboardModifier.NoModifier),  # French
        (Qt.Key.Key_2, "2", Qt.KeyboardModifier.ShiftModifier),  # French with Shift
        (Qt.Key(0x011A), "\u011b", Qt.KeyboardModifier.NoModifier),  # Czech
        (Qt.Key.Key_2, "2", Qt.KeyboardModifier.NoModifier),
    ],
)
def test_a_number_key_is_told_by_its_place(
    counted: MainWindow, qtbot: QtBot, key: Qt.Key, text: str, modifiers: Qt.KeyboardModifier
) -> None:
    """The keyboards of France, Belgium, Lithuania and the Czech Republic give digits with Shift only."""
    before = counts(counted)
    click(qtbot, counted, place_of(counted, smallest_at(counted, "RBC")))
    of_two = {"win32": (3, 0x32), "darwin": (0, 0x13)}.get(sys.platform, (11, 0xE9))
    for kind in (QKeyEvent.Type.KeyPress, QKeyEvent.Type.KeyRelease):
        QApplication.sendEvent(counted.canvas, QKeyEvent(kind, key, modifiers, *of_two, 0, text))
    assert counts(counted) == before | {"RBC": before["RBC"] - 1, "WBC": before["WBC"] + 1}


def test_a_sign_of_the_number_row_is_typed_in_fields(counted: MainWindow) -> None:
    before = counts(counted)
    name = counted.image_list.name_filter
    name.setFocus()
    QApplication.sendEvent(
        name, QKeyEvent(QKeyEvent.Type.KeyPress, Qt.Key.Key_Eacute, Qt.KeyboardModifier.NoModifier, 11, 0, 0, "\u00e9")
    )
    assert name.text() == "\u00e9"
    assert counts(counted) == before


def test_cells_are_put_with_a_click_and_drawn_with_a_drag(counted: MainWindow, qtbot: QtBot) -> None:
    before = counts(counted)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_A)
    assert counted.tools.tool is ToolName.ADD
    qtbot.keyClick(counted.canvas, Qt.Key.Key_3)
    viewport = counted.canvas.viewport()
    where = counted.canvas.mapFromScene(20, 20)
    click(qtbot, counted, where)
    start, end = counted.canvas.mapFromScene(300, 200), counted.canvas.mapFromScene(340, 250)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, (start + end) / 2)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert counts(counted) == before | {"Platelets": before["Platelets"] + 2}
    [number] = counted.workspace.selection.cells
    drawn = counted.workspace.editing.cell(number)
    assert drawn is not None
    assert drawn.box == pytest.approx((300, 200, 340, 250), abs=2)
    qtbot.mouseMove(viewport, where + QPoint(3, 3))
    qtbot.mouseMove(viewport, where)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Delete)  # takes the one that is pointed at, not the one drawn last
    assert counts(counted) == before | {"Platelets": before["Platelets"] + 1}
    assert counted.workspace.editing.cell(number) == drawn
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert counted.tools.tool is ToolName.SELECT
    assert not counted.workspace.selection.all  # the next key is for the cell that is pointed at


def test_a_click_on_a_counted_cell_is_doubted_until_the_next_step(counted: MainWindow, qtbot: QtBot) -> None:
    label = counted.notice.label
    before = label.text()
    place = place_of(counted, smallest_at(counted, "RBC"))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_A)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_1)
    click(qtbot, counted, place)
    assert "This spot already has a box of RBC" in label.text()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert label.text() == before


def test_a_threshold_never_takes_a_persons_cell_away(counted: MainWindow) -> None:
    workspace = counted.workspace
    workspace.editing.add_cell("WBC", (10, 10, 60, 60))
    for name in workspace.settings.classes:
        workspace.settings.set_threshold(name, 0.99)
    assert counts(counted)["WBC"] >= 1
    assert counted.panel.classes.cards["WBC"].ledger.text() == "model 0, +1 added = 1"


def test_every_correction_is_in_the_file_before_the_window_closes(counted: MainWindow, tmp_path: Path) -> None:
    workspace = counted.workspace
    workspace.editing.remove_cells([smallest_at(counted, "RBC")])
    workspace.editing.mark_reviewed(True)
    expected = counts(counted)
    session = workspace.store.session
    assert session is not None
    session.copy_to(tmp_path / "copy.smearcount")
    workspace.store.close()
    assert counted.stage.currentWidget() is counted.start_page
    copy = Session.open(tmp_path / "copy.smearcount")
    assert [image.reviewed for image in copy.images.all()] == [True]
    workspace.store.take(copy)
    assert counts(counted) == expected
    assert counted.actions_["reviewed"].isChecked()
    workspace.history.undo()
    workspace.history.undo()
    assert counts(counted)["RBC"] == expected["RBC"] + 1


def test_counting_again_keeps_corrections(counted: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]) -> None:
    workspace = counted.workspace
    before = counts(counted)
    workspace.editing.remove_cells([smallest_at(counted, "RBC")])
    workspace.editing.reclassify([smallest_at(counted, "RBC")], "WBC")
    expected = counts(counted)
    assert expected == before | {"RBC": before["RBC"] - 2, "WBC": before["WBC"] + 1}
    qtbot.keyClick(counted, Qt.Key.Key_F5)
    wait_counted(counted)
    assert counts(counted) == expected


def test_the_doubt_queue_walks_until_nothing_is_doubtful(counted: MainWindow, qtbot: QtBot) -> None:
    bar = counted.uncertain
    for name in counted.workspace.settings.classes:
        counted.workspace.settings.set_threshold(name, 0.9)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_D)
    left = len(bar.remaining())
    assert left > 1
    assert bar.left.text() == f"{left} left"
    assert counted.side.currentWidget() is bar
    total = sum(counts(counted).values())
    cell = counted.workspace.editing.cell(bar.cell or 0)
    assert cell is not None
    counts_now = cell.score >= 0.9
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Y)
    assert sum(counts(counted).values()) == total + (not counts_now)
    while bar.cell is not None:
        qtbot.keyClick(counted.canvas, Qt.Key.Key_N)
    assert bar.remaining() == []
    assert "No uncertain cells" in bar.text.text()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert counted.side.currentWidget() is counted.panel


def test_a_click_on_a_missed_cell_of_a_real_image_finds_its_box(
    window: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None], shared_data: Path
) -> None:
    """Red cells are missed at a threshold that is too high; each that is whole is clicked on."""
    images = sorted((shared_data / "txl-pbc" / "images").glob("*.png"))
    image = next(path for path in images if len(_truth_of(path).read_text().splitlines()) > 15)
    workspace, canvas = window.workspace, window.canvas
    workspace.opening.open([image])
    wait_counted(window)
    canvas.setFocus()
    workspace.settings.set_threshold("RBC", 0.99)
    width, height = workspace.images.items[0].size
    qtbot.keyClick(canvas, Qt.Key.Key_A)
    qtbot.keyClick(canvas, Qt.Key.Key_1)
    overlaps = []
    for line in _truth_of(image).read_text().splitlines():
        kind, x, y, w, h = (float(part) for part in line.split()[:5])
        x, y, w, h = x * width, y * height, w * width, h * height
        missed = not canvas.boxes.cells_at(QPointF(x, y))
        whole = w / 2 + 2 < x < width - w / 2 - 2 and h / 2 + 2 < y < height - h / 2 - 2
        if kind == 1 and missed and whole:
            click(qtbot, window, canvas.mapFromScene(x + w / 10, y - h / 10))
            [number] = workspace.selection.cells
            cell = workspace.editing.cell(number)
            assert cell is not None
            truth = np.array([(x - w / 2, y - h / 2, x + w / 2, y + h / 2)], np.float32)
            overlaps.append(float(iou_matrix(np.array([cell.box], np.float32), truth)[0, 0]))
    assert len(overlaps) >= 5
    assert np.mean(np.array(overlaps) >= 0.6) >= 0.9
    before = counts(window)["RBC"]
    qtbot.keyClick(canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert counts(window)["RBC"] == before - 1


def _truth_of(image: Path) -> Path:
    """Return the file of the true boxes of an image."""
    return Path(str(image.parent).replace("images", "labels")) / f"{image.stem}.txt"
