"""The history and the conflicts of a real session, beside the workspace that makes them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from gui.panels.history.panel import HistoryPanel
from gui.preferences import Theme
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.messages import Level
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytestqt.qtbot import QtBot

WHEN, WHO, WHAT, PICTURE = range(4)
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def workspace(qtbot: QtBot, model_path: Path, tmp_path: Path, smear_file: Callable[[str], Path]) -> Iterator[Workspace]:
    """A workspace with a counted image, corrected by Anna."""
    workspace = Workspace(model_path, tmp_path / "sessions", "Anna")
    workspace.opening.open([smear_file("one.png")])
    qtbot.waitUntil(lambda: workspace.images.items[0].state is State.COUNTED, timeout=60_000)
    yield workspace
    workspace.close()
    workspace.deleteLater()


@pytest.fixture
def panel(qtbot: QtBot, workspace: Workspace) -> Iterator[HistoryPanel]:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    panel = HistoryPanel(workspace)
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.close()


@pytest.fixture
def keep_watch(panel: HistoryPanel) -> None:
    """Let Qt watch over the models; it reads all there is to read of a long one."""
    for model in (panel.model, panel.conflicts.model):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, panel)


@pytest.fixture
def second_picture(qtbot: QtBot, workspace: Workspace, smear_file: Callable[[str], Path]) -> None:
    """A second image on the list, which is the current one then."""
    workspace.opening.open([smear_file("two.png")])
    qtbot.waitUntil(lambda: workspace.images.items[1].state is State.COUNTED, timeout=60_000)


def cells(workspace: Workspace) -> list[int]:
    """The ids of the counted cells of the current picture."""
    item, current = workspace.images.current, workspace.counts.current_cells()
    result = workspace.counts.result(item.id if item else None)
    assert current is not None
    assert result is not None
    return current.cells.ids[result.counted].tolist()


def column(panel: HistoryPanel, which: int) -> list[str]:
    return [str(panel.model.index(row, which).data()) for row in range(panel.model.rowCount())]


def set_conflicts(workspace: Workspace, conflicts: dict[int, list[tuple[int, str]]]) -> None:
    """Store conflicts by image, as counting again does, and open the session as it then is."""
    session = workspace.store.session
    assert session is not None
    for image, sentences in conflicts.items():
        session.conflicts.replace(image, sentences)
    path = session.path
    workspace.store.close()
    assert workspace.store.open(path)


def double_click(qtbot: QtBot, panel: HistoryPanel, row: int) -> None:
    place = panel.table.visualRect(panel.model.index(row, WHAT)).center()
    qtbot.mouseClick(panel.table.viewport(), LEFT, pos=place)
    qtbot.mouseDClick(panel.table.viewport(), LEFT, pos=place)


def test_an_edit_is_told_with_who_when_what_and_where(panel: HistoryPanel, workspace: Workspace) -> None:
    before = datetime.now().astimezone().replace(microsecond=0)
    workspace.editing.reclassify(cells(workspace)[:1], "WBC")
    assert column(panel, WHO)[0] == "Anna"
    assert column(panel, WHAT)[0] == "Make WBC"
    assert column(panel, PICTURE)[0] == "one.png"
    when = datetime.strptime(column(panel, WHEN)[0], "%Y-%m-%d %H:%M:%S").astimezone()
    assert before <= when <= datetime.now().astimezone()
    tip = panel.model.index(0, WHEN).data(Qt.ItemDataRole.ToolTipRole)
    assert datetime.fromisoformat(tip) == when
    assert panel.model.index(0, PICTURE).data(Qt.ItemDataRole.ToolTipRole) == str(workspace.images.items[0].path)


@pytest.mark.usefixtures("keep_watch")
def test_undo_and_redo_stay_in_the_history(panel: HistoryPanel, workspace: Workspace) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    told = column(panel, WHAT)[0]
    workspace.history.undo()
    workspace.history.redo()
    workspace.history.undo()
    assert column(panel, WHAT)[:4] == [f"Undo: {told}", f"Redo: {told}", f"Undo: {told}", told]


def test_undo_is_told_rightly_when_the_session_is_opened_again(panel: HistoryPanel, workspace: Workspace) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    workspace.history.undo()
    workspace.history.redo()
    told = column(panel, WHAT)
    session = workspace.store.session
    assert session is not None
    path = session.path
    workspace.store.close()
    assert panel.pages.currentWidget() is panel.empty
    assert workspace.store.open(path)
    assert column(panel, WHAT) == told
    assert told[0].startswith("Redo: ")


def test_the_latest_line_alone_tells_undo_from_redo(
    panel: HistoryPanel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    for _ in range(2):
        workspace.history.undo()
        workspace.history.redo()
    monkeypatch.setattr("gui.panels.history.table._BATCH", 1)
    panel.model.read(None)
    assert column(panel, WHAT)[0].startswith("Redo: ")
    workspace.history.undo()
    panel.model.read(None)
    assert column(panel, WHAT)[0].startswith("Undo: ")


@pytest.mark.usefixtures("keep_watch")
def test_only_this_picture(panel: HistoryPanel, workspace: Workspace, second_picture: None, qtbot: QtBot) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    workspace.images.set_current(workspace.images.items[0].id)
    workspace.editing.mark_reviewed(True)
    everything = column(panel, WHAT)
    assert set(column(panel, PICTURE)) == {"one.png", "two.png", ""}  # the last is about opening them
    panel.only_current.click()
    assert column(panel, WHAT) == ["Mark reviewed"]
    workspace.images.set_current(workspace.images.items[1].id)
    assert column(panel, PICTURE) == ["two.png"]
    assert panel.table.isColumnHidden(PICTURE)
    panel.only_current.click()
    assert column(panel, WHAT) == everything
    assert not panel.table.isColumnHidden(PICTURE)


def test_a_double_click_goes_to_the_picture(
    panel: HistoryPanel, workspace: Workspace, second_picture: None, qtbot: QtBot
) -> None:
    workspace.images.set_current(workspace.images.items[0].id)
    workspace.editing.remove_cells(cells(workspace)[:1])
    workspace.images.set_current(workspace.images.items[1].id)
    double_click(qtbot, panel, 0)
    assert workspace.images.current_position == 0
    workspace.images.remove([workspace.images.items[0].id])
    with qtbot.waitSignal(workspace.messages.posted) as said:
        double_click(qtbot, panel, 1)
    assert said.args is not None
    assert said.args[0] is Level.INFO
    assert "no longer on the list" in said.args[1]


def test_a_line_about_no_picture_leads_nowhere(panel: HistoryPanel, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.settings.set_threshold("RBC", 0.77)
    qtbot.waitUntil(lambda: bool(column(panel, WHAT)) and column(panel, WHAT)[0].startswith("Threshold"))
    assert column(panel, PICTURE)[0] == ""
    with qtbot.assertNotEmitted(workspace.images.current_changed):
        double_click(qtbot, panel, 0)


def test_hidden_it_reads_nothing_and_shown_again_it_is_up_to_date(
    panel: HistoryPanel, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.hide()
    reads: list[int] = []
    real = workspace.history.lines
    monkeypatch.setattr(workspace.history, "lines", lambda *args, **names: reads.append(1) or real(*args, **names))
    workspace.editing.remove_cells(cells(workspace)[:1])
    assert not reads
    panel.show()
    assert column(panel, WHAT)[0].startswith("Remove")


def test_a_long_history_is_read_as_it_is_scrolled_to(
    panel: HistoryPanel, workspace: Workspace, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.panels.history.table._BATCH", 40)
    session = workspace.store.session
    assert session is not None
    for number in range(100):
        session.edits.note("Bert", None, f"Note {number}")
    workspace.store.session_changed.emit()
    assert panel.model.rowCount() == 40
    bar = panel.table.verticalScrollBar()

    def scrolled_to_the_first_note() -> bool:
        bar.setValue(bar.maximum())
        return "Note 0" in column(panel, WHAT)

    qtbot.waitUntil(scrolled_to_the_first_note)
    assert not panel.model.canFetchMore(QModelIndex())
    assert [text for text in column(panel, WHAT) if text.startswith("Note")] == [f"Note {n}" for n in range(99, -1, -1)]


def test_a_new_line_leaves_the_marked_one_marked(panel: HistoryPanel, workspace: Workspace) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    panel.table.selectRow(0)
    workspace.editing.mark_reviewed(True)
    assert column(panel, WHAT)[0] == "Mark reviewed"
    assert panel.table.currentIndex().row() == 1


def test_an_empty_history_says_so(panel: HistoryPanel, workspace: Workspace) -> None:
    workspace.store.close()
    assert panel.pages.currentWidget() is panel.empty
    assert panel.empty.text() == "Nothing was done yet"


def test_narrow_who_and_picture_are_a_second_line(panel: HistoryPanel, workspace: Workspace) -> None:
    workspace.editing.remove_cells(cells(workspace)[:1])
    height = panel.table.rowHeight(0)
    panel.resize(300, 600)
    assert panel.width() == 300
    assert panel.table.isColumnHidden(WHO)
    assert panel.table.isColumnHidden(PICTURE)
    assert panel.table.rowHeight(0) > height
    assert panel.table.horizontalHeader().length() <= panel.table.viewport().width()
    panel.resize(900, 600)
    assert not panel.table.isColumnHidden(WHO)
    assert panel.table.rowHeight(0) == height


def test_the_name_that_signs_stands_on_top_and_can_be_changed(
    panel: HistoryPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    assert panel.signed.text() == "Edits bear the name Anna"
    with qtbot.waitSignal(panel.name_wanted):
        qtbot.mouseClick(panel.change, LEFT)
    workspace.store.user = ""
    panel.show_person()
    assert "no name" in panel.signed.text()
    workspace.store.user = "Bert"
    workspace.editing.mark_reviewed(True)
    assert panel.signed.text() == "Edits bear the name Bert"
    assert column(panel, WHO)[0] == "Bert"


def test_no_conflicts(panel: HistoryPanel) -> None:
    assert panel.tabs.tabText(1) == "Conflicts"
    assert panel.conflicts.pages.currentWidget() is panel.conflicts.empty


def test_conflicts_are_walked_from_picture_to_picture(
    panel: HistoryPanel, workspace: Workspace, second_picture: None, qtbot: QtBot
) -> None:
    there = cells(workspace)
    workspace.images.set_current(workspace.images.items[0].id)
    here = cells(workspace)
    first, second = (item.id for item in workspace.images.items)
    set_conflicts(workspace, {first: [(here[2], "First."), (here[5], "Second.")], second: [(there[3], "Third.")]})
    panel.show_conflicts()
    page = panel.conflicts
    assert panel.tabs.currentWidget() is page
    assert panel.tabs.tabText(1) == "Conflicts (3)"
    assert [page.model.index(row, 0).data() for row in range(3)] == ["First.", "Second.", "Third."]
    assert [page.model.image_of(row) for row in range(3)] == ["one.png", "one.png", "two.png"]

    def walk(button: object, picture: int, cell: int) -> None:
        with qtbot.waitSignal(workspace.selection.reveal_cell) as shown:
            qtbot.mouseClick(button, LEFT)
        assert shown.args == [cell]
        assert workspace.images.current_position == picture
        assert workspace.selection.cells == (cell,)

    walk(page.next, 0, here[2])
    walk(page.next, 0, here[5])
    walk(page.next, 1, there[3])
    walk(page.next, 0, here[2])
    walk(page.previous, 1, there[3])


@pytest.mark.usefixtures("keep_watch")
def test_done_takes_a_conflict_off_for_good_and_shows_the_next(
    panel: HistoryPanel, workspace: Workspace, qtbot: QtBot
) -> None:
    here = cells(workspace)
    set_conflicts(workspace, {workspace.images.items[0].id: [(here[2], "First."), (here[5], "Second.")]})
    panel.show_conflicts()
    page = panel.conflicts
    qtbot.mouseClick(page.next, LEFT)
    qtbot.mouseClick(page.done, LEFT)
    assert panel.tabs.tabText(1) == "Conflicts (1)"
    assert workspace.selection.cells == (here[5],)
    set_conflicts(workspace, {})
    assert [conflict.text for conflict in workspace.conflicts.all] == ["Second."]
    qtbot.mouseClick(page.done, LEFT)
    qtbot.mouseClick(page.done, LEFT)
    assert workspace.conflicts.all == []
    assert page.pages.currentWidget() is page.empty
    assert panel.tabs.tabText(1) == "Conflicts"


def test_a_click_on_a_conflict_shows_its_cell(panel: HistoryPanel, workspace: Workspace, qtbot: QtBot) -> None:
    here = cells(workspace)
    set_conflicts(workspace, {workspace.images.items[0].id: [(here[2], "First."), (here[5], "Second.")]})
    panel.show_conflicts()
    page = panel.conflicts
    qtbot.mouseClick(page.list.viewport(), LEFT, pos=page.list.visualRect(page.model.index(1, 0)).center())
    assert workspace.selection.cells == (here[5],)


def test_a_comment_is_about_what_is_marked_and_stays(panel: HistoryPanel, workspace: Workspace, qtbot: QtBot) -> None:
    cells = workspace.counts.current_cells()
    assert cells is not None
    number = int(cells.cells.ids[0])
    workspace.editing.remove_cells([number])
    line = panel.comment
    assert "this image" in line.field.placeholderText()
    panel.table.selectRow(0)
    assert "Remove" in line.field.placeholderText()
    qtbot.keyClicks(line.field, "a stain, not a cell")
    qtbot.keyClick(line.field, Qt.Key.Key_Return)
    assert line.field.text() == ""
    latest = workspace.history.lines(None, 1)[0]
    assert latest.text.startswith("Comment on “Remove")
    assert latest.text.endswith(": a stain, not a cell")
    assert latest.user == workspace.store.user
    workspace.history.undo()
    assert any(row.text == latest.text for row in workspace.history.lines())


def test_a_selected_cell_can_be_commented_on(panel: HistoryPanel, workspace: Workspace, qtbot: QtBot) -> None:
    cells = workspace.counts.current_cells()
    assert cells is not None
    workspace.selection.set([int(cells.cells.ids[0])])
    assert "the cell at" in panel.comment.field.placeholderText()
    panel.comment.field.setText("  blast?  ")
    qtbot.mouseClick(panel.comment.button, Qt.MouseButton.LeftButton)
    assert workspace.history.lines(None, 1)[0].text.endswith(": blast?")
    panel.comment.field.setText("   ")
    qtbot.mouseClick(panel.comment.button, Qt.MouseButton.LeftButton)
    assert workspace.history.lines(None, 1)[0].text.endswith(": blast?")
