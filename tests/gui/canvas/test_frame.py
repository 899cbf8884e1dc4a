"""The counting rule and the region of an image, through the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from core.counting.frame import EdgeRule
from core.exchange.export_items import counted_cells
from core.exchange.kind_classes import KindClasses
from core.imaging.reading import read_image
from core.session.session import Session
from gui.commands.context import Dialog
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.dialogs.counting_settings.rule import RuleCard
    from gui.shell.window import MainWindow


@pytest.fixture
def counted(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> MainWindow:
    paths = [make_smear("a.png", red_cells=20)[0], make_smear("b.png", seed=3, red_cells=20)[0]]
    window.workspace.opening.open(paths)
    wait_counted(window)
    window.canvas.setFocus()
    return window


def counts(window: MainWindow) -> dict[str, int]:
    return {name: int(card.count.text()) for name, card in window.panel.classes.cards.items()}


def at(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.mapFromScene(x, y)


def drag(qtbot: QtBot, window: MainWindow, start: QPoint, end: QPoint) -> None:
    viewport = window.canvas.viewport()
    qtbot.mouseMove(viewport, start)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, (start + end) / 2)
    qtbot.mouseMove(viewport, end)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)


def rule_card(window: MainWindow) -> RuleCard:
    """Open the counting settings; return the part with the counting rule."""
    window.open_dialog(Dialog.COUNTING_SETTINGS)
    assert window.dialogs.counting is not None
    return window.dialogs.counting.rule


def choose_rule(window: MainWindow, rule: EdgeRule) -> None:
    """Choose a rule in the counting settings as a user does, and go back to the image."""
    card = rule_card(window)
    place = card.rule.findData(rule)
    card.rule.setCurrentIndex(place)
    card.rule.activated.emit(place)
    card.window().close()


def middle_inside(window: MainWindow, x1: float, y1: float, x2: float, y2: float) -> int:
    """Count the red cells of the current image whose middle lies in a rectangle, from the boxes alone."""
    workspace = window.workspace
    cells = workspace.counts.current_cells()
    assert cells is not None
    assert workspace.settings.value is not None
    standing = cells.cells.scores >= workspace.settings.value.thresholds["RBC"]
    boxes = cells.cells.boxes[standing & (cells.cells.labels == workspace.settings.classes.index("RBC"))]
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    return int(((x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)).sum())


@pytest.mark.slow
def test_a_two_sided_rule_leaves_out_what_touches_and_shows_it(counted: MainWindow, qtbot: QtBot) -> None:
    workspace, canvas = counted.workspace, counted.canvas
    before = counts(counted)
    assert canvas.frame.frame is None
    choose_rule(counted, EdgeRule.TOP_LEFT)
    after = counts(counted)
    assert after["RBC"] < before["RBC"]
    assert canvas.frame.left_out_count == sum(before.values()) - sum(after.values())
    assert canvas.boxes.shown_count == sum(after.values())
    cells = workspace.counts.current_cells()
    assert cells is not None
    result = workspace.counts.result(workspace.images.items[0].id)
    assert result is not None
    x1, y1, x2, y2 = cells.cells.boxes[np.flatnonzero(result.excluded)[0]].tolist()
    assert "not counted" in canvas.frame.text_at(canvas.mapToScene(at(counted, (x1 + x2) / 2, (y1 + y2) / 2)))
    assert "15 %" in rule_card(counted).hint.text()
    assert "15 %" in rule_card(counted).rule.toolTip()
    qtbot.waitUntil(lambda: all(workspace.counts.index(item.id) is not None for item in workspace.images.items))
    others = workspace.counts.result(workspace.images.items[1].id)
    assert others is not None
    assert others.excluded.any()
    choose_rule(counted, EdgeRule.ALL)
    assert counts(counted) == before
    assert canvas.frame.frame is None


def test_the_rule_is_in_the_session_and_its_history(counted: MainWindow, tmp_path: Path) -> None:
    choose_rule(counted, EdgeRule.BOTTOM_RIGHT)
    workspace = counted.workspace
    expected = counts(counted)
    assert any("bottom or right" in row.text for row in workspace.history.lines())
    assert workspace.store.session is not None
    workspace.store.session.copy_to(tmp_path / "copy.smearcount")
    workspace.store.close()
    with Session.open(tmp_path / "copy.smearcount") as copy:
        stored = copy.settings.counting()
        assert stored is not None
        assert stored[0].edge_rule is EdgeRule.BOTTOM_RIGHT
    assert workspace.store.open(tmp_path / "copy.smearcount")
    assert counts(counted) == expected
    assert rule_card(counted).rule.currentData() == EdgeRule.BOTTOM_RIGHT


@pytest.mark.slow
def test_another_model_keeps_the_rule(
    counted: MainWindow, model_path: Path, tmp_path: Path, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    choose_rule(counted, EdgeRule.TOP_RIGHT)
    expected = counts(counted)
    import onnx

    other = onnx.load(model_path)
    other.doc_string = "the same, under another hash"
    onnx.save(other, tmp_path / "other.onnx")
    with qtbot.waitSignal(counted.workspace.inference.model_changed, timeout=60_000):
        counted.workspace.inference.open_model(tmp_path / "other.onnx")
    wait_counted(counted)
    assert counted.workspace.settings.edge_rule is EdgeRule.TOP_RIGHT
    assert counts(counted) == expected


def test_a_rectangle_is_drawn_kept_and_taken_off(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    before = counts(counted)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_F)
    assert counted.tools.tool is ToolName.RECTANGLE
    drag(qtbot, counted, at(counted, 60, 50), at(counted, 300, 240))
    assert counted.tools.tool is ToolName.SELECT
    workspace = counted.workspace
    region = workspace.images.items[0].region
    assert region is not None
    x1, y1, x2, y2 = region.bounds
    assert (x1, y1, x2, y2) == pytest.approx((60, 50, 300, 240), abs=2)
    inside = counts(counted)
    assert inside["RBC"] == middle_inside(counted, x1, y1, x2, y2) < before["RBC"]
    assert counted.canvas.frame.left_out_count == sum(before.values()) - sum(inside.values())
    assert any("rectangle" in row.text for row in workspace.history.lines())
    assert workspace.images.items[1].region is None
    assert workspace.store.session is not None
    workspace.store.session.copy_to(tmp_path / "copy.smearcount")
    workspace.store.close()
    assert workspace.store.open(tmp_path / "copy.smearcount")
    assert counts(counted) == inside
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    assert counted.canvas.frame.frame is not None
    counted.actions_["region_remove"].trigger()
    assert counts(counted) == before
    assert counted.canvas.frame.frame is None


def test_a_bow_tie_is_refused_in_one_sentence(counted: MainWindow, qtbot: QtBot) -> None:
    viewport = counted.canvas.viewport()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_P)
    for corner in ((100, 40), (300, 240), (300, 40), (100, 240)):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at(counted, *corner))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Return)
    assert counted.notice.label.text() == "A region's outline must not cross itself; draw it again."


def test_a_polygon_is_closed_by_a_double_click_or_enter(counted: MainWindow, qtbot: QtBot) -> None:
    viewport = counted.canvas.viewport()
    item = counted.workspace.images.items[0]
    corners = [at(counted, *corner) for corner in ((100, 40), (360, 160), (100, 280))]
    qtbot.keyClick(counted.canvas, Qt.Key.Key_P)
    for corner in corners[:2]:
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=corner)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Return)
    assert item.region is None  # two corners enclose nothing
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at(counted, 380, 300))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Backspace)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=corners[2])
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Return)
    region = item.region
    assert region is not None
    assert np.array(region.corners) == pytest.approx(np.array([(100, 40), (360, 160), (100, 280)]), abs=2)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_P)
    more = [at(counted, *corner) for corner in ((30, 30), (390, 30), (390, 290), (30, 290))]
    for corner in more:
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=corner)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=more[-1])
    region = item.region
    assert region is not None
    assert region.is_rectangle
    assert counted.tools.tool is ToolName.SELECT


def test_escape_leaves_a_polygon_and_crossing_lines_are_refused(counted: MainWindow, qtbot: QtBot) -> None:
    viewport = counted.canvas.viewport()
    item = counted.workspace.images.items[0]
    qtbot.keyClick(counted.canvas, Qt.Key.Key_P)
    for corner in ((40, 40), (200, 40), (200, 200)):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at(counted, *corner))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert counted.tools.tool is ToolName.SELECT
    assert counted.tools.region[ToolName.POLYGON].corners == ()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_P)
    for corner in ((40, 40), (200, 200), (200, 40), (60, 260)):
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at(counted, *corner))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Return)
    assert item.region is None
    assert "cross" in counted.notice.label.text()


def test_a_frame_inside_the_border_of_all_pictures(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    choose_rule(counted, EdgeRule.TOP_LEFT)
    card = rule_card(counted)
    assert card.hint.isVisible()
    counted.actions_["inset_all"].trigger()
    qtbot.waitUntil(lambda: all(workspace.counts.index(item.id) is not None for item in workspace.images.items))
    for item in workspace.images.items:
        region, cells = item.region, workspace.counts.cells(item.id)
        assert region is not None
        assert cells is not None
        margin = round(cells.found.diameter)
        assert region.bounds == (margin, margin, item.size[0] - margin, item.size[1] - margin)
    assert not card.hint.isVisible()
    card.window().close()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: counted.canvas.frame.frame is not None)


def test_a_rectangle_goes_to_all_pictures(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    workspace.regions.draw([(40, 40), (300, 40), (300, 250), (40, 250)])
    counted.actions_["region_all"].trigger()
    assert workspace.store.session is not None
    stored = [workspace.store.session.images.get(item.id).region for item in workspace.images.items]
    assert stored[0] == stored[1] == workspace.images.items[0].region
    counted.actions_["region_remove_all"].trigger()
    assert not workspace.images.any_region


def test_gallery_doubts_and_exports_follow_the_frame(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace = counted.workspace
    item = workspace.images.items[0]
    workspace.regions.draw([(60, 50), (300, 50), (300, 240), (60, 240)])
    expected = counts(counted)
    counted.actions_["cells_view"].trigger()
    counted.gallery.set_all(False)

    def tiles() -> dict[str, int]:
        return {name: len(section.view.tiles) for name, section in counted.gallery.sections.items()}

    qtbot.waitUntil(lambda: tiles() == expected)
    cells, result = workspace.counts.current_cells(), workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    exported = item.path.name, item.size, cells.cells, result, KindClasses(workspace.settings.classes), {}
    boxes, every = counted_cells(*exported), counted_cells(*exported, excluded=True)
    assert len(boxes.names) == sum(expected.values()) < len(every.names)
    for name in workspace.settings.classes:
        workspace.settings.set_threshold(name, 0.5)
    counted.actions_["doubts"].trigger()
    for number in counted.uncertain.remaining():
        cell = workspace.editing.cell(number)
        assert cell is not None
        assert 60 <= (cell.box[0] + cell.box[2]) / 2 <= 300
    assert workspace.saving.save_table(tmp_path / "table.csv")
    assert "Cells in the rectangle from (60, 50) to (300, 240) count." in (tmp_path / "table.csv").read_text(
        "utf-8-sig"
    )
    assert workspace.saving.save_image(tmp_path / "picture.png", counted.preferences.palette)
    drawn = read_image(tmp_path / "picture.png").pixels
    assert tuple(drawn[50, 200]) == (0, 150, 90)
