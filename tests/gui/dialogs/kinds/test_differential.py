"""The dialog of the differential count: what users confirmed, what the laboratory sets, and a second reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt

from core.kinds.tree import NO_CELL, white_cell_kinds
from gui.commands.context import Dialog
from gui.dialogs.kinds.differential import suggested_text

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gui.dialogs.kinds.differential import DifferentialDialog
    from gui.shell.window import MainWindow
    from gui.workspace.selection import CellOf

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def cells(by_kind: MainWindow) -> list[CellOf]:
    """Return ten cells: five that a user calls segmented neutrophils, one band, four lymphocytes."""
    cells = list(by_kind.cells.kinds.naming.cells.rows)[:10]
    kinds = by_kind.workspace.kinds
    kinds.tree.add_ready_set("WBC")
    kinds.typed.give(cells[:5], "segmented-neutrophil")
    kinds.typed.give(cells[5:6], "band-neutrophil")
    kinds.typed.give(cells[6:], "lymphocyte")
    return cells


@pytest.fixture
def dialog(by_kind: MainWindow, cells: list[CellOf], qtbot: QtBot) -> DifferentialDialog:
    by_kind.open_dialog(Dialog.DIFFERENTIAL)
    dialog = by_kind.dialogs.differential
    assert dialog is not None
    qtbot.waitUntil(dialog.isVisible)
    return dialog


def lines(dialog: DifferentialDialog) -> dict[str, list[str]]:
    return {line[0].strip(): line[1:] for line in dialog.model.lines()[1:]}


@pytest.mark.slow
def test_per_cent_with_intervals_and_a_kind_with_others_under_it_as_their_sum(dialog: DifferentialDialog) -> None:
    shown = lines(dialog)
    assert shown["Segmented neutrophil"][:3] == ["5", "50.0", "18.7–81.3"]
    assert shown["Neutrophil"][:2] == ["6", "60.0"]
    assert "not specified" not in shown
    assert shown["Lymphocyte"][:2] == ["4", "40.0"]
    assert shown["Lymphocyte"][3] == "–"
    assert dialog.progress_text.text() == "10 of 100 white cells"


def test_target_and_the_analysers_count_are_kept_and_undone(
    dialog: DifferentialDialog, by_kind: MainWindow, qtbot: QtBot
) -> None:
    dialog.analyser.setFocus()
    qtbot.keyClicks(dialog.analyser, "8.0")
    qtbot.keyClick(dialog.analyser, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: lines(dialog)["Lymphocyte"][3] == "3.20")
    assert dialog.values["neutrophils"].text().startswith("4.80 10⁹/L")
    dialog.target.setFocus()
    qtbot.keyClick(dialog.target, Qt.Key.Key_Down)
    dialog.target.activated.emit(dialog.target.currentIndex())
    qtbot.waitUntil(lambda: dialog.progress_text.text() == "10 of 200 white cells")
    by_kind.workspace.history.undo()
    by_kind.workspace.history.undo()
    assert by_kind.workspace.kinds.differential.inputs.analyser is None
    qtbot.waitUntil(lambda: lines(dialog)["Lymphocyte"][3] == "–")


def test_it_is_said_why_the_analysers_count_is_none(dialog: DifferentialDialog, qtbot: QtBot) -> None:
    dialog.analyser.setFocus()
    qtbot.keyClicks(dialog.analyser, "75000")
    assert dialog.problem.text() == "75000 is not between 0 and 2,000."
    dialog.analyser.selectAll()
    qtbot.keyClicks(dialog.analyser, "7.5")
    assert dialog.problem.text() == ""


def test_a_second_reading_is_not_by_who_did_the_first(dialog: DifferentialDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.reading.name, " anna ")
    assert not dialog.reading.begin_button.isEnabled()
    assert dialog.reading.same.text() == "Anna named the cells in the first reading; a second one is by another user."
    dialog.reading.name.setText("Annabel")
    assert dialog.reading.begin_button.isEnabled()
    assert dialog.reading.same.text() == ""


def test_what_is_only_suggested_is_told_by_what_it_would_add(dialog: DifferentialDialog) -> None:
    found = {"": 7, NO_CELL: 5, "erythroblast": 1, "lymphocyte": 2, "monocyte": 1}
    kinds = white_cell_kinds()
    assert suggested_text(found, kinds, "WBC") == (
        "3 more are suggested and not counted here: accept them in Cells, by kind. 1 erythroblast is suggested too."
    )
    assert suggested_text({"": 7, NO_CELL: 5}, kinds, "WBC") == ""


def test_a_second_user_names_the_same_cells_unseen_and_both_are_compared(
    dialog: DifferentialDialog, by_kind: MainWindow, cells: list[CellOf], qtbot: QtBot
) -> None:
    dialog.tabs.setCurrentWidget(dialog.reading)
    dialog.reading.name.setFocus()
    qtbot.keyClicks(dialog.reading.name, "Ben")
    qtbot.mouseClick(dialog.reading.begin_button, LEFT)
    page = by_kind.cells.kinds
    page.tree.chosen.emit("WBC", "")
    qtbot.waitUntil(lambda: page.naming.class_name == "WBC" and list(page.area.layout_) == ["unsorted "])
    view = page.area.piles["unsorted "].view
    assert set(view.tiles.cells()) == set(cells)
    assert not any(view.pile_model.tile(row).frame for row in range(10))
    view.setFocus()
    view.choose_row(0)
    for cell in view.tiles.cells():
        first = cells.index(cell)
        key = Qt.Key.Key_S if first in (0, 1, 2, 3) else Qt.Key.Key_D if first in (4, 5) else Qt.Key.Key_L
        qtbot.keyClick(view, key)
    typed = by_kind.workspace.kinds.typed
    assert sum(len(typed.of(item.id, "Ben")) for item in by_kind.workspace.images.items) == 10
    dialog.refresh()
    assert dialog.reading.agreement.text().startswith(
        "Ben is naming the cells now."
    )  # nobody is told what the first said
    assert dialog.reading.model.rows == []
    assert lines(dialog)["Segmented neutrophil"][0] == "4"  # Ben's own, not the five of the first
    assert dialog.note.text().startswith("Second reading by Ben: what the first one says")
    qtbot.mouseClick(page.bar.end_button, LEFT)
    dialog.refresh()
    assert dialog.reading.agreement.text().startswith("10 cells named by both, 90 % alike; kappa 0.8")
    [apart] = dialog.reading.model.rows
    assert (apart.image, apart.cell) == cells[4]
    assert dialog.reading.model.lines()[1][1:] == ["Segmented neutrophil", "Band neutrophil"]
    with qtbot.waitSignal(dialog.cell_wanted) as wanted:
        dialog.reading.table.activated.emit(dialog.reading.model.index(0, 0))
    assert wanted.args == list(cells[4])
    counted = by_kind.workspace.kinds.differential.result()
    assert counted is not None
    assert counted.cells == 10
