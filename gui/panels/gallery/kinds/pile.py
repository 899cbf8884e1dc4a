"""One pile: its heading with numbers and what can be done with it, and its tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from core.text import gettext, ngettext
from gui.panels.gallery.dragging import DropCard
from gui.panels.gallery.kinds.content import EXAMPLES, UNSORTED, UNSURE, USEFUL, KindTiles
from gui.panels.gallery.kinds.view import PileView
from gui.widgets.colour import swatch
from gui.widgets.elided import ElidedLabel

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.kinds.tree import KindTree
    from gui.widgets.tiles.crops import Crops
    from gui.workspace.selection import CellOf

_FEW_LINES = 3
_TITLES = {
    USEFUL: gettext("Next most useful"),
    UNSURE: gettext("Unsure"),
    UNSORTED: gettext("Not sorted yet"),
    EXAMPLES: gettext("Examples"),
}
_NOTES = {
    USEFUL: gettext("Say what these are, and the program learns the most."),
    UNSURE: gettext("Two kinds are about as likely; the least certain come first."),
    UNSORTED: gettext("The program sorts them once two kinds have three examples each."),
}
_SORTED_BY_NOW = gettext("They are sorted by now: Sort again (Ctrl+R) puts each into its pile.")
_SECOND = gettext("Press the key of each; a second reading gets no suggestions.")


class Pile(DropCard):
    """The cells of one kind, or those that are unsure, not sorted, or the most useful to look at."""

    dropped = Signal(str, object)  # key of a kind, "" to take the kind away; cells and their images
    accepted = Signal(object)  # cells and their images

    def __init__(
        self,
        class_name: str,
        pile: str,
        crops: Crops,
        about: Callable[[int], str],
        kind_of_key: Callable[[str], str],
        dragged: Callable[[QMimeData], list[CellOf]],
    ) -> None:
        """``about``, ``kind_of_key``: see ``PileView``; ``dragged``: the cells of a drag that may be dropped here."""
        super().__init__(dragged)
        self.pile = pile
        self._all = self._second = False
        self.setAcceptDrops(pile not in (USEFUL, EXAMPLES))
        self.cells_dropped.connect(lambda cells: self.dropped.emit(pile if self.is_kind else "", cells))
        self.swatch = QLabel()
        self.name = QLabel(_TITLES.get(pile, ""))
        self.name.setObjectName("className")
        self.keycap = QLabel()
        self.keycap.setObjectName("keycap")
        self.keycap.hide()
        self.numbers = ElidedLabel(_NOTES.get(pile, ""), Qt.TextElideMode.ElideRight)
        self.numbers.setObjectName("faint")
        self.more = QToolButton()
        self.more.setObjectName("flat")
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.clicked.connect(lambda *_: self.show_all(not self._all))
        self.accept_button = QPushButton()
        self.accept_button.setMinimumWidth(92)
        self.accept_button.clicked.connect(lambda *_: self.accept())
        self.view = PileView(class_name, pile, crops, about, kind_of_key)
        self.view.left.connect(lambda *_: self.show_all(True) if self._folded else None)
        self._lay_out()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setContentsMargins(8, 4, 6, 4)
        heading.setSpacing(8)
        for widget in (self.swatch, self.name, self.keycap):
            heading.addWidget(widget)
        heading.addWidget(self.numbers, 1)
        heading.addWidget(self.more)
        self._heading = heading
        heading.addWidget(self.accept_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(3, 3, 3, 3)
        layout.setSpacing(2)
        layout.addLayout(heading)
        layout.addWidget(self.view)
        for widget in (self.swatch, self.accept_button):
            widget.setVisible(self.is_kind)
        self.view.show_lines(_FEW_LINES)

    def add_tool(self, tool: QWidget) -> None:
        """Put something more into the heading."""
        self._heading.insertWidget(self._heading.indexOf(self.more), tool)

    @property
    def is_kind(self) -> bool:
        """Whether this is the pile of a kind."""
        return self.pile not in _TITLES

    @property
    def tiles(self) -> KindTiles:
        """The cells of the pile."""
        tiles = self.view.tiles
        return tiles if isinstance(tiles, KindTiles) else KindTiles.none()

    def show_kind(self, tree: KindTree) -> None:
        """Show name, key and colour as the tree has them."""
        self.view.pile_model.tree = tree
        kind = tree.get(self.pile) if self.is_kind else None
        name = _TITLES.get(self.pile) or tree.name(self.pile)
        self.name.setText(name)
        self.view.setAccessibleName(name)
        self.keycap.setVisible(kind is not None and bool(kind.shortcut))
        if kind is not None:
            self.keycap.setText(kind.shortcut)
            self.swatch.setPixmap(swatch(kind.colour).pixmap(14, 14))

    def show_reading(self, second: bool) -> None:
        """Say what is to be done with cells that are not sorted, in a second reading or in the usual one."""
        self._second = second
        self.say(_SECOND if second else _NOTES[self.pile])

    def say(self, text: str) -> None:
        """Say something of the pile in its heading."""
        self.numbers.setText(text)

    def show_tiles(self, tiles: KindTiles) -> None:
        """Show cells and how many they are."""
        self.view.show_tiles(tiles, from_top=False)
        if self.is_kind:
            mine = tiles.kinds == self.pile
            open_ = int((mine & ~tiles.by_hand & ~tiles.left_out).sum())
            self.numbers.setText(_numbers_text(int((tiles.by_hand & mine).sum()), open_, int(tiles.left_out.sum())))
            self.accept_button.setText(gettext("Accept {n:,}").format(n=open_) if open_ else gettext("Accepted"))
            self.accept_button.setEnabled(open_ > 0)
            many = ngettext("Confirm {n:,} suggestion of this pile", "Confirm {n:,} suggestions of this pile", open_)
            self.accept_button.setToolTip(many.format(n=open_))
            name = gettext("Accept the pile {name}").format(name=self.name.text())
            self.accept_button.setAccessibleName(name)
        elif self.pile == UNSORTED and not self._second:
            sorted_ = bool((tiles.kinds != "").any()) or bool((tiles.scores >= 0).any())
            self.say(_SORTED_BY_NOW if sorted_ else _NOTES[UNSORTED])
        self._show_more()

    def _show_more(self) -> None:
        self.more.setVisible(self.view.lines > _FEW_LINES)
        number = len(self.view.tiles)
        self.more.setText(gettext("Show fewer") if self._all else gettext("Show all {n:,}").format(n=number))
        self.more.setAccessibleName(f"{self.more.text()}: {self.name.text()}")

    @property
    def shows_all(self) -> bool:
        """Whether all lines of tiles are shown."""
        return self._all

    @property
    def _folded(self) -> bool:
        return not self._all and self.view.lines > _FEW_LINES

    def show_all(self, everything: bool) -> None:
        """Show all lines of tiles, or the first ones."""
        self._all = everything
        self.view.show_lines(0 if everything else _FEW_LINES)
        self._show_more()

    def suggested(self) -> list[CellOf]:
        """Return the cells that are suggested as this kind, as they are shown."""
        tiles = self.tiles
        rows = np.flatnonzero((tiles.kinds == self.pile) & ~tiles.by_hand & ~tiles.left_out)
        return list(zip(tiles.images[rows].tolist(), tiles.ids[rows].tolist(), strict=True))

    def accept(self) -> None:
        """Confirm what is suggested here."""
        cells = self.suggested()
        if self.is_kind and cells:
            self.accepted.emit(cells)


def _numbers_text(confirmed: int, suggested: int, left_out: int) -> str:
    """Return how many cells are confirmed, suggested and left out of the counts; these are never added up."""
    text = gettext("confirmed {confirmed:,} · suggested {suggested:,}")
    if left_out:
        text = gettext("confirmed {confirmed:,} · suggested {suggested:,} · left out {left_out:,}")
    return text.format(confirmed=confirmed, suggested=suggested, left_out=left_out)
