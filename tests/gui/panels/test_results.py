"""The results of a sample: totals, the table of images, manual counts, estimates, and the preview of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication

from core.kinds.tree import NO_CELL
from core.report.pdf.pages import PdfPages
from gui.commands.context import View
from gui.dialogs.kinds.differential import DifferentialDialog
from gui.panels.results.columns import ImagesModel
from gui.workspace.images import State
from tests.gui.workspace.kinds.kinds_steps import counted_cells

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from gui.panels.results.panel import ResultsPanel
    from gui.panels.results.table import ImagesTable
    from gui.shell.window import MainWindow

    MakeSmear = Callable[..., tuple[Path, dict[str, int]]]


@pytest.fixture
def results(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None], qtbot: QtBot
) -> ResultsPanel:
    """Return the results of three counted images, in view."""
    window.workspace.opening.open(
        [
            make_smear(name, seed, cells)[0]
            for name, seed, cells in (("b.png", 1, 14), ("a.png", 2, 9), ("c.png", 3, 20))
        ]
    )
    wait_counted(window)
    window.show_view(View.RESULTS)
    qtbot.waitUntil(lambda: window.workspace.counts.totals is not None)
    return window.results.panel


def names(table: ImagesTable) -> list[str]:
    model = table.model()
    return [model.index(row, 1).data() for row in range(model.rowCount())]


def column(table: ImagesTable, heading: str) -> list[str]:
    model = table.model()
    assert isinstance(model, ImagesModel)
    headings = [column.heading.replace("\n", " ") for column in model.columns]
    return [model.index(row, headings.index(heading)).data() for row in range(model.rowCount())]


def click_heading(qtbot: QtBot, table: ImagesTable, place: int) -> None:
    header = table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(place) + 8, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_the_totals_are_the_sums_of_the_table_and_follow_a_threshold(results: ResultsPanel, window: MainWindow):
    settings = window.workspace.settings
    for threshold in (0.5, 0.9):
        settings.set_threshold("RBC", threshold)
        for name in settings.classes:
            assert int(results.totals.cards[name].number.text()) == sum(map(int, column(results.table, name)))
    assert results.totals.images.number.text() == "3"


def test_nothing_counted_is_no_zero(window: MainWindow, tmp_path: Path, qtbot: QtBot):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n")
    window.workspace.opening.open([broken])
    qtbot.waitUntil(lambda: window.workspace.counts.states[State.FAILED] == 1, timeout=30_000)
    window.show_view(View.RESULTS)
    cards = window.results.panel.totals.cards
    assert cards
    assert {(card.number.text(), card.detail.text()) for card in cards.values()} == {("–", "nothing counted yet")}


def test_a_letter_of_another_view_leads_nowhere(results: ResultsPanel, window: MainWindow, qtbot: QtBot):
    for key in (Qt.Key.Key_D, Qt.Key.Key_T, Qt.Key.Key_A, Qt.Key.Key_X):
        qtbot.keyClick(results.table, key)
    assert window.view is View.RESULTS
    assert not window.uncertain.active
    assert not window.workspace.tally.active
    window.actions_["doubts"].trigger()  # whoever chooses it in the menu wants it
    assert window.view is View.REVIEW
    assert window.uncertain.active


def test_a_row_leads_to_its_image(results: ResultsPanel, window: MainWindow, qtbot: QtBot):
    table = results.table
    at = table.visualRect(table.model().index(2, 1)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert window.view is View.REVIEW
    assert window.workspace.images.current is window.workspace.images.items[2]
    window.show_view(View.RESULTS)
    table.choose(window.workspace.images.items[1].id)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    assert window.view is View.REVIEW
    assert window.workspace.images.current is window.workspace.images.items[1]
    window.show_view(View.RESULTS)
    table.choose(window.workspace.images.items[0].id)
    qtbot.mouseClick(results.show_button, Qt.MouseButton.LeftButton)
    assert window.workspace.images.current is window.workspace.images.items[0]


def test_a_click_on_a_heading_sorts_and_nothing_else_moves_a_row(
    results: ResultsPanel, window: MainWindow, qtbot: QtBot
):
    table = results.table
    assert names(table) == ["b.png", "a.png", "c.png"]
    click_heading(qtbot, table, 1)
    assert names(table) == ["a.png", "b.png", "c.png"]
    click_heading(qtbot, table, 2)
    click_heading(qtbot, table, 2)
    counts = [int(text) for text in column(table, "RBC")]
    assert counts == sorted(counts, reverse=True)
    before = names(table)
    table.choose(window.workspace.images.items[0].id)
    window.workspace.settings.set_threshold("RBC", 0.99)
    window.workspace.editing.mark_reviewed(True)
    assert names(table) == before
    click_heading(qtbot, table, 0)
    assert names(table) == ["b.png", "a.png", "c.png"]
    assert table.current_image == window.workspace.images.items[0].id


def test_corrections_and_reviews_are_in_the_table(results: ResultsPanel, window: MainWindow):
    workspace = window.workspace
    workspace.editing.mark_reviewed(True)
    assert column(results.table, "Reviewed") == ["yes", "–", "–"]
    workspace.settings.set_threshold("RBC", 0.99)
    assert column(results.table, "Reviewed") == ["changed", "–", "–"]
    workspace.editing.add_cell("WBC", (10, 10, 60, 60))
    assert column(results.table, "Corrections") == ["1", "–", "–"]
    place = len(results.fields.columns) - 3
    cells, result = workspace.counts.current_cells(), workspace.counts.current_result()
    assert cells is not None
    assert result is not None
    [number] = cells.cells.ids[result.counted][:1].tolist()
    workspace.editing.accept([number])
    assert column(results.table, "Corrections") == ["1", "–", "–"], "what is confirmed was right"
    assert "WBC: +1 added" in results.table.model().index(0, place).data(Qt.ItemDataRole.ToolTipRole)


def test_the_table_pastes_into_a_spreadsheet(results: ResultsPanel, window: MainWindow, qtbot: QtBot):
    qtbot.mouseClick(results.copy_button, Qt.MouseButton.LeftButton)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    classes = list(window.workspace.settings.classes)
    assert lines[0] == ["No.", "Image", *classes, "Corrections", "Field", "Reviewed"]
    for item, line in zip(window.workspace.images.items, lines[1:], strict=True):
        counts = window.workspace.counts.counts(item.id)
        assert counts is not None
        assert line[1 : 2 + len(classes)] == [item.path.name, *(str(counts[name]) for name in classes)]
    assert results.copied.text() == "3 rows copied"


def test_manual_counts_stand_beside_the_program_with_the_difference(
    results: ResultsPanel, window: MainWindow, qtbot: QtBot
):
    workspace = window.workspace
    results.show_page(1)
    assert results.compared_pages.currentWidget() is results.no_compared
    first, second, _ = workspace.images.items
    counts = [workspace.counts.counts(item.id) for item in (first, second)]
    assert counts[0] is not None
    assert counts[1] is not None
    totals = {first.id: {"RBC": counts[0]["RBC"] + 2, "WBC": 1}, second.id: {"RBC": counts[1]["RBC"] - 1}}
    workspace.truths.set_totals(totals, "Type totals")
    table = results.compared_table
    qtbot.waitUntil(lambda: results.compared_pages.currentWidget() is table)
    assert names(table) == ["b.png", "a.png", "2 images"]
    both = counts[0]["RBC"] + counts[1]["RBC"]
    assert column(table, "RBC you") == [str(counts[0]["RBC"] + 2), str(counts[1]["RBC"] - 1), str(both + 1)]
    assert column(table, "RBC program") == [str(counts[0]["RBC"]), str(counts[1]["RBC"]), str(both)]
    assert column(table, "RBC difference") == ["\N{MINUS SIGN}2", "+1", "\N{MINUS SIGN}1"]
    assert column(table, "WBC you") == ["1", "–", "1"]
    results.copy()
    assert "\t-2\t" in QGuiApplication.clipboard().text()
    workspace.history.undo()
    qtbot.waitUntil(lambda: results.compared_pages.currentWidget() is results.no_compared)


def test_estimates_follow_what_the_laboratory_gives(results: ResultsPanel, window: MainWindow):
    results.show_page(2)
    model = results.estimates.model
    before = [row.what for row in model.rows]
    assert "White cells per 1,000 red cells" in before
    assert "Platelets by ratio" not in before
    window.workspace.estimates.set_input("analyser_rbc", 5.0)
    assert "Platelets by ratio" in [row.what for row in model.rows]
    window.workspace.history.undo()
    assert [row.what for row in model.rows] == before
    assert results.estimates.inputs["analyser_rbc"].text() == ""


def test_what_the_report_would_lack_is_said(results: ResultsPanel, window: MainWindow, make_smear: MakeSmear):
    workspace = window.workspace
    counted, reviewed, sample = results.side.checks
    assert (counted.done, reviewed.done, sample.done) == (True, False, False)
    assert sample.text.full_text == "Sample id missing"
    workspace.sample.set_id("24-1187")
    for item in workspace.images.items:
        workspace.images.set_current(item.id)
        workspace.editing.mark_reviewed(True)
    assert (counted.done, reviewed.done, sample.done) == (True, True, True)
    workspace.inference.queue.pause()
    workspace.images.add([make_smear("new.png", 4)[0]])
    assert not counted.done
    assert counted.text.full_text == "1 image still to be counted"
    assert results.totals.images.number.text() == "3 of 4"


def test_the_preview_is_the_report_as_it_would_be_now(results: ResultsPanel, window: MainWindow, qtbot: QtBot):
    workspace, preview = window.workspace, results.side.preview
    qtbot.waitUntil(lambda: preview.pages > 0, timeout=60_000)
    value = workspace.preview.value
    assert value is not None
    assert value.complete
    with PdfPages(value.pdf) as pages:
        assert len(pages) == preview.pages
        assert np.ptp(pages.render(0, 200)) > 200
    assert preview.number.text() == f"Page 1 of {preview.pages}"
    qtbot.mouseClick(preview.forward, Qt.MouseButton.LeftButton)
    assert preview.page == 1
    workspace.sample.set_id("24-1187")
    assert workspace.preview.outdated
    qtbot.waitUntil(lambda: not workspace.preview.outdated, timeout=60_000)
    assert workspace.preview.value is not value


def test_nothing_is_made_that_nobody_looks_at(results: ResultsPanel, window: MainWindow, qtbot: QtBot):
    preview = window.workspace.preview
    qtbot.waitUntil(lambda: preview.value is not None and not preview.busy, timeout=60_000)
    window.show_view(View.REVIEW)
    window.workspace.sample.set_id("24-1187")
    assert preview.outdated
    assert not preview.busy


def test_a_session_for_reading_only_is_shown_and_cannot_be_signed(
    results: ResultsPanel, window: MainWindow, qtbot: QtBot
):
    store = window.workspace.store
    path = store.path
    assert path is not None
    store.close()
    assert store.open(path, read_only=True)
    window.show_view(View.RESULTS)
    qtbot.waitUntil(lambda: window.workspace.counts.totals is not None)
    assert len(names(results.table)) == 3
    assert not results.side.sign_button.isEnabled()
    assert not results.estimates.inputs["analyser_rbc"].isEnabled()
    assert all(item.state is State.COUNTED for item in window.workspace.images.items)


def test_a_field_about_which_nothing_can_be_done_is_noted_not_to_be_checked(
    window: MainWindow, make_smear: MakeSmear, wait_counted: Callable[[MainWindow], None], qtbot: QtBot
):
    window.workspace.opening.open([make_smear("few.png", 1, 4)[0]])
    wait_counted(window)
    window.show_view(View.RESULTS)
    qtbot.waitUntil(lambda: window.workspace.counts.totals is not None)
    table = window.results.panel.table
    assert column(table, "Field") == ["Note"]
    reason = table.model().index(0, table.model().columnCount() - 2).data(Qt.ItemDataRole.ToolTipRole)
    assert "Too few cells" in reason


def test_the_differential_stands_below_the_totals_and_leads_to_all_of_it(
    results: ResultsPanel, window: MainWindow, qtbot: QtBot
):
    line, workspace = results.differential, window.workspace
    kinds = workspace.kinds
    assert line.isHidden()
    assert kinds.tree.add_ready_set("WBC")
    first, second, *_ = counted_cells(workspace, workspace.images.items[0].id, "RBC")
    assert kinds.typed.give([first], "monocyte")
    told = "Differential 1 of 100 · Monocyte 100 % (3 to 100)"
    qtbot.waitUntil(lambda: line.isVisible() and line.text.text() == told)
    assert "erythroblast" not in line.note.text()
    assert kinds.typed.give([second], "erythroblast")
    qtbot.waitUntil(lambda: "erythroblast" in line.note.text() and workspace.counts.totals is not None)
    assert workspace.counts.totals is not None
    white = workspace.counts.totals["WBC"]
    sentence = f"WBC {white} includes 1 erythroblast; without it {white - 1}."
    left = f" {white - 2} of {white} WBC have no confirmed kind." if white > 3 else ""
    qtbot.waitUntil(lambda: line.note.text().startswith(sentence + left))
    card = window.review.panel.classes.cards["WBC"]
    qtbot.waitUntil(lambda: "without 1 erythroblast" in card.ledger.text())
    assert f"Sample: {sentence}" in card.ledger.toolTip()
    assert "This image: WBC" in card.ledger.toolTip()
    qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    [dialog] = window.findChildren(DifferentialDialog)
    assert sentence in dialog.note.text()
    workspace.history.undo()
    qtbot.waitUntil(lambda: "erythroblast" not in line.note.text() and card.ledger.toolTip() == "")
    assert kinds.typed.give([second], NO_CELL)
    qtbot.waitUntil(lambda: line.note.text().endswith("Not counted, as users called them no cell: RBC 1."))
