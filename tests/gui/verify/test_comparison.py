"""Your counts beside the program's: typed, pasted, hidden until they are there, and opened by a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from core.verification.ground_truth import TruthKind
from gui.verify.comparison_model import NAME, Part
from gui.verify.sweep_table import COLUMNS
from tests.gui.verify.verify_steps import (
    HEADINGS,
    click_cell,
    give_boxes,
    opened,
    settled,
    type_into,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gui.shell.window import MainWindow
    from tests.gui.verify.verify_steps import Counted, MakeSmear


def test_typed_totals_show_accuracy_and_nothing_else(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    page = opened(qtbot, window)
    assert "No image has a count of yours yet" in page.state.text()
    type_into(qtbot, page.comparison_page.grid, 0, page.comparison_page.model.column_of("RBC"), ["12", "14"])
    assert page.comparison_page.grid.currentIndex().row() == 2
    session = window.workspace.store.session
    assert session is not None
    truth = session.truths.get(window.workspace.images.items[1].id)
    assert truth is not None
    assert (truth.kind, truth.totals) == (TruthKind.TOTALS, {"RBC": 14})
    settled(qtbot, page)
    assert "2 images take part; 1 without a count of yours is left out" in page.state.text()
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
    grid, truths = page.comparison_page.grid, window.workspace.truths
    page.comparison_page.go_to(window.workspace.images.items[0].id)
    QGuiApplication.clipboard().setText("12\t1\t2\n13\t\t\n")
    qtbot.keyClick(grid, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    first, second = (truths.used(item.id) for item in window.workspace.images.items)
    assert first is not None
    assert second is not None
    assert first.totals == {"RBC": 12, "WBC": 1, "Platelets": 2}
    assert second.totals == {"RBC": 13}
    click_cell(qtbot, grid, 0, page.comparison_page.model.column_of("WBC"))
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    first = truths.used(window.workspace.images.items[0].id)
    assert first is not None
    assert first.totals == {"RBC": 12, "Platelets": 2}
    assert "Counted by hand: RBC 12, Platelets 2" in [row.text for row in window.workspace.history.lines()]


def test_a_total_typed_over_imported_boxes_says_why_it_is_not_taken(counted: Counted, qtbot: QtBot) -> None:
    window = counted(1)
    give_boxes(window)
    page = opened(qtbot, window).comparison_page
    click_cell(qtbot, page.grid, 0, page.model.column_of("RBC"))
    assert not page.refusal.isVisible()
    qtbot.keyClicks(page.grid, "7")
    assert page.refusal.isVisible()
    assert "choose “typed counts” below" in page.refusal.text()
    place = page.used.findText("typed counts")
    page.used.setCurrentIndex(place)
    page.used.activated.emit(place)
    assert not page.refusal.isVisible()
    type_into(qtbot, page.grid, 0, page.model.column_of("RBC"), ["7"])
    truth = window.workspace.truths.used(window.workspace.images.items[0].id)
    assert truth is not None
    assert truth.totals == {"RBC": 7}


def test_the_program_counts_appear_image_by_image_and_class_by_class(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    page = opened(qtbot, window)
    comparison = page.comparison_page
    items = window.workspace.images.items

    def row(place: int, name: str) -> list[str]:
        return [comparison.model.index(place, comparison.model.column_of(name, part)).data() for part in Part]

    assert [row(place, "RBC") for place in range(3)] == [["", "", ""]] * 3
    type_into(qtbot, comparison.grid, 1, comparison.model.column_of("RBC"), ["12"])
    settled(qtbot, page)
    result = window.workspace.counts.result(items[1].id)
    assert result is not None
    program = result.counts["RBC"]
    difference = f"{program - 12:+d}".replace("-", "\N{MINUS SIGN}") if program != 12 else "0"
    assert row(1, "RBC") == ["12", str(program), difference]
    assert row(1, "WBC") == row(0, "RBC") == ["", "", ""]
    totals = comparison.totals.model()
    column = comparison.model.column_of("RBC")
    assert [totals.index(0, column + place).data() for place in range(3)] == ["12", str(program), difference]
    accuracy = 100 * min(12, program) / max(12, program)
    assert totals.index(1, comparison.model.column_of("RBC", Part.PROGRAM)).data() == f"{accuracy:.1f} %"


def test_a_click_on_a_name_opens_the_image(counted: Counted, qtbot: QtBot) -> None:
    window = counted(3)
    page = opened(qtbot, window)
    assert page.pages.currentWidget() is page.comparison_page
    click_cell(qtbot, page.comparison_page.grid, 2, NAME)
    assert window.workspace.images.current_position == 2
    qtbot.waitUntil(window.isActiveWindow)


def test_names_are_shown_by_what_tells_them_apart(
    window: MainWindow, qtbot: QtBot, make_smear: MakeSmear, wait_counted: Callable[..., None]
) -> None:
    names = [f"2026-11-27_Patient_Miller_Field-{place:03}_stain_final.png" for place in (17, 18)]
    window.workspace.opening.open([make_smear(name, seed)[0] for seed, name in enumerate(names)])
    wait_counted(window)
    model = opened(qtbot, window).comparison_page.model
    assert [model.index(row, NAME).data() for row in range(2)] == ["…Field-017…", "…Field-018…"]
    assert model.index(0, NAME).data(Qt.ItemDataRole.ToolTipRole).startswith(str(window.workspace.images.items[0].path))
