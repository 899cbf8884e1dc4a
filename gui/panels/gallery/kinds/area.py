"""The piles one below the other. Nothing in them changes its place while somebody works there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QFrame, QScrollArea, QVBoxLayout, QWidget

from core.kinds.tree import KindTree
from core.text import gettext
from gui.panels.gallery.kinds.content import UNSORTED, USEFUL, CellList, ClassCells
from gui.panels.gallery.kinds.pile import Pile
from gui.panels.gallery.view import USUAL_SIDE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from PySide6.QtCore import QMimeData

    from gui.panels.gallery.kinds.view import PileView
    from gui.widgets.tiles.crops import Crops
    from gui.workspace.selection import CellOf

_ROOM_ABOVE = 8


class PilesArea(QScrollArea):
    """Piles of one class in a fixed order of cells, until they are arranged anew."""

    made = Signal(object)  # Pile

    def __init__(
        self,
        crops: Crops,
        about: Callable[[int], str],
        kind_of_key: Callable[[str], str],
        dragged: Callable[[QMimeData], list[CellOf]],
    ) -> None:
        super().__init__()
        self._parts = crops, about, kind_of_key, dragged
        self.piles: dict[str, Pile] = {}
        self.layout_: dict[str, CellList] = {}
        self._class_name = ""
        self._tree = KindTree()
        self._side = USUAL_SIDE
        self._cells = ClassCells.none()
        self.setObjectName("piles")
        self.setAccessibleName(gettext("Piles"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._inside = QWidget()
        self._column = QVBoxLayout(self._inside)
        self._column.setContentsMargins(0, 0, 4, 0)
        self._column.setSpacing(8)
        self._column.addStretch()
        self.setWidget(self._inside)
        self.verticalScrollBar().valueChanged.connect(lambda *_: self._draw_again())

    # -- what is shown -----------------------------------------------------------------------------

    def show_class(self, class_name: str, tree: KindTree) -> None:
        """Show the piles of another class, or with other kinds; they are empty until they are arranged."""
        if class_name == self._class_name and tree == self._tree:
            return
        if class_name != self._class_name:
            for pile in self.piles.values():
                pile.setParent(None)
                pile.deleteLater()
            self.piles = {}
            self.verticalScrollBar().setValue(0)
        self._class_name, self._tree, self.layout_ = class_name, tree, {}
        for pile in self.piles.values():
            pile.show_kind(tree)

    def arrange(self, layout: Mapping[str, CellList], cells: ClassCells) -> None:
        """Put cells into piles in a new order; stay where the user has scrolled to."""
        place = self.verticalScrollBar().value()
        self.layout_ = dict(layout)
        for at, name in enumerate(self.layout_):
            pile = self.piles.get(name) or self._make(name)
            if self._column.indexOf(pile) != at:
                self._column.removeWidget(pile)
                self._column.insertWidget(at, pile)
        for name, pile in self.piles.items():
            pile.setVisible(name in self.layout_)
        self.refresh(cells)
        self._inside.adjustSize()
        self.verticalScrollBar().setValue(place)

    def refresh(self, cells: ClassCells) -> None:
        """Show what cells now are, where they are."""
        self._cells = cells
        for name, mine in self.layout_.items():
            self.piles[name].show_tiles(cells.taken(mine))

    def follow(self, cells: ClassCells) -> None:
        """Show what cells now are, where they are; new ones come last of those that are not sorted."""
        tiles, layout = cells.tiles, self.layout_
        more = np.flatnonzero(~np.isin(tiles.ids, np.concatenate([mine.ids for mine in layout.values()])))
        if len(more):
            unsorted = layout.get(UNSORTED, CellList.of([])).and_more(tiles.images[more], tiles.ids[more])
            self.arrange({**layout, UNSORTED: unsorted}, cells)
        else:
            self.refresh(cells)

    def _make(self, name: str) -> Pile:
        pile = self.piles[name] = Pile(self._class_name, name, *self._parts)
        pile.show_kind(self._tree)
        pile.view.set_side(self._side)
        pile.view.wanted_in_view.connect(lambda rect, pile=pile: self._reveal(pile, rect))
        pile.view.left.connect(lambda by, pile=pile: self._go_to_neighbour(pile, by))
        self.made.emit(pile)
        return pile

    @property
    def views(self) -> list[PileView]:
        """The tiles of all piles that are shown, from the top."""
        return [self.piles[name].view for name in self.layout_]

    def set_side(self, side: int) -> None:
        """Draw larger or smaller tiles."""
        self._side = side
        for pile in self.piles.values():
            pile.view.set_side(side)

    def show_selection(self, numbers: NDArray[np.int64]) -> None:
        """Mark the tiles of these cells, by their ids."""
        for view in self.views:
            view.show_selection(numbers, reveal=False)

    def go_to(self, name: str) -> None:
        """Scroll to a pile."""
        pile = self.piles.get(name)
        self.verticalScrollBar().setValue(0 if pile is None or pile.isHidden() else pile.y() - _ROOM_ABOVE)

    def _reveal(self, pile: Pile, rect: QRect) -> None:
        inside = self._inside
        if inside.height() != inside.sizeHint().height():
            inside.adjustSize()
        corner = pile.view.viewport().mapTo(inside, rect.topLeft())
        bar, top, bottom = self.verticalScrollBar(), corner.y() - _ROOM_ABOVE, corner.y() + rect.height() + _ROOM_ABOVE
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self.viewport().height():
            bar.setValue(bottom - self.viewport().height())

    def _go_to_neighbour(self, pile: Pile, by: int) -> None:
        """Let the arrows go on in the next or the previous pile, in the same column."""
        views = self.views
        at = views.index(pile.view) + by
        column = pile.view.currentIndex().row() % pile.view.columns
        if 0 <= at < len(views) and len(views[at].tiles):
            view = views[at]
            last = (len(view.tiles) - 1) // view.columns * view.columns
            view.setFocus(Qt.FocusReason.OtherFocusReason)
            view.choose_row(min((0 if by > 0 else last) + column, len(view.tiles) - 1))

    def _draw_again(self) -> None:
        for view in self.views:
            view.viewport().update()

    # -- whether somebody works here -----------------------------------------------------------------

    @property
    def worked_in(self) -> bool:
        """Whether the pointer is over the piles, or a tile in them has the keyboard."""
        pointed_at = self.viewport().rect().contains(self.viewport().mapFromGlobal(QCursor.pos())) and self.underMouse()
        focus = QApplication.focusWidget()
        typed_in = any(view is focus and view.selectionModel().hasSelection() for view in self.views)
        return pointed_at or typed_in

    @property
    def batch_done(self) -> bool:
        """Whether the user has said what all the most useful cells are."""
        useful = self.layout_.get(USEFUL)
        if not useful:
            return False
        tiles = self._cells.taken(useful)
        focus = QApplication.focusWidget()
        return bool(tiles.by_hand.all()) and focus in (self.piles[USEFUL].view, None)

    def point_of(self, cell: CellOf) -> QPoint | None:
        """Return where in this widget the first tile of a cell is; None if it has none."""
        for view in self.views:
            row = view.tiles.row_of(cell[1])
            if row is not None:
                return view.viewport().mapTo(self, view.visualRect(view.tile_model.index(row)).center())
        return None
