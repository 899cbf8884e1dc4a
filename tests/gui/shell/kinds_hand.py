"""A hand that names cells by kind in the window, and knows what they truly are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from gui.panels.gallery.kinds.content import UNSORTED, UNSURE, USEFUL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytestqt.qtbot import QtBot

    from gui.panels.gallery.kinds.page import KindsPage
    from gui.panels.gallery.kinds.pile import Pile
    from gui.shell.window import MainWindow
    from gui.workspace.selection import CellOf
    from tests.gui.shell.hand import Hand

CLASS = "WBC"
WAIT_MS = 120_000
CTRL = Qt.KeyboardModifier.ControlModifier


class KindsHand:
    """Works in Cells, by kind, with real clicks and keys that ``hand`` counts."""

    def __init__(self, window: MainWindow, hand: Hand, qtbot: QtBot, truth: Callable[[CellOf], str]) -> None:
        self.window = window
        self.hand = hand
        self._qtbot = qtbot
        self._truth = truth

    @property
    def page(self) -> KindsPage:
        return self.window.cells.kinds

    def open_kinds(self) -> None:
        """Go to the cells by kind with a key, from the image."""
        self.window.canvas.setFocus()
        self.hand.key(Qt.Key.Key_K, CTRL)

    def choose_ready_set(self) -> None:
        """Choose the usual kinds of white cells on the empty page, and wait until all cells were looked at."""
        button = self.page.empty.ready[CLASS]
        self._qtbot.waitUntil(button.isVisible)
        self.hand.click(button)
        self.wait()

    def wait(self) -> None:
        """Wait until the program has looked at all cells and sorted them; a hand would not notice."""
        kinds = self.window.workspace.kinds
        self._qtbot.waitUntil(lambda: not kinds.embeddings.waiting, timeout=WAIT_MS)
        sorted_ = []
        kinds.piles.changed.connect(lambda: sorted_.append(True))
        kinds.piles.sort_now()
        self._qtbot.waitUntil(lambda: bool(sorted_), timeout=WAIT_MS)
        QApplication.processEvents()

    def true_kind(self, cell: CellOf) -> str:
        return self._truth(cell)

    def key_of(self, cell: CellOf) -> Qt.Key:
        """Return the key of what a cell truly is."""
        kind = self.window.workspace.kinds.tree.tree.get(self._truth(cell))
        assert kind is not None
        return Qt.Key(ord(kind.shortcut))

    def click_cell(self, pile: Pile, cell: CellOf) -> None:
        view = pile.view
        row = view.tiles.row_of(cell[1])
        assert row is not None
        if row >= 3 * view.columns and pile.more.isVisible() and not pile.shows_all:
            self.hand.click(pile.more)
        index = view.tile_model.index(row)
        view.scrollTo(index)
        self.hand.click(view.viewport(), view.visualRect(index).center())

    def name_in_a_row(self, pile: str, cells: Iterable[CellOf]) -> None:
        """Name cells of a pile by their keys: a click on the first; after each the next one is selected."""
        view = self.page.area.piles[pile].view
        for cell in cells:
            if self.window.workspace.selection.all != [cell] or not view.hasFocus():
                self.click_cell(self.page.area.piles[pile], cell)
            self.hand.key(self.key_of(cell))

    def name_most_useful(self) -> None:
        """Name the most useful cells, all that are offered at once."""
        self.name_in_a_row(USEFUL, list(self.page.area.layout_[USEFUL]))
        self.wait()

    def sort_again(self) -> None:
        self.hand.key(Qt.Key.Key_R, CTRL)

    def accept_piles(self) -> None:
        """Accept each pile with a click, and correct what is wrong in it by a click and a key."""
        area = self.page.area
        for name in list(area.layout_):
            pile = area.piles[name]
            if not pile.is_kind or not pile.suggested():
                continue
            wrong = [cell for cell in pile.suggested() if self._truth(cell) != name]
            self.hand.click(pile.accept_button)
            for cell in wrong:
                self.click_cell(pile, cell)
                self.hand.key(self.key_of(cell))
        self.wait()

    def name_the_rest(self) -> None:
        """Name what is unsure, and what is not sorted, cell by cell."""
        for name in (UNSURE, UNSORTED):
            if name in self.page.area.layout_:
                tiles = self.page.area.piles[name].tiles
                rest = [cell for cell, said in zip(tiles.cells(), tiles.by_hand.tolist(), strict=True) if not said]
                self.name_in_a_row(name, rest)
        self.wait()

    def said(self) -> dict[CellOf, str]:
        """Return what users said of all cells."""
        typed = self.window.workspace.kinds.typed
        items = self.window.workspace.images.items
        return {(item.id, cell): kind for item in items for cell, kind in typed.of(item.id).items()}
