"""Read-only tables of values: what is shown, what is copied, what stays where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QListView

from gui.widgets.tables import Column, CopyTable, ValueTableModel
from gui.widgets.window_keys import LeavesLetters

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

Pair = tuple[str, int]


class Starred(ValueTableModel[Pair]):
    """Marks the first row on the screen."""

    def shown(self, row: int, column: int) -> str:
        return f"★ {super().shown(row, column)}" if row == 0 else super().shown(row, column)


@pytest.fixture
def table(qtbot: QtBot) -> CopyTable:
    table = CopyTable("Counts")
    qtbot.addWidget(table)
    columns = (
        Column[Pair]("Class", lambda pair: pair[0], number=False),
        Column[Pair]("Count", lambda pair: f"{pair[1]:,}", "How many"),
    )
    table.setModel(Starred(columns, table))
    return table


def model_of(table: CopyTable) -> Starred:
    model = table.model()
    assert isinstance(model, Starred)
    return model


def test_rows_are_shown_under_their_headings_numbers_at_the_right(table: CopyTable) -> None:
    model = model_of(table)
    model.show([("RBC", 1234), ("WBC", 5)])
    assert [model.headerData(place, Qt.Orientation.Horizontal) for place in range(2)] == ["Class", "Count"]
    assert [model.index(row, column).data() for row in range(2) for column in range(2)] == [
        "★ RBC", "★ 1,234", "WBC", "5",
    ]  # fmt: skip
    sides = [model.index(0, column).data(Qt.ItemDataRole.TextAlignmentRole) for column in range(2)]
    assert Qt.AlignmentFlag.AlignLeft in Qt.AlignmentFlag(sides[0])
    assert Qt.AlignmentFlag.AlignRight in Qt.AlignmentFlag(sides[1])
    assert model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole) == "How many"


def test_copying_gives_a_spreadsheet_plain_values(table: CopyTable, qtbot: QtBot) -> None:
    model_of(table).show([("RBC", 1234), ("WBC", 5)])
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Class\tCount\nRBC\t1,234\nWBC\t5"


def test_new_values_for_as_many_rows_leave_the_current_row_alone(table: CopyTable) -> None:
    model = model_of(table)
    model.show([("RBC", 1), ("WBC", 2)])
    table.setCurrentIndex(model.index(1, 0))
    model.show([("RBC", 3), ("WBC", 4)])
    assert table.currentIndex() == model.index(1, 0)
    assert table.currentIndex().siblingAtColumn(1).data() == "4"
    model.show([])
    assert model.rowCount() == 0


def test_letters_go_to_the_window_and_arrows_to_the_view(qtbot: QtBot) -> None:
    class View(LeavesLetters, QListView):
        pass

    view = View()
    qtbot.addWidget(view)
    columns = (Column[Pair]("Class", lambda pair: pair[0], number=False),)
    model = ValueTableModel[Pair](columns, view)
    view.setModel(model)
    model.show([("Platelets", 1), ("RBC", 2)])
    view.setCurrentIndex(model.index(0, 0))
    qtbot.keyClick(view, Qt.Key.Key_R)
    assert view.currentIndex().row() == 0
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.currentIndex().row() == 1
