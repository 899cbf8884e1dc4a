"""The errors as cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from core.verification.errors import Verdict
from core.verification.ground_truth import GroundTruth
from gui.widgets.tiles.crops import EXTENT
from tests.gui.verify.verify_steps import (
    FN,
    FP,
    click_cell,
    give_boxes,
    opened,
    places_shown,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.verify.window import VerifyWindow
    from tests.gui.verify.verify_steps import Counted


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


def test_errors_are_shown_at_one_scale_so_that_sizes_can_be_compared(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window, without=2)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.error_page)
    page.error_page.show_places("RBC", None, Verdict.FALSE)
    places_shown(qtbot, page, 2)
    sides = _sides(page)
    page.error_page.show_places("Platelets", None, Verdict.TRUE)
    qtbot.waitUntil(lambda: {place.class_name for place in page.error_page.view.place_model.places} == {"Platelets"})
    assert _sides(page) == sides == {round(EXTENT * page.error_page.view.place_model.places[0].diameter)}


def _sides(page: VerifyWindow) -> set[int]:
    """Return how many pixels of the image the tiles show."""
    model = page.error_page.view.place_model
    return {model.tile(row).region[2] for row in range(len(model.places))}


def test_the_page_opens_on_the_first_kind_that_has_errors(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window, extra=2)
    page = opened(qtbot, window)
    page.pages.setCurrentWidget(page.error_page)
    places = places_shown(qtbot, page, 2)
    assert page.error_page.verdict is Verdict.MISSED
    assert {place.verdict for place in places} == {Verdict.MISSED}
    assert page.error_page.add_button.isVisible()
    page.error_page.verdict_box.setCurrentIndex(page.error_page.verdict_box.findData(Verdict.FALSE))
    page.error_page.verdict_box.activated.emit(page.error_page.verdict_box.currentIndex())
    places_shown(qtbot, page, 0)
    qtbot.waitUntil(lambda: page.error_page.empty.text() == "No errors of this kind.")
    assert page.error_page.verdict is Verdict.FALSE, "what a user has chosen stays"
