"""Counting by hand, the field's light, the intervals and the estimates, through the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from core.annotations.base import AnnotatedImage
from core.counting.estimates import Span
from core.counting.frame import EdgeRule
from core.counting.quality import Grade
from core.imaging.synthetic import SmearStyle, render_smear
from core.report.formats.annotated import write_picture
from core.report.gather import gather
from core.statistics.intervals import poisson_interval
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from gui.commands.context import View
from gui.workspace.selection import ToolName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow


@pytest.fixture
def counted(
    window: MainWindow, make_smear: Callable[..., tuple[Path, dict[str, int]]], wait_counted: Callable[..., None]
) -> MainWindow:
    window.workspace.opening.open([make_smear("a.png")[0], make_smear("b.png", seed=4)[0]])
    wait_counted(window)
    window.canvas.setFocus()
    return window


def at(window: MainWindow, x: float, y: float) -> QPoint:
    return window.canvas.mapFromScene(x, y)


def click(
    qtbot: QtBot, window: MainWindow, x: float, y: float, button: Qt.MouseButton = Qt.MouseButton.LeftButton
) -> None:
    qtbot.mouseMove(window.canvas.viewport(), at(window, x, y))
    qtbot.mouseClick(window.canvas.viewport(), button, pos=at(window, x, y))


def shown(window: MainWindow) -> dict[str, str]:
    return {name: row.count.text() for name, row in window.tally_panel.rows.items()}


def stored(window: MainWindow, place: int = 0) -> GroundTruth:
    """Return the ground truth of an image as the session file has it."""
    assert window.workspace.store.session is not None
    truth = window.workspace.store.session.truths.get(window.workspace.images.items[place].id)
    assert truth is not None
    return truth


def press_all(qtbot: QtBot, window: MainWindow, places: Sequence[tuple[float, float]]) -> None:
    for x, y in places:
        click(qtbot, window, x, y)


def test_clicks_and_keys_count_and_each_mark_is_kept(counted: MainWindow, qtbot: QtBot) -> None:
    before = {name: card.count.text() for name, card in counted.panel.classes.cards.items()}
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    assert counted.workspace.tally.active
    assert counted.side.currentWidget() is counted.tally_panel
    press_all(qtbot, counted, [(60, 60), (150, 60), (60, 150)])
    assert shown(counted) == {"RBC": "3", "WBC": "–", "Platelets": "–"}
    assert stored(counted).counts() == {"RBC": 3}
    qtbot.mouseMove(counted.canvas.viewport(), at(counted, 250, 200))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_2)  # marks the cell under the pointer, and arms its class
    click(qtbot, counted, 300, 250)
    assert shown(counted) == {"RBC": "3", "WBC": "2", "Platelets": "–"}
    truth = stored(counted)
    assert (truth.kind, truth.source, truth.blind) == (TruthKind.POINTS, TruthSource.TALLY, True)
    assert truth.points == pytest.approx(np.array([(60, 60), (150, 60), (60, 150), (250, 200), (300, 250)]), abs=2)
    assert counted.canvas.tally.shown_count == 5
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert counted.tools.tool is ToolName.SELECT
    assert counted.side.currentWidget() is counted.panel
    assert {name: card.count.text() for name, card in counted.panel.classes.cards.items()} == before
    assert any(
        "Counted by hand with the boxes hidden: RBC 3, WBC 2" in row.text for row in counted.workspace.history.lines()
    )
    assert counted.canvas.ground_truth.missed_count == 0, "only on request"
    counted.actions_["ground_truth"].trigger()
    truth, boxes = counted.canvas.ground_truth, counted.canvas.boxes
    unseen = sum(not boxes.cells_at(QPointF(*place)) for place in stored(counted).points.tolist())
    assert truth.missed_count >= unseen
    assert truth.wrong_count > 0
    assert any("missed" in text for text in counted.presenter.stage.chips.texts)


def test_marks_are_taken_away_undone_and_redone(counted: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    press_all(qtbot, counted, [(60, 60), (150, 60), (60, 150)])
    click(qtbot, counted, 150, 60)  # a mark is not doubled
    viewport = counted.canvas.viewport()
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=at(counted, 60, 60))
    assert shown(counted)["RBC"] == "3"
    click(qtbot, counted, 150, 60, Qt.MouseButton.RightButton)
    assert shown(counted)["RBC"] == "2"
    qtbot.mouseMove(viewport, at(counted, 60, 150))
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Delete)
    assert shown(counted)["RBC"] == "1"
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, control)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, control)
    assert shown(counted)["RBC"] == "3"
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, control | shift)
    assert shown(counted)["RBC"] == "2" == str(stored(counted).counts()["RBC"])
    assert counted.workspace.history.undo_text == "Remove mark RBC"
    while counted.workspace.history.can_undo:
        qtbot.keyClick(counted.canvas, Qt.Key.Key_Z, control)
    assert shown(counted)["RBC"] == "–"
    assert not counted.actions_["undo"].isEnabled()


def test_a_tally_survives_a_reopening_and_goes_on(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace = counted.workspace
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    press_all(qtbot, counted, [(60, 60), (150, 60)])
    assert workspace.store.session is not None
    workspace.store.session.copy_to(tmp_path / "killed.smearcount")  # as it is on the disk in the middle of it
    workspace.store.close()
    assert not workspace.tally.active
    assert workspace.store.open(tmp_path / "killed.smearcount")
    qtbot.waitUntil(lambda: workspace.inference.shown is not None)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    assert shown(counted)["RBC"] == "2"
    click(qtbot, counted, 200, 200)
    assert shown(counted)["RBC"] == "3"
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    assert not workspace.tally.active
    assert stored(counted).counts() == {"RBC": 3}


def test_the_target_is_announced_over_all_pictures(counted: MainWindow, qtbot: QtBot) -> None:
    panel = counted.tally_panel
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    panel.with_target.click()
    panel.target.setValue(3)
    assert panel.target_class.currentText() == "White cells"
    qtbot.mouseClick(panel.rows["WBC"], Qt.MouseButton.LeftButton)
    press_all(qtbot, counted, [(60, 60), (150, 60)])
    assert not panel.reached.isVisibleTo(panel)
    qtbot.keyClick(counted.canvas, Qt.Key.Key_PageDown)
    qtbot.waitUntil(lambda: counted.workspace.inference.shown is not None)
    assert counted.workspace.tally.active
    assert panel.rows["WBC"].everywhere.text() == "2 in all images"
    with qtbot.waitSignal(counted.workspace.tally.reached):
        click(qtbot, counted, 100, 100)
    assert panel.reached.isVisibleTo(panel)
    assert "3 WBC" in counted.notice.label.text()
    assert counted.notice.isVisibleTo(counted)


def test_blind_hides_what_the_model_found(counted: MainWindow, qtbot: QtBot) -> None:
    panel, boxes = counted.tally_panel, counted.canvas.boxes
    summary = counted.image_list.model.summary
    counted.actions_["cells_view"].trigger()
    assert boxes.shown_count
    counted.workspace.settings.set_edge_rule(EdgeRule.TOP_LEFT)
    assert counted.canvas.frame.left_out_count
    counted.actions_["tally"].trigger()
    assert panel.blind.isChecked()
    assert boxes.shown_count == counted.canvas.frame.left_out_count == 0
    assert not counted.panel.isVisible()
    assert not counted.gallery.isVisible()
    assert not counted.actions_["cells_view"].isEnabled()
    assert not counted.actions_["results_view"].isEnabled()
    assert summary(counted.workspace.images.items[0]) == ["counted"]
    click(qtbot, counted, 200, 150)
    assert stored(counted).blind
    qtbot.keyClick(counted.canvas, Qt.Key.Key_Escape)
    assert boxes.shown_count
    assert summary(counted.workspace.images.items[0]) != ["counted"]
    assert counted.actions_["cells_view"].isEnabled()
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    assert stored(counted).blind
    click(qtbot, counted, 300, 150)  # gone on with after the boxes were seen
    assert not stored(counted).blind
    assert panel.not_blind.isVisibleTo(panel)


def test_a_count_stays_blind_from_image_to_image_but_not_once_boxes_are_shown(
    counted: MainWindow, qtbot: QtBot
) -> None:
    panel = counted.tally_panel
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    click(qtbot, counted, 200, 150)
    for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
        qtbot.keyClick(counted.canvas, key)
        qtbot.waitUntil(lambda: counted.workspace.inference.shown is not None)
    click(qtbot, counted, 300, 150)
    assert stored(counted).blind
    panel.blind.click()
    assert not stored(counted).blind
    panel.blind.click()
    click(qtbot, counted, 100, 150)
    assert not stored(counted).blind, "once it was seen, it stays so"


def test_a_click_on_what_is_said_of_the_count_is_one_on_the_image(counted: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    said = counted.presenter.stage.chips.area.center()
    hand = counted.canvas.childAt(said)
    assert hand is counted.canvas.viewport(), "nothing lies between the pointer and the image"
    qtbot.mouseClick(hand, Qt.MouseButton.LeftButton, pos=said)
    assert counted.workspace.tally.hides_counts


def test_a_class_without_marks_is_unknown_until_it_was_looked_for(counted: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    click(qtbot, counted, 200, 150)
    assert stored(counted).classes == ("RBC",)
    counted.tally_panel.rows["WBC"].none_here.click()
    assert stored(counted).counts() == {"RBC": 1, "WBC": 0}
    assert shown(counted)["WBC"] == "0"


def test_another_tool_ends_the_tally_and_a_drag_moves_the_picture(counted: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    counted.canvas.zoom_to(4)
    before = counted.canvas.visible_area().center()
    viewport = counted.canvas.viewport()
    start = viewport.rect().center()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(viewport, start + QPoint(30, 30))
    qtbot.mouseMove(viewport, start + QPoint(80, 60))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start + QPoint(80, 60))
    assert counted.canvas.visible_area().center() != before
    assert counted.canvas.tally.shown_count == 0
    qtbot.keyClick(counted.canvas, Qt.Key.Key_A)
    assert counted.tools.tool is ToolName.ADD
    assert not counted.workspace.tally.active
    assert counted.workspace.truths.used(counted.workspace.images.items[0].id) is None


def test_marks_in_the_middle_of_counted_cells_agree_with_the_frame(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    workspace.settings.set_edge_rule(EdgeRule.TOP_LEFT)
    workspace.regions.draw([(70, 70), (350, 70), (350, 250), (70, 250)])
    qtbot.keyClick(counted.canvas, Qt.Key.Key_T)
    cells, result = workspace.counts.current_cells(), workspace.counts.result(workspace.images.items[0].id)
    assert cells is not None
    assert result is not None
    for place in np.flatnonzero(result.counted | result.excluded):
        x1, y1, x2, y2 = cells.cells.boxes[place].tolist()
        workspace.tally.put(workspace.settings.classes[cells.cells.labels[place]], (x1 + x2) / 2, (y1 + y2) / 2)
    assert {name: workspace.tally.count(name) for name in workspace.settings.classes} == result.counts
    assert workspace.tally.outside == result.excluded.sum()


def test_the_light_says_why_a_field_is_bad(
    window: MainWindow, tmp_path: Path, wait_counted: Callable[..., None], qtbot: QtBot
) -> None:
    light = window.panel.field_note
    assert light.light is None
    for name, blur in (("sharp.png", 0.015), ("blurred.png", 0.12)):
        smear = render_smear(
            560, 420, red_cells=26, diameter=64, style=SmearStyle(blur=blur), rng=np.random.default_rng(2)
        )
        write_picture(smear.image, tmp_path / name)
    window.workspace.opening.open([tmp_path / "sharp.png", tmp_path / "blurred.png"])
    wait_counted(window)
    qtbot.waitUntil(lambda: light.light is not None)
    assert "focus" not in light.reason.text()
    window.workspace.images.set_current(window.workspace.images.items[1].id)
    qtbot.waitUntil(lambda: light.light is Grade.POOR)
    assert "Poor quality" in light.text.text()
    assert "Out of focus" in light.reason.text()
    tip = window.image_list.model.data(window.image_list.model.index(1), Qt.ItemDataRole.ToolTipRole)
    assert "Out of focus" in tip


def test_the_wheel_changes_no_counting_setting(counted: MainWindow, qtbot: QtBot) -> None:
    counted.actions_["counting_settings"].trigger()
    page, before = counted.dialogs.counting, counted.workspace.settings.value
    assert page is not None
    for box in (page.rule.rule, page.thresholds.rows["RBC"].number, page.thresholds.rows["RBC"].slider):
        place = QPointF(box.rect().center())
        down, no_button = QPoint(0, -120), Qt.MouseButton.NoButton
        begin, no_key = Qt.ScrollPhase.NoScrollPhase, Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(place, box.mapToGlobal(place), QPoint(), down, no_button, no_key, begin, False)
        QApplication.sendEvent(box, event)
    assert page.rule.rule.currentIndex() == 0
    assert counted.workspace.settings.value == before


def test_a_tally_that_is_cleared_elsewhere_is_empty_at_once(counted: MainWindow, qtbot: QtBot) -> None:
    counted.actions_["tally"].trigger()
    click(qtbot, counted, 30, 30)
    click(qtbot, counted, 60, 60)
    tally, workspace = counted.workspace.tally, counted.workspace
    assert len(tally.truth) == 2
    workspace.truths.clear(workspace.images.items[0].id, TruthSource.TALLY)
    assert len(tally.truth) == 0
    counted.actions_["tally"].trigger()
    assert workspace.truths.used(workspace.images.items[0].id) is None


def test_clearing_a_tally_can_be_undone_while_it_is_open(counted: MainWindow, qtbot: QtBot) -> None:
    counted.actions_["tally"].trigger()
    click(qtbot, counted, 30, 30)
    click(qtbot, counted, 60, 60)
    tally, workspace = counted.workspace.tally, counted.workspace
    assert workspace.truths.clear_used([workspace.images.items[0].id]) == 1
    assert len(tally.truth) == 0
    assert counted.actions_["undo"].text() == "&Undo clear manual count, boxes hidden (2 cells)"
    counted.actions_["undo"].trigger()
    assert len(tally.truth) == 2
    counted.actions_["tally"].trigger()
    truth = workspace.truths.used(workspace.images.items[0].id)
    assert truth is not None
    assert len(truth) == 2


def test_a_tally_says_that_the_check_no_longer_uses_what_was_imported(counted: MainWindow, qtbot: QtBot) -> None:
    workspace = counted.workspace
    image = workspace.images.items[0].id
    boxes = AnnotatedImage("a.png", *workspace.images.items[0].size, np.array([[1, 1, 30, 30]], np.float32), ("RBC",))
    workspace.truths.set(image, GroundTruth.imported(boxes, workspace.settings.classes), "Import")
    counted.actions_["tally"].trigger()
    click(qtbot, counted, 60, 60)
    counted.actions_["tally"].trigger()
    assert "compares with your manual count, not with the imported boxes" in counted.toast.text


def test_a_blind_tally_hides_the_check_window_too(counted: MainWindow, qtbot: QtBot) -> None:
    counted.dialogs.show_verify()
    assert counted.dialogs.verify is not None
    counted.actions_["tally"].trigger()
    assert not counted.dialogs.verify.isVisible()
    assert not counted.actions_["verify"].isEnabled()
    counted.actions_["tally"].trigger()
    qtbot.waitUntil(counted.dialogs.verify.isVisible)
    assert counted.actions_["verify"].isEnabled()


def test_intervals_stand_beside_the_counts(counted: MainWindow) -> None:
    for card in counted.panel.classes.cards.values():
        low, high = poisson_interval(int(card.count.text()))
        assert card.interval.text() == f"({low:.0f}–{high:.0f})"
        assert "more for ±5 %" in card.interval.toolTip()


def test_estimates_need_their_inputs_and_keep_them(counted: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    workspace, page = counted.workspace, counted.results.panel.estimates

    def figures() -> dict[str, str]:
        """What the page shows of the sample."""
        qtbot.waitUntil(lambda: workspace.counts.totals is not None)
        page.refresh()
        return {line[0]: " ".join(line[1:3]) for line in page.model.lines()[1:]}

    def value(what: str) -> float:
        """The figure itself; the page rounds it as its interval asks for."""
        assert what in figures()
        found = next(one.value for one in workspace.estimates.figures(everywhere=True) if one.what == what)
        assert found is not None
        return found

    counted.show_view(View.RESULTS)
    counted.results.panel.show_page(2)
    qtbot.waitUntil(page.isVisible)
    counts = {name: int(card.sample.text()) for name, card in counted.panel.classes.cards.items()}
    assert list(figures()) == ["White cells per 1,000 red cells", "Platelets per red cell"]
    assert value("White cells per 1,000 red cells") == pytest.approx(1000 * counts["WBC"] / counts["RBC"])
    for name, text in (("analyser_rbc", "5"), ("field_factor", "15"), ("micrometres_per_pixel", "0.125")):
        box = page.inputs[name]
        box.setFocus()
        qtbot.keyClicks(box, text)
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert value("Platelets by ratio") == pytest.approx(5000 * counts["Platelets"] / counts["RBC"])
    assert value("Platelets by field") == pytest.approx(15 * counts["Platelets"] / len(workspace.images.items))
    assert figures()["Platelets by field against by ratio"].endswith("% of the mean of both")
    here = {one.what: one.value for one in workspace.estimates.figures(everywhere=False)}
    assert 6 <= (here["RBC diameter, median"] or 0) < 8  # 56 pixels of 0.125 µm
    assert "RBC per mm²" in figures()
    assert "RBC diameter, median" not in figures()
    workspace.store.flush()
    assert workspace.store.session is not None
    everywhere = [one for one in gather(workspace.store.session).figures if one.span is Span.INTERVAL]
    assert workspace.estimates.figures(everywhere=True) == everywhere
    workspace.store.session.copy_to(tmp_path / "copy.smearcount")
    assert any("analyser's red cells (10¹²/L) 5" in row.text for row in workspace.history.lines())
    workspace.store.close()
    assert page.inputs["field_factor"].text() == ""
    assert workspace.store.open(tmp_path / "copy.smearcount")
    assert page.inputs["field_factor"].text() == "15"
    page.inputs["field_factor"].selectAll()
    qtbot.keyClick(page.inputs["field_factor"], Qt.Key.Key_Delete)
    assert workspace.estimates.inputs.field_factor is None
