"""Which ground truth an image has, and how it comes back after it was cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from core.verification.ground_truth import GroundTruth, TruthSource
from tests.gui.verify.verify_steps import (
    click_cell,
    opened,
    settled,
    truth_from_count,
)

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow
    from gui.workspace.images import ImageItem
    from tests.gui.verify.verify_steps import Counted


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
    click_cell(qtbot, page.comparison_page.grid, 0, page.comparison_page.model.column_of("RBC"))
    page.comparison_page.grid.selectAll()
    qtbot.mouseClick(page.comparison_page.clear_button, Qt.MouseButton.LeftButton)
    assert truths.used(second.id) is None
    assert source_of(window, first) is TruthSource.TYPED
    assert any(row.text.startswith("Clear manual count, boxes hidden (2 cells)") for row in workspace.history.lines())
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


def source_of(window: MainWindow, item: ImageItem) -> TruthSource | None:
    truth = window.workspace.truths.used(item.id)
    return None if truth is None else truth.source


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
    page.comparison_page.go_to(typed.id)
    assert [page.comparison_page.used.itemText(place) for place in range(2)] == ["typed counts", "reviewed count"]
    page.comparison_page.used.setFocus()
    qtbot.keyClick(page.comparison_page.used, Qt.Key.Key_Down)
    page.comparison_page.used.activated.emit(page.comparison_page.used.currentIndex())
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


def test_counts_by_hand_are_compared_alone_until_reviewed_ones_are_asked_for(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    workspace = window.workspace
    for item in workspace.images.items:
        workspace.images.set_current(item.id)
        workspace.editing.mark_reviewed(True)
    page = opened(qtbot, window)
    assert "Only reviewed counts are compared" in page.state.text()
    workspace.truths.set(workspace.images.items[0].id, GroundTruth.typed({"RBC": 9}))
    settled(qtbot, page)
    assert "1 image takes part" in page.state.text()
    assert "2 images that were only reviewed are not compared" in page.state.text()
    assert not any(row.tp for row in page.threshold_page.table.sweep_model.rows)
    qtbot.mouseClick(page.options.reviewed, Qt.MouseButton.LeftButton)
    settled(qtbot, page)
    assert "3 images take part" in page.state.text()
    assert "2 of them have a reviewed count" in page.state.text()
    assert page.threshold_page.table.sweep_model.columns[1].heading == "You,\nreviewed"
