"""What a technician does with the window, with real clicks and real detections."""

from __future__ import annotations

import csv
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from core.imaging.demo import render_demo_smear
from gui.widgets.theme import SIDE_WIDTH
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.preferences import Preferences
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    WaitCounted = Callable[[MainWindow], None]


def shown_counts(window: MainWindow) -> dict[str, int]:
    return {name: int(card.count.text()) for name, card in window.panel.classes.cards.items()}


def canvas_pixels(window: MainWindow) -> np.ndarray:
    """What the canvas shows, uint8 RGB (H, W, 3)."""
    image = (
        window.canvas.viewport().grab().toImage().convertToFormat(window.canvas.grab().toImage().Format.Format_RGB888)
    )
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def pixels_of(window: MainWindow, colour: tuple[int, int, int]) -> int:
    """How many pixels of the canvas have the colour of a class's lines."""
    return int((np.abs(canvas_pixels(window).astype(int) - colour).max(axis=2) < 12).sum())


def accept_dialog(path: Path) -> None:
    """Answer the next file dialog by typing a path, as often as it takes: it ignores one while it still lists."""
    answered = False

    def answer() -> None:
        nonlocal answered
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, QFileDialog):
            line = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(line, QLineEdit)
            line.setText(str(path))
            answered = True
            dialog.accept()
        elif answered:
            return
        QTimer.singleShot(50, answer)

    QTimer.singleShot(0, answer)


ORANGE, LIGHT_BLUE = (255, 140, 0), (84, 190, 255)


def test_the_demo_smear_is_counted_right_by_one_click(
    window: MainWindow, qtbot: QtBot, wait_counted: WaitCounted
) -> None:
    assert window.stage.currentWidget() is window.start_page
    qtbot.mouseClick(window.start_page.demo_button, Qt.MouseButton.LeftButton)
    wait_counted(window)
    assert window.image_page.currentWidget() is window.canvas
    assert shown_counts(window) == render_demo_smear().counts()
    assert "Mean confidence" in window.panel.classes.cards["RBC"].count.toolTip()
    assert pixels_of(window, ORANGE) > 500
    assert pixels_of(window, LIGHT_BLUE) > 60


