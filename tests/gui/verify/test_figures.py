"""The figures: those of core, of the chosen images, and the threshold that follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from core.statistics.metrics import score_image
from core.verification.ground_truth import GroundTruth
from core.verification.request import VerificationScope
from core.verification.sweep import threshold_steps
from gui.widgets.wheel_safe import QuietSlider
from tests.gui.verify.verify_steps import (
    give_boxes,
    opened,
    settled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.verify.sweep_table import SweepTable
    from tests.gui.verify.verify_steps import Counted


def shown_rows(table: SweepTable) -> list[list[str]]:
    model = table.model()
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


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
    page.options.step.setCurrentIndex(0)
    page.options.step.activated.emit(0)
    settled(qtbot, page)
    answer = page.verifier.answer
    assert answer is not None
    assert len(answer.classes["RBC"].rows) >= 66


@pytest.mark.slow
def test_the_scope_is_the_current_picture_ticked_ones_or_all(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    give_boxes(window)
    page = opened(qtbot, window)
    page.comparison_page.grid.setCurrentIndex(page.comparison_page.model.index(1, 0))
    qtbot.keyClick(page.comparison_page.grid, Qt.Key.Key_Space)
    page.verifier.set_options(scope=VerificationScope.TICKED)
    settled(qtbot, page)
    assert page.options.scope.currentText() == "ticked images (1)"
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
    stars = [row[0] for row in shown_rows(page.threshold_page.table) if any("★" in text for text in row)]
    assert [float(text.strip("▸ ")) for text in stars] == [round(choice.threshold, 2)]
    assert f"Recommended for RBC: {choice.threshold:.2f}" in page.threshold_page.best.text()
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


def test_why_fewer_images_decide_than_take_part_is_said(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    for item in window.workspace.images.items[:2]:
        window.workspace.truths.set(item.id, GroundTruth.typed({"RBC": 12}))
    window.workspace.truths.set(window.workspace.images.items[2].id, GroundTruth.typed({"WBC": 1}))
    page = opened(qtbot, window)
    assert page.state.text().startswith("3 images take part.")
    page.pages.setCurrentWidget(page.threshold_page)
    assert "Chosen from only 2 images" in page.threshold_page.warning.text()
    assert page.threshold_page.taking.text() == "Of the 3 images that take part, 1 has no count of RBC."
    assert page.threshold_page.taking.isVisible()
