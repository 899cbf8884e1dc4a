"""The window that checks the counts, as a person uses it: rendered smears, real clicks and keys."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import onnx
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QFileDialog

from core.annotations.base import AnnotatedImage
from core.models.card import CARD_KEY, ModelCard
from core.statistics.metrics import score_image
from core.verification.charts import ChartKind
from core.verification.errors import Place, Verdict
from core.verification.ground_truth import GroundTruth, TruthKind, TruthSource
from core.verification.request import VerificationScope
from core.verification.sweep import threshold_steps
from gui.preferences import Theme
from gui.verify.sweep_table import COLUMNS
from gui.widgets.numbers import NumberBox
from gui.widgets.theme import apply_theme
from gui.widgets.wheel_safe import QuietComboBox, QuietSlider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QAbstractItemView, QWidget
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow
    from gui.verify.window import VerifyWindow
    from gui.workspace.images import ImageItem

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]
    Counted = Callable[[int], MainWindow]

HEADINGS = [column.heading for column in COLUMNS]
TP, FP, FN = (HEADINGS.index(name) for name in ("TP", "FP", "FN"))


@pytest.fixture
def counted(window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[..., None]) -> Counted:
    """Return a function that opens and counts some smears."""

    def count(pictures: int) -> MainWindow:
        window.workspace.opening.open([make_smear(f"{place:02}.png", seed=place)[0] for place in range(pictures)])
        wait_counted(window)
        return window

    return count


def opened(qtbot: QtBot, window: MainWindow) -> VerifyWindow:
    """Open the page with its key, and wait for its figures."""
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.dialogs.verify is not None
    settled(qtbot, window.dialogs.verify)
    return window.dialogs.verify


def settled(qtbot: QtBot, page: VerifyWindow) -> None:
    qtbot.waitUntil(lambda: not page.verifier.busy and page.verifier.answer is not None, timeout=30_000)


def truth_from_count(window: MainWindow, item: ImageItem, *, without: int = 0, extra: int = 0) -> GroundTruth:
    """Return the count of an image as boxes of a file, less some red cells, and with some that are not there."""
    workspace = window.workspace
    cells, result = workspace.counts.cells(item.id), workspace.counts.result(item.id)
    assert cells is not None
    assert result is not None
    places = np.flatnonzero(result.counted)
    names = [workspace.settings.classes[label] for label in cells.cells.labels[places]]
    red = [place for place, name in enumerate(names) if name == "RBC"]
    kept = [place for place in range(len(names)) if place not in red[:without]]
    boxes = np.concatenate(
        [cells.cells.boxes[places][kept], np.array([[2, 2, 12, 12]] * extra, np.float32).reshape(-1, 4)]
    )
    annotated = AnnotatedImage(
        item.path.name, *item.size, boxes.astype(np.float32), (*(names[place] for place in kept), *["RBC"] * extra)
    )
    return GroundTruth.imported(annotated, workspace.settings.classes)


def give_boxes(window: MainWindow, *, without: int = 0, extra: int = 0) -> None:
    for item in window.workspace.images.items:
        window.workspace.truths.set(item.id, truth_from_count(window, item, without=without, extra=extra))


def type_into(qtbot: QtBot, view: QAbstractItemView, row: int, column: int, texts: list[str]) -> None:
    """Type numbers below each other, each with Enter."""
    click_cell(qtbot, view, row, column)
    view.setFocus()
    type_here(qtbot, view, texts)


def type_here(qtbot: QtBot, view: QAbstractItemView, texts: list[str]) -> None:
    for text in texts:
        qtbot.keyClicks(view, text[0])
        editor = QApplication.focusWidget()
        assert editor is not None
        qtbot.keyClicks(editor, text[1:])
        qtbot.keyClick(editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: QApplication.focusWidget() is view)


def click_cell(qtbot: QtBot, view: QAbstractItemView, row: int, column: int) -> None:
    index = view.model().index(row, column)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(index).center())


def places_shown(qtbot: QtBot, page: VerifyWindow, count: int) -> list[Place]:
    view = page.error_page.view
    qtbot.waitUntil(lambda: len(view.place_model.places) == count, timeout=30_000)
    return view.place_model.places


def answer_with(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """VerificationFigures the next file dialogs as by typing a path."""
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([str(path)], ""))


# -- typed totals ----------------------------------------------------------------------------------


def test_typed_totals_show_accuracy_and_nothing_else(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    page = opened(qtbot, window)
    assert "No image has a ground truth yet" in page.state.text()
    type_into(qtbot, page.truth_page.grid, 0, 1, ["12", "14"])
    assert page.truth_page.grid.currentIndex().row() == 2
    session = window.workspace.store.session
    assert session is not None
    truth = session.truths.get(window.workspace.images.items[1].id)
    assert truth is not None
    assert (truth.kind, truth.totals) == (TruthKind.TOTALS, {"RBC": 14})
    settled(qtbot, page)
    assert "2 images take part; 1 without a ground truth is left out" in page.state.text()
    assert "they allow accuracy only" in page.state.text()
    answer = page.verifier.answer
    assert answer is not None
    red = answer.classes["RBC"]
    results = [window.workspace.counts.result(item.id) for item in window.workspace.images.items[:2]]
    total = sum(result.counts["RBC"] for result in results if result is not None)
    assert red.rows[red.now].counted == total
    assert red.rows[red.now].accuracy == pytest.approx(min(26, total) / max(26, total))
    page.pages.setCurrentWidget(page.threshold_page)
    table = page.threshold_page.table
    hidden = [table.isColumnHidden(column) for column in range(len(COLUMNS))]
    assert [name for name, gone in zip(HEADINGS, hidden, strict=True) if gone] == HEADINGS[4:]
    assert "Chosen from only 2 images" in page.threshold_page.warning.text()
    assert page.threshold_page.warning.isVisible()
    page.threshold_page.classes.setCurrentIndex(1)
    assert page.threshold_page.shown is None


def test_counts_are_pasted_from_a_spreadsheet_emptied_and_cleared(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    page = opened(qtbot, window)
    grid, truths = page.truth_page.grid, window.workspace.truths
    page.truth_page.go_to(window.workspace.images.items[0].id)
    QGuiApplication.clipboard().setText("12\t1\t2\n13\t\t\n")
    qtbot.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    first, second = (truths.used(item.id) for item in window.workspace.images.items)
    assert first is not None
    assert second is not None
    assert first.totals == {"RBC": 12, "WBC": 1, "Platelets": 2}
    assert second.totals == {"RBC": 13}
    click_cell(qtbot, grid, 0, 2)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    first = truths.used(window.workspace.images.items[0].id)
    assert first is not None
    assert first.totals == {"RBC": 12, "Platelets": 2}
    assert "Counted by hand: RBC 12, Platelets 2" in [row.text for row in window.workspace.history.lines()]


def test_what_is_cleared_can_be_undone_in_both_windows_and_after_opening_again(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    workspace = window.workspace
    truths, (first, second) = workspace.truths, workspace.images.items
    marks = (
        GroundTruth.tally(workspace.settings.classes, blind=True).with_point("RBC", 30, 40).with_point("WBC", 80, 90)
    )
    truths.set(first.id, GroundTruth.typed({"RBC": 9}))
    truths.set(first.id, marks)
    truths.set(second.id, GroundTruth.typed({"RBC": 7}))
    page = opened(qtbot, window)
    click_cell(qtbot, page.truth_page.grid, 0, 1)
    page.truth_page.grid.selectAll()
    qtbot.mouseClick(page.truth_page.clear_button, Qt.MouseButton.LeftButton)
    assert truths.used(second.id) is None
    assert source_of(window, first) is TruthSource.TYPED
    assert any(row.text.startswith("Clear manual count, blind (2 cells)") for row in workspace.history.lines())
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert source_of(window, second) is TruthSource.TYPED
    back = truths.used(first.id)
    assert back is not None
    assert back.stored() == marks.stored()
    assert list(truths.all(first.id)) == [TruthSource.TALLY, TruthSource.TYPED]
    qtbot.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert truths.used(second.id) is None
    assert workspace.store.session is not None
    path = workspace.store.session.path
    workspace.store.close()
    assert workspace.store.open(path)
    workspace.history.undo()
    first = workspace.images.items[0]
    assert list(workspace.truths.all(first.id)) == [TruthSource.TALLY, TruthSource.TYPED]


def test_a_later_count_is_undone_before_the_clear(counted: Counted) -> None:
    workspace = counted(1).workspace
    [item] = workspace.images.items
    workspace.truths.set(item.id, GroundTruth.typed({"RBC": 9}))
    assert workspace.truths.clear_used([item.id]) == 1
    workspace.truths.set(item.id, GroundTruth.typed({"RBC": 11}))
    workspace.history.undo()
    assert workspace.truths.used(item.id) is None
    workspace.history.undo()
    truth = workspace.truths.used(item.id)
    assert truth is not None
    assert truth.totals == {"RBC": 9}
    workspace.history.redo()
    workspace.history.redo()
    truth = workspace.truths.used(item.id)
    assert truth is not None
    assert truth.totals == {"RBC": 11}


def test_a_total_typed_over_imported_boxes_says_why_it_is_not_taken(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window).truth_page
    click_cell(qtbot, page.grid, 0, 1)
    assert not page.refusal.isVisible()
    qtbot.keyClicks(page.grid, "7")
    assert page.refusal.isVisible()
    assert "choose “typed totals” below" in page.refusal.text()
    place = page.used.findText("typed totals")
    page.used.setCurrentIndex(place)
    page.used.activated.emit(place)
    assert not page.refusal.isVisible()
    type_into(qtbot, page.grid, 0, 1, ["7"])
    truth = window.workspace.truths.used(window.workspace.images.items[0].id)
    assert truth is not None
    assert truth.totals == {"RBC": 7}


def test_the_wheel_changes_no_box_of_any_window(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    opened(qtbot, window)
    boxes = [box for top in QApplication.topLevelWidgets() for box in top.findChildren(QComboBox)]
    numbers = [box for top in QApplication.topLevelWidgets() for box in top.findChildren(QAbstractSpinBox)]
    shown = [box for box in (*boxes, *numbers) if box.window() in (window, window.dialogs.verify)]
    assert len(shown) > 10
    for box in shown:
        assert isinstance(box, (QuietComboBox, NumberBox))
        assert not box.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus


def source_of(window: MainWindow, item: ImageItem) -> TruthSource | None:
    truth = window.workspace.truths.used(item.id)
    return None if truth is None else truth.source


# -- truths ------------------------------------------------------------------------------------------


def test_a_review_becomes_a_truth_and_takes_the_place_of_none(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    workspace = window.workspace
    typed, bare = workspace.images.items
    workspace.truths.set(typed.id, GroundTruth.typed({"RBC": 9}))
    for item in workspace.images.items:
        workspace.images.set_current(item.id)
        window.actions_["reviewed"].trigger()
    kinds = [truth.source for item in workspace.images.items if (truth := workspace.truths.used(item.id)) is not None]
    assert kinds == [TruthSource.TYPED, TruthSource.REVIEWED]
    result = workspace.counts.result(bare.id)
    truth = workspace.truths.used(bare.id)
    assert result is not None
    assert truth is not None
    assert truth.counts() == result.counts
    page = opened(qtbot, window)
    page.truth_page.go_to(typed.id)
    assert [page.truth_page.used.itemText(place) for place in range(2)] == ["typed totals", "reviewed count"]
    page.truth_page.used.setFocus()
    qtbot.keyClick(page.truth_page.used, Qt.Key.Key_Down)
    page.truth_page.used.activated.emit(page.truth_page.used.currentIndex())
    used = workspace.truths.used(typed.id)
    assert used is not None
    assert used.source is TruthSource.REVIEWED
    workspace.history.undo()  # the choice
    workspace.history.undo()  # the review
    assert workspace.truths.used(bare.id) is None


def test_a_ground_truth_is_drawn_only_where_it_differs_and_on_request(counted: Counted) -> None:
    window = counted(1)
    (item,) = window.workspace.images.items
    layer, stage = window.canvas.ground_truth, window.presenter.stage
    truth = truth_from_count(window, item)
    window.workspace.truths.set(item.id, truth)
    window.actions_["ground_truth"].trigger()
    assert layer.missed_count == layer.wrong_count == 0, "all agree"
    assert stage.chips.texts == ["Ground truth: no differences"]
    before = window.canvas.grab().toImage()
    points = GroundTruth.tally(("WBC",)).with_point("WBC", 3, 3)
    window.workspace.truths.set(item.id, points)
    assert layer.missed_count == 1, "no white cell lies in that corner"
    assert window.canvas.grab().toImage() != before
    assert "1 missed" in stage.chips.texts[0]
    window.actions_["ground_truth"].trigger()
    assert layer.missed_count == layer.wrong_count == 0
    assert stage.chips.texts == []


def test_a_review_draws_no_second_frames(counted: Counted) -> None:
    window = counted(1)
    window.grab()
    before = window.canvas.grab().toImage()
    window.workspace.editing.mark_reviewed(True)
    assert window.canvas.grab().toImage() == before


# -- figures -----------------------------------------------------------------------------------------


def test_imported_boxes_give_the_figures_of_core(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    give_boxes(window, without=3, extra=1)
    page = opened(qtbot, window)
    answer, workspace = page.verifier.answer, window.workspace
    assert answer is not None
    assert workspace.settings.value is not None
    red = answer.classes["RBC"]
    scores = []
    for item in workspace.images.items:
        cells, result, truth = (
            workspace.counts.cells(item.id),
            workspace.counts.result(item.id),
            workspace.truths.used(item.id),
        )
        assert cells is not None
        assert result is not None
        assert truth is not None
        labels = truth.labels(workspace.settings.classes)
        scores.append(score_image(cells.cells, result.counted, truth.boxes, labels, workspace.settings.classes)["RBC"])
    total = scores[0] + scores[1] + scores[2]
    row = red.rows[red.now]
    assert row.threshold == pytest.approx(workspace.settings.value.thresholds["RBC"])
    assert (row.truth, row.counted, row.tp) == (total.truth, total.counted, total.matched)
    assert (row.fp, row.fn) == (9, 3)
    assert [row.precision, row.recall, row.f1] == pytest.approx([total.precision, total.recall, total.f1])
    steps = {round(step, 2) for step in threshold_steps().tolist()}
    assert steps <= {round(one.threshold, 2) for one in red.rows}
    page.step.setCurrentIndex(0)
    page.step.activated.emit(0)
    settled(qtbot, page)
    answer = page.verifier.answer
    assert answer is not None
    assert len(answer.classes["RBC"].rows) >= 66


def test_the_scope_is_the_current_picture_ticked_ones_or_all(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    page.truth_page.go_to(window.workspace.images.items[1].id, 0)
    qtbot.keyClick(page.truth_page.grid, Qt.Key.Key_Space)
    page.verifier.set_options(scope=VerificationScope.TICKED)
    settled(qtbot, page)
    assert page.scope.currentText() == "ticked images (1)"
    assert page.verifier.answer is not None
    assert [case.name for case in page.verifier.answer.cases] == ["01.png"]
    page.verifier.set_options(scope=VerificationScope.CURRENT)
    window.workspace.images.set_current(window.workspace.images.items[2].id)
    settled(qtbot, page)
    assert [case.name for case in page.verifier.answer.cases] == ["02.png"]


def test_a_correction_shows_in_the_corrected_count_only(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window)
    workspace = window.workspace
    cells = workspace.counts.current_cells()
    assert cells is not None
    workspace.editing.remove_cells([int(cells.cells.ids[0])])
    settled(qtbot, page)

    def missed() -> int:
        assert page.verifier.answer is not None
        return sum(one.rows[one.now].fn or 0 for one in page.verifier.answer.classes.values())

    assert missed() == 0
    page.verifier.set_options(corrected=True)
    settled(qtbot, page)
    assert missed() == 1


# -- use this threshold --------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_used_threshold_moves_the_slider_and_survives_reopening(
    counted: Counted, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window = counted(10)
    workspace = window.workspace
    for name in workspace.settings.classes:
        workspace.settings.set_threshold(name, 0.55)
    give_boxes(window)
    workspace.settings.set_threshold("RBC", 0.90)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    settled(qtbot, page)
    assert page.threshold_page.shown is not None
    choice = page.threshold_page.shown.choice
    assert choice is not None
    assert choice.cross_validated
    assert not page.threshold_page.warning.isVisible()
    assert "each of 10 images counted at the threshold that is best for the others" in page.threshold_page.best.text()
    qtbot.mouseClick(page.threshold_page.use_button, Qt.MouseButton.LeftButton)
    slider = window.panel.classes.cards["RBC"].slider
    assert isinstance(slider, QuietSlider)
    assert slider.value() == round(100 * choice.threshold)
    session = workspace.store.session
    assert session is not None
    path = session.path
    workspace.store.close()
    assert page.threshold_page.origin.text() == ""
    assert workspace.store.open(path)
    wait_counted(window)
    settled(qtbot, page)
    assert workspace.settings.value is not None
    assert workspace.settings.value.thresholds["RBC"] == choice.threshold
    assert page.threshold_page.origin.text().startswith(f"Threshold {choice.threshold:.2f} chosen 20")
    assert page.threshold_page.origin.text().endswith("from 10 images.")
    assert any("RBC" in row.text and "leave-one-out" in row.text for row in workspace.history.lines())
    workspace.settings.set_threshold("RBC", 0.3)
    assert "changed by hand since" in page.threshold_page.origin.text()


# -- errors ----------------------------------------------------------------------------------------------


def test_a_click_on_missed_cells_leads_to_the_place_and_they_are_added(
    counted: Counted, qtbot: QtBot, wait_counted: Callable[..., None]
) -> None:
    window = counted(2)
    give_boxes(window, extra=1)
    window.workspace.images.set_current(window.workspace.images.items[0].id)
    wait_counted(window)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    assert page.threshold_page.shown is not None
    click_cell(qtbot, page.threshold_page.table, page.threshold_page.shown.now, FN)
    assert page.pages.currentWidget() is page.error_page
    places = places_shown(qtbot, page, 2)
    assert {place.verdict for place in places} == {Verdict.MISSED}
    view, canvas = page.error_page.view, window.canvas
    second = view.place_model.index(1)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(second).center())
    assert window.workspace.images.current_position == 1
    qtbot.waitUntil(lambda: window.workspace.inference.shown is not None, timeout=30_000)
    qtbot.waitUntil(lambda: canvas.visible_area().contains(7, 7) and canvas.zoom > 1)
    before = window.workspace.counts.result(window.workspace.images.items[1].id)
    qtbot.mouseClick(page.error_page.add_button, Qt.MouseButton.LeftButton)
    after = window.workspace.counts.result(window.workspace.images.items[1].id)
    assert before is not None
    assert after is not None
    assert after.counts["RBC"] == before.counts["RBC"] + 1
    qtbot.waitUntil(lambda: view.place_model.places[1].settled, timeout=30_000)
    assert not view.place_model.places[0].settled


def test_false_positives_are_removed_or_left_to_the_doubtful_cells(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window, without=2)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    assert page.threshold_page.shown is not None
    click_cell(qtbot, page.threshold_page.table, page.threshold_page.shown.now, FP)
    first, second = places_shown(qtbot, page, 2)
    view = page.error_page.view
    view.setCurrentIndex(view.place_model.index(0))
    qtbot.keyClick(view, Qt.Key.Key_Delete)
    assert window.workspace.editing.cell(first.cell or -1) is None
    qtbot.waitUntil(lambda: view.place_model.places[0].settled, timeout=30_000)
    assert not page.error_page.remove_button.isEnabled()
    view.setCurrentIndex(view.place_model.index(1))
    qtbot.mouseClick(page.error_page.doubt_button, Qt.MouseButton.LeftButton)
    window.actions_["doubts"].trigger()
    assert window.uncertain.cell == second.cell
    qtbot.mouseClick(window.uncertain.no, Qt.MouseButton.LeftButton)
    assert second.cell not in window.uncertain.remaining()


def test_totals_have_no_places_to_show(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    window.workspace.truths.set(window.workspace.images.items[0].id, GroundTruth.typed({"RBC": 3}))
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.error_page)
    qtbot.waitUntil(lambda: "do not say where the cells are" in page.error_page.empty.text())


# -- plots and files -----------------------------------------------------------------------------------


def test_every_plot_is_drawn_read_and_saved(
    counted: Counted, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(3)
    give_boxes(window, without=1, extra=1)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    thresholds = page.threshold_page
    for kind in ChartKind:
        thresholds.kind.setCurrentIndex(thresholds.kind.findData(kind))
        assert thresholds.plot.chart is not None
        assert not thresholds.plot.chart.missing
        thresholds.plot.view.setFocus()
        qtbot.keyClick(thresholds.plot.view, Qt.Key.Key_Right)
        assert thresholds.plot.readout.text() in thresholds.plot.chart.series[0].texts
        for suffix in (".png", ".svg"):
            path = tmp_path / f"{kind.name}{suffix}"
            answer_with(monkeypatch, path)
            qtbot.mouseClick(thresholds.save_plot_button, Qt.MouseButton.LeftButton)
            assert path.stat().st_size > 2000
        assert QSvgRenderer(str(tmp_path / f"{kind.name}.svg")).isValid()
    assert (tmp_path / "F1.png").read_bytes().startswith(b"\x89PNG")


def test_the_pointer_reads_the_nearest_point(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    give_boxes(window)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    pane = page.threshold_page.plot
    assert pane.chart is not None
    series = pane.chart.series[0]
    with qtbot.waitExposed(pane):
        QApplication.processEvents()
    # not by the cursor: the offscreen platform puts all windows on top of each other
    point_at(pane.view.viewport(), pane.screen_place(series.x[4], series.y[4]))
    assert pane.readout.text() == series.texts[4]
    point_at(pane.view.viewport(), pane.screen_place(series.x[9], series.y[9]))
    assert pane.readout.text() == series.texts[9]


def point_at(widget: QWidget, place: QPoint) -> None:
    """Move the pointer to a place of a widget."""
    none = Qt.MouseButton.NoButton
    at, on_screen = QPointF(place), QPointF(widget.mapToGlobal(place))
    move = QMouseEvent(QEvent.Type.MouseMove, at, on_screen, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, move)


def test_the_table_is_copied_and_saved(
    counted: Counted, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(2)
    give_boxes(window, without=1)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    qtbot.mouseClick(page.threshold_page.copy_button, Qt.MouseButton.LeftButton)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t") == HEADINGS
    assert len(lines) == 1 + page.threshold_page.table.sweep_model.rowCount()
    answer_with(monkeypatch, tmp_path / "table.csv")
    qtbot.mouseClick(page.threshold_page.save_button, Qt.MouseButton.LeftButton)
    content = (tmp_path / "table.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfClass,Threshold,True,Counted")
    assert page.verifier.answer is not None
    rows = sum(len(one.rows) for one in page.verifier.answer.classes.values())
    assert len(content.decode("utf-8-sig").splitlines()) == 1 + rows


# -- models ------------------------------------------------------------------------------------------------


@pytest.fixture
def other_model(model_path: Path, tmp_path: Path) -> Path:
    """Write the model under another name and with other thresholds."""
    network = onnx.load(model_path)
    for item in network.metadata_props:
        if item.key == CARD_KEY:
            card = ModelCard.from_json(item.value)
            thresholds = dict.fromkeys(card.classes, 0.9)
            item.value = msgspec.structs.replace(card, name="Strict", thresholds=thresholds).to_json()
    path = tmp_path / "strict.onnx"
    onnx.save(network, path)
    return path


@pytest.mark.slow
def test_models_are_compared_once_and_one_is_used(
    counted: Counted,
    qtbot: QtBot,
    other_model: Path,
    monkeypatch: pytest.MonkeyPatch,
    wait_counted: Callable[..., None],
) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    answer_with(monkeypatch, other_model)
    qtbot.mouseClick(models.add_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    assert "0 of 3 images" in models.models.item(1).text()
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    assert not models.run_button.isEnabled()
    own, strict = [row for row in models.runs.rows if row.class_name == "RBC"]
    assert (own.accuracy, strict.model) == (1.0, "Strict")
    assert strict.accuracy_difference is not None
    assert strict.counted < own.counted
    assert models.plot.chart is not None
    assert [text for _, text in models.plot.chart.ticks] == [own.model, "Strict"]
    models.models.setCurrentRow(1)
    qtbot.mouseClick(models.use_button, Qt.MouseButton.LeftButton)
    workspace = window.workspace
    counted_again = []
    workspace.inference.queue.counted.connect(lambda item, _: counted_again.append(item.id))
    qtbot.waitUntil(
        lambda: workspace.inference.model is not None and workspace.inference.model.card.name == "Strict",
        timeout=30_000,
    )
    wait_counted(window)
    assert counted_again == []
    settled(qtbot, page)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    assert models.runs.rows[0].model == "Strict"
    assert models.runs.rows[0].counted == strict.counted


def test_the_comparison_takes_in_counting_without_a_model(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    qtbot.mouseClick(models.no_model_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    assert models.models.item(1).text() == "No model: classical   (0 of 2 images)"
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.rows) == 6, timeout=60_000)
    without = next(row for row in models.runs.rows if row.model == "No model: classical" and row.class_name == "RBC")
    assert without.counted > 8
    assert without.f1 is not None
    messages: list[str] = []
    window.workspace.messages.posted.connect(lambda _, text: messages.append(text))
    qtbot.mouseClick(models.no_model_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: messages == ["No model: classical takes part already."], timeout=30_000)
    assert len(models.runs.candidates) == 1


def test_a_comparison_is_stopped(
    counted: Counted, qtbot: QtBot, other_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    models = page.model_page
    page.pages.setCurrentWidget(models)
    answer_with(monkeypatch, other_model)
    qtbot.mouseClick(models.add_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(models.runs.candidates) == 1, timeout=30_000)
    qtbot.mouseClick(models.run_button, Qt.MouseButton.LeftButton)
    assert models.stop_button.isEnabled()
    qtbot.mouseClick(models.stop_button, Qt.MouseButton.LeftButton)
    assert not models.runs.busy
    assert models.run_button.isEnabled()
    assert models.runs.rows == []


# -- keyboard and looks ------------------------------------------------------------------------------------


def test_from_counting_to_a_threshold_with_the_keyboard_only(counted: Counted, qtbot: QtBot) -> None:
    window = counted(2)
    workspace = window.workspace
    workspace.settings.set_threshold("RBC", 0.95)
    page = opened(qtbot, window)
    grid = page.truth_page.grid
    page.truth_page.go_to(workspace.images.items[0].id)
    grid.setFocus()
    type_here(qtbot, grid, ["12", "13"])
    settled(qtbot, page)
    press(qtbot, page, Qt.Key.Key_T)
    assert page.pages.currentWidget() is page.threshold_page
    assert page.threshold_page.shown is not None
    assert page.threshold_page.shown.choice is not None
    best = page.threshold_page.shown.choice.threshold
    assert best < 0.95
    press(qtbot, page, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: workspace.settings.value is not None and workspace.settings.value.thresholds["RBC"] == best)
    qtbot.keyClick(page, Qt.Key.Key_Escape)
    assert not page.isVisible()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert page.isVisible()


def press(qtbot: QtBot, widget: QWidget, key: Qt.Key) -> None:
    """Press a key with Alt."""
    qtbot.keyClick(widget, key, Qt.KeyboardModifier.AltModifier)


@pytest.mark.slow
def test_themes_can_be_changed_while_and_after_plots_with_legends_are_shown(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window, without=1, extra=1)
    page = opened(qtbot, window)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    page.pages.setCurrentWidget(page.threshold_page)
    for kind in ChartKind:
        page.threshold_page.kind.setCurrentIndex(page.threshold_page.kind.findData(kind))
        if page.threshold_page.plot.chart is not None and len(page.threshold_page.plot.chart.series) > 1:
            break
    chart = page.threshold_page.plot.chart
    assert chart is not None
    assert len(chart.series) > 1  # else there is no legend
    for turn in range(12):
        window.dialogs.verify.setVisible(turn % 3 != 2) if window.dialogs.verify else None
        app.processEvents()
        legend = page.threshold_page.plot.view.getPlotItem().legend
        apply_theme(app, Theme.LIGHT if turn % 2 else Theme.DARK)
        assert page.threshold_page.plot.view.getPlotItem().legend is legend  # its layout is known to the style sheet
        app.processEvents()
        gc.collect()
    qtbot.waitUntil(lambda: page.threshold_page.plot.view.getPlotItem().legend is not legend)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_plots_follow_the_theme(counted: Counted, qtbot: QtBot, theme: Theme) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.threshold_page)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, theme)
    app.processEvents()
    ground = page.threshold_page.plot.view.backgroundBrush().color()
    assert (ground.lightness() < 128) == (theme is Theme.DARK)


def test_a_long_file_name_makes_no_window_wider(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: Callable[..., None]
) -> None:
    widths = []
    for name in ("1.png", f"{'Patient_of_ward_7_' * 9}.png"):
        window.workspace.opening.open([make_smear(name, len(widths))[0]])  # other images: a copy would be asked about
        window.workspace.images.set_current(window.workspace.images.items[len(window.workspace.images.items) - 1].id)
        wait_counted(window)
        window.notice.show_warning(f"{name} is a copy of another picture.")
        page = opened(qtbot, window)
        page.truth_page.grid.setCurrentIndex(page.truth_page.model.index(len(widths), 0))
        widths.append((window.minimumSizeHint().width(), page.minimumSizeHint().width()))
    assert widths[0] == widths[1]