def test_a_slider_changes_count_and_boxes_without_a_new_detection(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    path, expected = make_smear("slide.png")
    window.workspace.opening.open([path])
    wait_counted(window)
    before, kept = shown_counts(window), window.workspace.counts.current_cells()
    orange = pixels_of(window, ORANGE)
    assert before["RBC"] == expected["RBC"]
    slider = window.panel.classes.cards["RBC"].slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    after = shown_counts(window)
    assert after["RBC"] < before["RBC"]
    assert after["WBC"] == before["WBC"]
    assert window.panel.classes.cards["RBC"].number.value() == pytest.approx(0.99)
    assert pixels_of(window, ORANGE) < orange
    assert window.workspace.counts.current_cells() is kept
    window.actions_["undo"].trigger()
    assert shown_counts(window) == before


def test_the_number_box_and_the_slider_follow_each_other(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    card = window.panel.classes.cards["Platelets"]
    card.number.setFocus()
    card.number.selectAll()
    qtbot.keyClicks(card.number, "0.77")
    qtbot.keyClick(card.number, Qt.Key.Key_Return)
    assert window.workspace.settings.value is not None
    assert window.workspace.settings.value.thresholds["Platelets"] == pytest.approx(0.77)
    assert card.slider.value() == 77


def test_hiding_a_class_takes_its_boxes_off_but_not_its_count(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    counts = shown_counts(window)
    card = window.panel.classes.cards["RBC"]
    qtbot.mouseClick(card.shown, Qt.MouseButton.LeftButton, pos=QPoint(8, card.shown.height() // 2))
    assert pixels_of(window, ORANGE) == 0
    assert pixels_of(window, LIGHT_BLUE) > 0
    assert shown_counts(window) == counts


def test_bad_files_are_named_and_the_rest_goes_on(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    good, expected = make_smear("c_good.png")
    empty, cut = tmp_path / "a_empty.jpg", tmp_path / "b_cut.png"
    empty.write_bytes(b"")
    cut.write_bytes(good.read_bytes()[:4000])
    window.workspace.opening.open([empty, cut, good, tmp_path / "gone.png"])
    wait_counted(window)
    states = [item.state for item in window.workspace.images.items]
    assert states == [State.FAILED, State.FAILED, State.COUNTED, State.FAILED]
    assert window.image_page.currentWidget() is window.image_page.failure_page
    assert "a_empty.jpg" in window.image_page.failure_page.text.text()
    assert window.panel.classes.cards["RBC"].count.text() == "–"
    window.workspace.images.set_current(window.workspace.images.items[2].id)
    wait_counted(window)
    assert shown_counts(window) == expected
    window.workspace.images.set_current(window.workspace.images.items[1].id)
    cut.write_bytes(good.read_bytes())
    qtbot.mouseClick(window.image_page.failure_page.retry_button, Qt.MouseButton.LeftButton)
    wait_counted(window)
    assert window.workspace.images.items[1].state is State.COUNTED
    window.workspace.images.set_current(window.workspace.images.items[0].id)
    qtbot.mouseClick(window.image_page.failure_page.remove_button, Qt.MouseButton.LeftButton)
    assert [item.path.name for item in window.workspace.images.items] == ["b_cut.png", "c_good.png", "gone.png"]


@pytest.mark.slow
def test_quick_navigation_never_shows_another_pictures_counts(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    smears = [make_smear(f"{n}.png", seed=n, red_cells=6 + 5 * n) for n in range(4)]
    window.workspace.opening.open([path for path, _ in smears])
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_PageDown)
    assert window.workspace.images.current_position == 3
    wait_counted(window)
    for index in (3, 0, 2, 1):
        window.workspace.images.set_current(window.workspace.images.items[index].id)
        wait_counted(window)
        assert shown_counts(window)["RBC"] == smears[index][1]["RBC"]
        picture = window.workspace.inference.shown
        assert picture is not None
        assert picture.image.path == smears[index][0]
        assert window.canvas.boxes.shown_count == sum(shown_counts(window).values())


@pytest.mark.slow
def test_counting_stops_and_goes_on(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    tile, _ = make_smear("tile.png")
    large = np.tile(np.asarray(Image.open(tile)), (5, 5, 1))
    path = tmp_path / "large.bmp"
    Image.fromarray(large).save(path)
    with qtbot.waitSignal(window.workspace.inference.progressed, timeout=60_000):
        window.workspace.opening.open([path])
    qtbot.mouseClick(window.status.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.workspace.inference.queue.busy is None, timeout=30_000)
    item = window.workspace.images.items[0]
    assert item.state is State.WAITING
    assert "Paused" in window.status.activity.full_text
    assert window.image_page.currentWidget() is window.canvas
    qtbot.keyClick(window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: item.state is State.COUNTING, timeout=30_000)
    wait_counted(window)
    assert shown_counts(window)["RBC"] > 60


def test_the_red_cell_size_can_be_set_by_hand(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    window.actions_["counting_settings"].trigger()
    assert window.dialogs.counting is not None
    row = window.dialogs.counting.cell_size
    assert row.number.value() == pytest.approx(56, rel=0.15)
    assert not row.number.isEnabled()
    qtbot.mouseClick(row.by_hand, Qt.MouseButton.LeftButton, pos=QPoint(8, row.by_hand.height() // 2))
    wait_counted(window)
    row.number.setFocus()
    row.number.selectAll()
    qtbot.keyClicks(row.number, "112")
    qtbot.keyClick(row.number, Qt.Key.Key_Return)
    wait_counted(window)
    cells = window.workspace.counts.current_cells()
    assert cells is not None
    assert cells.found.diameter == 112


def test_a_model_can_be_imported_and_a_damaged_one_is_refused(
    window: MainWindow,
    agreed: MainWindow,
    qtbot: QtBot,
    make_smear: MakeSmear,
    wait_counted: WaitCounted,
    model_path: Path,
    tmp_path: Path,
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    counts, old = shown_counts(window), window.workspace.inference.model
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(model_path.read_bytes()[:5000])
    accept_dialog(damaged)
    window.actions_["import_model"].trigger()
    qtbot.waitUntil(window.notice.isVisible, timeout=30_000)
    assert "damaged.onnx" in window.notice.label.text()
    drawn = window.notice.grab(window.notice.label.geometry()).toImage()
    greens = [drawn.pixelColor(x, y).green() for x in range(drawn.width()) for y in range(drawn.height())]
    assert max(greens) > 230  # light text
    assert min(greens) < 60  # on dark ground
    assert window.workspace.inference.model is old
    assert shown_counts(window) == counts
    other = tmp_path / "other.onnx"
    other.write_bytes(model_path.read_bytes())
    accept_dialog(other)
    with qtbot.waitSignal(window.workspace.inference.model_changed, timeout=30_000):
        window.actions_["import_model"].trigger()
    wait_counted(window)
    assert window.workspace.inference.model is not None
    assert window.workspace.inference.model.path == other
    assert shown_counts(window) == counts


def test_picture_and_table_are_saved(
    window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    path, expected = make_smear("Bild äöü 血.png")
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    window.workspace.opening.open([path, bad])
    wait_counted(window)
    picture, table = tmp_path / "aus gabe.png", tmp_path / "zählung.csv"
    accept_dialog(picture)
    window.actions_["save_picture"].trigger()
    accept_dialog(table)
    window.actions_["save_table"].trigger()
    drawn = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert drawn.shape == (320, 420, 3)
    assert (np.abs(drawn - ORANGE).max(axis=2) < 3).sum() > 200
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert Path(rows[0]["image"]) == path
    assert {name: int(rows[0][name]) for name in expected} == expected
    assert "bad.png" in rows[1]["error"]


def test_a_place_that_cannot_be_written_is_said(
    window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    assert not window.workspace.saving.save_table(tmp_path / "no such folder" / "counts.csv")
    assert window.notice.isVisible()
    assert "counts.csv" in window.notice.label.text()


def test_files_and_folders_can_be_dropped(
    window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted, tmp_path: Path
) -> None:
    make_smear("slides/1.png", seed=1)
    make_smear("slides/2.png", seed=2)
    (tmp_path / "slides" / "notes.txt").write_text("not an image")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "slides"))])
    drop = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    enter = QDragEnterEvent(
        QPoint(300, 300),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, drop)
    wait_counted(window)
    assert [item.path.name for item in window.workspace.images.items] == ["1.png", "2.png"]


def turn_wheel(widget: object, position: QPoint, turns: int) -> None:
    event = QWheelEvent(
        QPointF(position),
        QPointF(widget.mapToGlobal(position)),  # type: ignore[attr-defined]
        QPoint(),
        QPoint(0, 120 * turns),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)  # type: ignore[call-overload]


def test_the_wheel_zooms_about_the_pointer_and_leaves_sliders_alone(
    window: MainWindow, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    canvas = window.canvas
    pointer = canvas.viewport().rect().center() + QPoint(90, -60)
    before, zoom = canvas.mapToScene(pointer), canvas.zoom
    turn_wheel(canvas.viewport(), pointer, 3)
    assert canvas.zoom > 1.3 * zoom
    after = canvas.mapToScene(pointer)
    assert abs(after.x() - before.x()) < 2
    assert abs(after.y() - before.y()) < 2
    window.actions_["fit"].trigger()
    assert canvas.zoom == pytest.approx(zoom)
    canvas.setFocus()
    card = window.panel.classes.cards["RBC"]
    for widget in (card.slider, card.number):
        value = card.slider.value()
        turn_wheel(widget, widget.rect().center(), 4)
        assert card.slider.value() == value


def test_closing_while_counting_ends_the_thread(window: MainWindow, qtbot: QtBot, make_smear: MakeSmear) -> None:
    window.workspace.opening.open([make_smear(f"{n}.png", seed=n)[0] for n in range(3)])
    qtbot.waitUntil(lambda: window.workspace.inference.queue.busy is not None, timeout=30_000)
    window.close()
    assert not window.workspace.inference.queue._thread._thread.isRunning()
    assert threading.active_count() >= 1


def test_preferences_are_remembered_but_thresholds_are_not(
    window: MainWindow, preferences: Preferences, make_smear: MakeSmear, wait_counted: WaitCounted
) -> None:
    window.workspace.opening.open([make_smear("slide.png")[0]])
    wait_counted(window)
    suggested = dict(window.workspace.inference.model.card.thresholds)  # type: ignore[union-attr]
    window.actions_["labels"].trigger()
    window.workspace.settings.set_threshold("RBC", 0.9)
    window.close()
    store = preferences.store
    assert store.value("show_labels", type=bool) is True
    assert not any("threshold" in key.lower() for key in store.allKeys())
    assert suggested["RBC"] != 0.9


def test_nothing_is_cut_off_beside_the_history_in_a_small_window(window: MainWindow, qtbot: QtBot) -> None:
    window.resize(1000, 700)
    window.actions_["history"].trigger()
    window.uncertain.set_active(True)
    qtbot.waitUntil(window.history_panel.isVisible)
    QApplication.processEvents()
    assert window.width() == 1000
    assert window.side.width() == SIDE_WIDTH
    bar = window.uncertain
    for button in (bar.onward, bar.stop):
        assert button.width() >= button.sizeHint().width()
        assert bar.rect().contains(button.geometry())
