"""What the canvas does and does not show is said on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QPushButton

from gui.workspace.selection import ToolName
from gui.workspace.view_options import Peek

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def said(window: MainWindow) -> list[str]:
    return window.presenter.stage.chips.texts


@pytest.mark.parametrize(
    ("key", "tool", "text"),
    [
        (Qt.Key.Key_A, ToolName.ADD, "Adding RBC · Esc"),
        (Qt.Key.Key_X, ToolName.CLEAR, "Clear area"),
        (Qt.Key.Key_F, ToolName.RECTANGLE, "drag a rectangle"),
        (Qt.Key.Key_P, ToolName.POLYGON, "click the corners"),
        (Qt.Key.Key_T, ToolName.TALLY, "Manual count"),
        (Qt.Key.Key_M, ToolName.RULER, "Ruler"),
    ],
)
def test_a_tool_is_said_until_escape(counted: MainWindow, qtbot: QtBot, key: Qt.Key, tool: ToolName, text: str) -> None:
    canvas = counted.canvas
    before = canvas.rect(), canvas.viewportTransform()
    qtbot.keyClick(canvas, key)
    assert counted.tools.tool is tool
    [chip] = said(counted)
    assert text in chip
    assert canvas.viewport().cursor().shape() is Qt.CursorShape.CrossCursor
    assert (canvas.rect(), canvas.viewportTransform()) == before, "what is said moves nothing"
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert counted.tools.tool is ToolName.SELECT
    assert said(counted) == []


def test_the_hint_of_a_rectangle_ends_with_it(counted: MainWindow, qtbot: QtBot) -> None:
    viewport = counted.canvas.viewport()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_F)
    start, end = counted.canvas.mapFromScene(60, 50), counted.canvas.mapFromScene(300, 240)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert counted.workspace.images.items[0].region is not None
    assert said(counted) == []


def test_hidden_boxes_and_classes_are_said_and_a_click_shows_them(counted: MainWindow, qtbot: QtBot) -> None:
    shown = counted.canvas.boxes.shown_count
    qtbot.keyClick(counted.canvas, Qt.Key.Key_H)
    assert said(counted) == ["Boxes hidden · H"]
    [button] = [button for button in counted.presenter.stage.chips.findChildren(QPushButton) if button.isVisible()]
    assert button.accessibleName() == "Boxes hidden · H"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert said(counted) == []
    assert counted.canvas.boxes.shown_count == shown
    counted.options.hide_classes(["RBC"])
    assert said(counted) == ["RBC hidden"]
    assert counted.canvas.boxes.shown_count < shown


def test_the_bare_image_is_seen_as_long_as_the_key_is_held(counted: MainWindow, qtbot: QtBot) -> None:
    canvas, shown = counted.canvas, counted.canvas.boxes.shown_count
    qtbot.keyPress(canvas, Qt.Key.Key_B)
    assert canvas.boxes.shown_count == 0
    assert said(counted) == ["Bare image"]
    qtbot.keyRelease(canvas, Qt.Key.Key_B)
    assert canvas.boxes.shown_count == shown
    assert said(counted) == []
    counted.actions_["peek"].trigger()
    assert canvas.boxes.shown_count == 0
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert counted.options.peek is Peek.NOTHING


def test_the_count_before_corrections_is_seen_for_a_moment(counted: MainWindow, qtbot: QtBot) -> None:
    canvas, editing = counted.canvas, counted.workspace.editing
    boxes = canvas.boxes
    first, second = boxes.shown_ids()[:2]
    before = boxes.shown_count
    editing.remove_cells([first, second])
    editing.add_cell("WBC", (5, 5, 60, 60))
    assert boxes.shown_count == before - 1
    qtbot.keyPress(canvas, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert boxes.shown_count == before
    assert {first, second} <= set(boxes.shown_ids())
    assert said(counted) == ["Before corrections"]
    qtbot.keyRelease(canvas, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert boxes.shown_count == before - 1


def test_a_ruler_says_how_long_a_drag_is(counted: MainWindow, qtbot: QtBot) -> None:
    canvas, viewport = counted.canvas, counted.canvas.viewport()
    qtbot.keyClick(canvas, Qt.Key.Key_M)
    start, end = canvas.mapFromScene(100, 100), canvas.mapFromScene(200, 100)
    counts = counted.workspace.counts.current_result()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert canvas.ruler.line is not None
    assert canvas.ruler.line.length() == pytest.approx(100, abs=2)
    assert canvas.ruler.text.endswith("px")
    assert counted.workspace.counts.current_result() is counts
    counted.workspace.estimates.set_input("micrometres_per_pixel", 0.1)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    assert canvas.ruler.text in {"9.9 µm", "10.0 µm", "10.1 µm"}
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.ruler.line is None


def test_the_scale_bar_is_of_a_round_length_in_the_unit_that_is_known(counted: MainWindow) -> None:
    bar = counted.presenter.stage.scale_bar
    counted.canvas.zoom_to(1)
    assert bar.text == "100 px"
    counted.canvas.zoom_to(4)
    assert bar.text == "20 px"
    counted.workspace.estimates.set_input("micrometres_per_pixel", 0.1)
    assert bar.text == "2 µm"


def test_the_overview_is_there_when_zoomed_in_and_leads_elsewhere(counted: MainWindow, qtbot: QtBot) -> None:
    canvas, overview = counted.canvas, counted.presenter.stage.overview
    assert not overview.isVisible()
    canvas.zoom_to(6)
    assert overview.isVisible()
    qtbot.mouseClick(overview, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert canvas.visible_area().contains(5, 5)
    canvas.fit()
    assert not overview.isVisible()


# -- the display -------------------------------------------------------------------------------------


def middle(window: MainWindow) -> np.ndarray:
    """Return the mean colour of the middle of the canvas."""
    image = window.canvas.viewport().grab().toImage().convertToFormat(window.grab().toImage().Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    pixels = rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3)
    height, width = pixels.shape[:2]
    return pixels[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3].reshape(-1, 3).mean(axis=0)


def test_the_display_changes_what_is_seen_and_never_what_is_counted(
    counted: MainWindow, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    options, panel = counted.options, counted.presenter.stage.adjust
    workspace = counted.workspace
    assert workspace.inference.shown is not None
    pixels = workspace.inference.shown.image.pixels.copy()
    image = workspace.images.items[0].id
    counts, seen, rect = workspace.counts.counts(image), middle(counted), counted.canvas.rect()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_J)
    assert panel.isVisible()
    assert counted.canvas.rect() == rect
    panel.sliders["brightness"].setValue(-40)
    panel.sliders["gamma"].setValue(30)
    panel.sliders["warmth"].setValue(80)
    darker = middle(counted)
    assert darker.mean() < seen.mean() - 10
    assert darker[0] - darker[2] > seen[0] - seen[2]
    assert said(counted) == []
    qtbot.mouseClick(panel.close_button, Qt.MouseButton.LeftButton)
    assert said(counted) == ["View adjusted · J"]
    workspace.inference.count([image])
    wait_counted(counted)
    assert workspace.counts.counts(image) == counts
    assert workspace.inference.shown is not None
    assert np.array_equal(workspace.inference.shown.image.pixels, pixels)
    qtbot.mouseClick(panel.reset_button, Qt.MouseButton.LeftButton)
    assert middle(counted) == pytest.approx(seen, abs=0.5)
    assert options.display.table() is None


def test_the_display_is_kept_with_the_session(counted: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    panel, workspace = counted.presenter.stage.adjust, counted.workspace
    panel.sliders["contrast"].setValue(25)
    path = workspace.store.path
    assert path is not None
    workspace.store.close()
    assert counted.options.display.table() is None, "another sample begins as it is in the file"
    assert workspace.store.open(path)
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    assert counted.options.display.contrast == 0.25
    assert panel.sliders["contrast"].value() == 25


def test_the_empty_field_is_shown_without_its_cast(counted: MainWindow, qtbot: QtBot) -> None:
    pixels = counted.canvas.photograph.pixels
    assert pixels is not None
    qtbot.keyClick(counted.canvas, Qt.Key.Key_J)
    qtbot.mouseClick(counted.presenter.stage.adjust.auto_button, Qt.MouseButton.LeftButton)
    table = counted.options.display.table()
    ground = np.quantile(pixels.reshape(-1, 3), 0.9, axis=0).astype(int)
    assert table is not None
    shown = [int(table[value, channel]) for channel, value in enumerate(ground)]
    assert max(shown) - min(shown) <= 3


def test_escape_or_another_sample_closes_what_changes_the_display(counted: MainWindow, qtbot: QtBot) -> None:
    options = counted.options
    for slider in (None, "brightness"):
        options.show_adjusting(True)
        target = counted.canvas if slider is None else counted.presenter.stage.adjust.sliders[slider]
        target.setFocus()
        qtbot.keyClick(target, Qt.Key.Key_Escape)
        assert not options.adjusting
    options.show_adjusting(True)
    counted.workspace.opening.open_demo()
    assert not options.adjusting
    assert counted.presenter.stage.adjust.isHidden()


def test_a_click_where_nothing_was_counted_tells_once_how_to_add(counted: MainWindow, qtbot: QtBot) -> None:
    boxes = [counted.canvas.boxes.rect_of(number) for number in counted.canvas.boxes.shown_ids()]
    free = next(
        QPointF(x, y)
        for y in range(5, 300, 5)
        for x in range(5, 400, 5)
        if not any(box is not None and box.adjusted(-9, -9, 9, 9).contains(x, y) for box in boxes)
    )
    counted.toast.leave()
    place = counted.canvas.mapFromScene(free)
    qtbot.mouseClick(counted.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert "choose Add" in counted.toast.text
    counted.toast.leave()
    qtbot.mouseClick(counted.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert counted.toast.text == ""
