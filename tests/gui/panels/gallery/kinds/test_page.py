"""Cells by kind, as a hand uses them: keys, clicks, drags, piles, and nothing that moves under the pointer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from core.kinds.tree import NO_CELL
from gui.commands.context import View
from gui.panels.gallery.kinds.content import UNSORTED, USEFUL
from tests.gui.panels.gallery.builders import LEFT
from tests.gui.panels.gallery.kinds.conftest import WAIT_MS

if TYPE_CHECKING:
    import pytest
    from PySide6.QtWidgets import QWidget
    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.kinds.page import KindsPage
    from gui.panels.gallery.kinds.view import PileView
    from gui.shell.window import MainWindow
    from gui.workspace.selection import CellOf

NORMAL, SPHEROCYTE = "normal-red-cell", "spherocyte"


def typed(window: MainWindow) -> dict[CellOf, str]:
    found = window.workspace.kinds.typed
    items = window.workspace.images.items
    return {(item.id, cell): kind for item in items for cell, kind in found.of(item.id).items()}


def red_cells(window: MainWindow) -> int:
    totals = window.workspace.counts.totals
    assert totals is not None
    return totals["RBC"]


def click_tile(qtbot: QtBot, view: PileView, row: int) -> CellOf:
    index = view.tile_model.index(row)
    view.scrollTo(index)
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.visualRect(index).center())
    return view.tiles.cells()[row]


def teach(window: MainWindow, qtbot: QtBot) -> None:
    """Call four cells of each image something else by keys, and have the piles made."""
    page = window.cells.kinds
    view = page.area.piles[UNSORTED].view
    page.area.piles[UNSORTED].show_all(True)
    first = window.workspace.images.items[0].id
    cells = view.tiles.cells()
    for image_is_first, key in ((True, Qt.Key.Key_1), (False, Qt.Key.Key_2)):
        rows = [row for row, (image, _) in enumerate(cells) if (image == first) is image_is_first][:4]
        for row in rows:
            click_tile(qtbot, view, row)
            qtbot.keyClick(view, key)
    qtbot.waitUntil(lambda: window.workspace.kinds.piles.figures("RBC") is not None, timeout=WAIT_MS)


def numbers(page: KindsPage, pile: str) -> tuple[int, int]:
    """Return how many tiles of a pile are suggested and how many are confirmed."""
    tiles = page.area.piles[pile].tiles
    return len(tiles) - int(tiles.by_hand.sum()), int(tiles.by_hand.sum())


def drop_on(target: QWidget, place: QPoint, mime: QMimeData) -> bool:
    move, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place, move, mime, LEFT, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(place), move, mime, LEFT, none)
    QApplication.sendEvent(target, event)
    return event.isAccepted()


def test_without_kinds_the_ready_sets_are_offered_and_the_switch_goes_back(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    assert by_kind.view is View.CELLS
    assert [kind.key for kind in by_kind.workspace.kinds.tree.tree.of_class("RBC")][:2] == [NORMAL, SPHEROCYTE]
    assert page.area.views[0].hasFocus() or page.tree.isVisible()
    qtbot.mouseClick(page.bar.switch.button(False), LEFT)
    assert by_kind.gallery.isVisible()
    assert not page.isVisible()
    qtbot.mouseClick(by_kind.gallery.bar.switch.button(True), LEFT)
    assert page.isVisible()


def test_a_key_gives_a_kind_and_goes_on_and_the_windows_keys_stay_elsewhere(by_kind: MainWindow, qtbot: QtBot) -> None:
    page, before = by_kind.cells.kinds, by_kind.workspace.counts.totals
    useful = page.area.piles[USEFUL].view
    first = click_tile(qtbot, useful, 0)
    assert by_kind.workspace.selection.all == [first]
    qtbot.keyClick(useful, Qt.Key.Key_2)
    assert typed(by_kind) == {first: SPHEROCYTE}
    assert by_kind.workspace.counts.totals == before  # 2 is not the key of the second class here
    second = useful.tiles.cells()[1]
    assert by_kind.workspace.selection.all == [second]
    qtbot.keyClick(useful, Qt.Key.Key_1)
    assert typed(by_kind) == {first: SPHEROCYTE, second: NORMAL}
    qtbot.keyClick(useful, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert typed(by_kind) == {first: SPHEROCYTE}
    qtbot.mouseClick(page.bar.switch.button(False), LEFT)
    qtbot.waitUntil(lambda: "RBC" in by_kind.gallery.sections and len(by_kind.gallery.sections["RBC"].view.tiles) > 0)
    view = by_kind.gallery.sections["RBC"].view
    qtbot.mouseClick(view.viewport(), LEFT, pos=view.visualRect(view.tile_model.index(0)).center())
    qtbot.keyClick(view, Qt.Key.Key_2)
    assert by_kind.workspace.counts.totals != before


def test_a_pile_is_accepted_and_undone_and_suggestions_are_never_counted_as_confirmed(
    by_kind: MainWindow, qtbot: QtBot
) -> None:
    teach(by_kind, qtbot)
    page = by_kind.cells.kinds
    qtbot.mouseClick(page.bar.sort_button, LEFT)
    name = max((NORMAL, SPHEROCYTE), key=lambda kind: numbers(page, kind)[0])
    suggested, confirmed = numbers(page, name)
    pile = page.area.piles[name]
    assert suggested > 0
    assert confirmed == 4
    assert f"confirmed {confirmed} · suggested {suggested}" in pile.numbers.text()
    assert str(pile.view.tile_model.index(0).data()).endswith(" %")
    assert not pile.view.pile_model.tile(0).firm
    before = typed(by_kind)
    qtbot.mouseClick(pile.accept_button, LEFT)
    assert set(typed(by_kind).values()) == {NORMAL, SPHEROCYTE}
    assert len(typed(by_kind)) == 8 + suggested
    qtbot.waitUntil(lambda: numbers(page, name) == (0, suggested + confirmed), timeout=WAIT_MS)
    assert pile.view.pile_model.tile(0).firm
    assert not pile.accept_button.isEnabled()
    by_kind.actions_["undo"].trigger()
    assert typed(by_kind) == before


def test_return_accepts_one_suggestion_and_backspace_takes_a_kind_away(by_kind: MainWindow, qtbot: QtBot) -> None:
    teach(by_kind, qtbot)
    page = by_kind.cells.kinds
    page.sort_again()
    name = max((NORMAL, SPHEROCYTE), key=lambda kind: numbers(page, kind)[0])
    view = page.area.piles[name].view
    cell = click_tile(qtbot, view, 0)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert typed(by_kind)[cell] == name
    click_tile(qtbot, view, 0)
    qtbot.keyClick(view, Qt.Key.Key_Backspace)
    assert cell not in typed(by_kind)


def test_accept_and_take_away_can_be_chosen_only_where_they_do_something(by_kind: MainWindow, qtbot: QtBot) -> None:
    accept, clear = by_kind.actions_["accept_kind"], by_kind.actions_["clear_kind"]
    page = by_kind.cells.kinds
    click_tile(qtbot, page.area.piles[USEFUL].view, 0)
    assert not accept.isEnabled()  # nothing is suggested yet
    assert not clear.isEnabled()
    teach(by_kind, qtbot)
    page.sort_again()
    name = max((NORMAL, SPHEROCYTE), key=lambda kind: numbers(page, kind)[0])
    pile = page.area.piles[name]
    pile.show_all(True)
    view = pile.view
    click_tile(qtbot, view, int(view.tiles.by_hand.argmax()))
    assert clear.isEnabled()
    assert not accept.isEnabled()
    cell = click_tile(qtbot, view, 0)
    assert accept.isEnabled()
    assert not clear.isEnabled()
    accept.trigger()
    assert typed(by_kind)[cell] == name
    qtbot.waitUntil(lambda: clear.isEnabled() and not accept.isEnabled(), timeout=WAIT_MS)
    clear.trigger()
    qtbot.waitUntil(lambda: not clear.isEnabled(), timeout=WAIT_MS)
    assert cell not in typed(by_kind)


def test_of_an_unsure_cell_nothing_is_accepted(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    view = page.area.piles[USEFUL].view
    cell = click_tile(qtbot, view, 0)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert typed(by_kind) == {}
    assert by_kind.workspace.selection.all == [cell]  # it still waits for a kind


def test_nothing_moves_while_one_works_in_the_piles(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    view = page.area.piles[USEFUL].view
    click_tile(qtbot, view, 0)
    before, places = page.area.layout_, [page.area.point_of(cell) for cell in page.area.layout_[UNSORTED]]
    teach(by_kind, qtbot)
    qtbot.waitUntil(page.bar.sort_button.isEnabled, timeout=WAIT_MS)
    assert page.area.layout_ == before
    assert page.area.piles[UNSORTED].numbers.text().startswith("They are sorted by now: Sort again (Ctrl+R)")
    page.area.verticalScrollBar().setValue(0)
    page.area.piles[UNSORTED].show_all(False)
    assert [page.area.point_of(cell) for cell in page.area.layout_[UNSORTED]] == places
    qtbot.keyClick(QApplication.focusWidget() or page, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert page.area.layout_ != before
    assert not page.bar.sort_button.isEnabled()


def test_after_the_most_useful_cells_were_named_others_are_offered(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    view = page.area.piles[USEFUL].view
    batch = list(page.area.layout_[USEFUL])
    first = by_kind.workspace.images.items[0].id
    click_tile(qtbot, view, 0)
    for image, _ in batch:
        qtbot.keyClick(view, Qt.Key.Key_1 if image == first else Qt.Key.Key_2)
    assert set(typed(by_kind)) == set(batch)
    qtbot.waitUntil(lambda: not set(page.area.layout_.get(USEFUL, [])) & set(batch), timeout=WAIT_MS)
    assert by_kind.workspace.selection.all == page.area.layout_[USEFUL][:1]
    assert view.hasFocus()


def test_cells_are_dropped_on_a_kind_in_the_tree_and_on_a_pile(
    by_kind: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = by_kind.cells.kinds
    tree = page.tree
    item = tree.findItems("Teardrop", Qt.MatchFlag.MatchRecursive)[0]
    target: list[tuple[QWidget, QPoint]] = [(tree.viewport(), tree.visualItemRect(item).center())]

    def run(self: QDrag, *_: object) -> Qt.DropAction:
        assert drop_on(*target[0], self.mimeData())
        return Qt.DropAction.MoveAction

    monkeypatch.setattr(QDrag, "exec", run)  # the offscreen platform has no drag and drop
    view = page.area.piles[USEFUL].view

    def drag(row: int) -> CellOf:
        place = view.visualRect(view.tile_model.index(row)).center()
        qtbot.mousePress(view.viewport(), LEFT, pos=place)
        for step in (5, 15):
            qtbot.mouseMove(view.viewport(), place + QPoint(QApplication.startDragDistance() + step, 0))
        qtbot.mouseRelease(view.viewport(), LEFT, pos=place)
        return view.tiles.cells()[row]

    cell = drag(2)
    assert typed(by_kind) == {cell: "teardrop"}
    pile = page.area.piles[UNSORTED]
    target[0] = pile, QPoint(40, 12)
    drag(2)
    assert typed(by_kind) == {}


def test_what_a_second_reading_is_told_does_not_stay(by_kind: MainWindow, qtbot: QtBot) -> None:
    page = by_kind.cells.kinds
    cells = list(page.naming.cells.rows)[:3]
    assert by_kind.workspace.kinds.typed.give(cells, SPHEROCYTE)
    page.set_reading("Bea")
    pile = page.area.piles[UNSORTED]
    qtbot.waitUntil(lambda: pile.numbers.text().endswith("a second reading gets no suggestions."), timeout=WAIT_MS)
    assert len(pile.tiles) == 3
    qtbot.mouseClick(page.bar.end_button, LEFT)
    qtbot.waitUntil(lambda: pile.numbers.text().startswith("The program sorts them once"), timeout=WAIT_MS)


def test_no_image_is_removed_by_a_menu_while_cells_of_others_are_selected(by_kind: MainWindow) -> None:
    remove = by_kind.actions_["remove_picture"]
    assert not remove.isEnabled()
    by_kind.show_view(View.REVIEW)
    assert remove.isEnabled()


def test_no_cell_leaves_the_count_and_its_tile_stays(by_kind: MainWindow, qtbot: QtBot) -> None:
    page, before = by_kind.cells.kinds, by_kind.workspace.counts.totals
    assert before is not None
    view = page.area.piles[USEFUL].view
    cell = click_tile(qtbot, view, 0)
    qtbot.keyClick(view, Qt.Key.Key_0)
    assert typed(by_kind) == {cell: NO_CELL}
    qtbot.waitUntil(lambda: red_cells(by_kind) == before["RBC"] - 1)
    QApplication.processEvents()
    assert view.tiles.cells()[0] == cell
    qtbot.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert by_kind.workspace.counts.totals == before


def test_a_double_click_shows_the_cell_in_its_image(by_kind: MainWindow, qtbot: QtBot) -> None:
    view = by_kind.cells.kinds.area.piles[USEFUL].view
    image, cell = click_tile(qtbot, view, 3)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=view.visualRect(view.tile_model.index(3)).center())
    assert by_kind.view is View.REVIEW
    assert by_kind.workspace.images.current_id == image
    assert by_kind.workspace.selection.cells == (cell,)
