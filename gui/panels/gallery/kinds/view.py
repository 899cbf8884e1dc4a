"""The tiles of a pile: as high as they need, with keys that give kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QEvent, QItemSelectionModel, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView

from core.kinds.tree import KindTree
from core.text import gettext
from gui.panels.gallery.kinds.content import UNSURE, KindTiles
from gui.panels.gallery.view import CellTiles, TileView
from gui.widgets.colour import class_ink

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QResizeEvent, QWheelEvent
    from PySide6.QtWidgets import QWidget

    from gui.panels.gallery.tiles import Tiles
    from gui.widgets.tiles.crops import Crops
    from gui.widgets.tiles.delegate import Index, Tile
    from gui.workspace.selection import CellOf

_UNKNOWN = QColor(128, 128, 128)


class PileModel(CellTiles):
    """Tiles that say which kind a cell is, and who said so."""

    tree = KindTree()
    pile = UNSURE

    def tile(self, row: int) -> Tile:
        tile, tiles = super().tile(row), self._tiles
        name = str(tiles.kinds[row])
        kind = self.tree.get(name) if name else None
        colour = class_ink(kind.colour) if kind is not None else _UNKNOWN
        frame = colour if name else None
        return replace(tile, frame=frame, firm=bool(tiles.by_hand[row]), veiled=bool(tiles.left_out[row]))

    @property
    def _tiles(self) -> KindTiles:
        return cast("KindTiles", self.tiles)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.tiles):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._below(index.row())
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            about = self.about(int(self.tiles.images[index.row()]))
            return f"{self._told(index.row())}\n{about}".rstrip()
        return None

    def _below(self, row: int) -> str:
        """Return what stands below a tile; the kind only where it is not that of the pile."""
        tiles = self._tiles
        kind, certainty = str(tiles.kinds[row]), float(tiles.scores[row])
        name = self.tree.name(kind) if kind and kind != self.pile else ""
        if tiles.left_out[row]:
            return gettext("left out")
        if tiles.by_hand[row]:
            return f"✓ {name}".rstrip()
        if certainty < 0:
            return "–"
        if not kind:
            return gettext("unsure")
        return f"{name} {round(100 * certainty)} %".lstrip()

    def _told(self, row: int) -> str:
        tiles = self._tiles
        kind, certainty = str(tiles.kinds[row]), float(tiles.scores[row])
        name = self.tree.name(kind)
        if tiles.left_out[row]:
            return gettext("Left out of the counts as no cell; Backspace or the key of a kind brings it back")
        if tiles.by_hand[row]:
            return gettext("{kind}, said by a user").format(kind=name)
        if certainty < 0:
            return gettext("{class_name} without a kind").format(class_name=self.class_name)
        if not kind:
            return gettext("{class_name}; unsure which kind").format(class_name=self.class_name)
        text = gettext("Suggested: {kind}, {percent} % certain")
        return text.format(kind=name, percent=round(100 * certainty))


class PileView(TileView):
    """The tiles of one pile, without a scroll bar of its own: the page scrolls."""

    kind_pressed = Signal(str)  # key of a kind
    accepted = Signal()
    cleared = Signal()
    left = Signal(int)  # 1 or -1: the arrows went beyond the last or the first line
    wanted_in_view = Signal(QRect)

    def __init__(
        self,
        class_name: str,
        pile: str,
        crops: Crops,
        about: Callable[[int], str],
        kind_of_key: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        """``kind_of_key``: returns the kind that a letter or digit gives, "" for none."""
        self._most_lines = 0
        super().__init__(class_name, crops, about, parent, PileModel)
        self._kind_of_key = kind_of_key
        self.pile = pile
        self.pile_model.pile = pile
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAutoScroll(False)

    @property
    def pile_model(self) -> PileModel:
        """What the tiles are of."""
        return cast("PileModel", self.tile_model)

    # -- as high as it needs ---------------------------------------------------------------------

    @property
    def lines(self) -> int:
        """How many lines of tiles there are."""
        return -(-len(self.tiles) // self.columns)

    def show_lines(self, most: int) -> None:
        """Show no more than so many lines; 0 shows all."""
        if most != self._most_lines:
            self._most_lines = most
            self.fit_height()

    def fit_height(self) -> None:
        """Be as high as the lines that are shown."""
        shown = min(self.lines, self._most_lines) if self._most_lines else self.lines
        height = max(shown, 1) * self.cell_size().height()
        if height != self.height() or height != self.minimumHeight():
            self.setFixedHeight(height)

    def show_tiles(self, tiles: Tiles, *, from_top: bool) -> None:
        super().show_tiles(tiles, from_top=from_top)
        self.fit_height()

    def set_side(self, side: int) -> None:
        super().set_side(side)
        self.fit_height()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_height()

    def visible_rows(self) -> range:
        seen = self.viewport().visibleRegion().boundingRect()
        if seen.isEmpty():
            return range(0)
        height = self.cell_size().height()
        first = max(seen.top() // height, 0) * self.columns
        behind = (seen.bottom() // height + 1) * self.columns
        return range(min(first, len(self.tiles)), min(behind, len(self.tiles)))

    def verticalOffset(self) -> int:
        return 0

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if index.isValid():
            self.wanted_in_view.emit(self.visualRect(index))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    # -- keys ------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._means(event):
            event.accept()
            return True
        return super().event(event)

    def _means(self, event: QKeyEvent) -> Callable[[], None] | None:
        """Return what a key does here: those of kinds win over the keys of the window."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers != Qt.KeyboardModifier.NoModifier:
            return None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.accepted.emit
        if event.key() == Qt.Key.Key_Backspace:
            return self.cleared.emit
        kind = self._kind_of_key(event.text()) if event.text().isalnum() else ""
        return (lambda: self.kind_pressed.emit(kind)) if kind else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        do = self._means(event)
        row = self.currentIndex().row()
        line = row // self.columns
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        if do is not None:
            do()
        elif plain and event.key() == Qt.Key.Key_Down and row >= 0 and line == self.lines - 1:
            self.left.emit(1)
        elif plain and event.key() == Qt.Key.Key_Up and row >= 0 and line == 0:
            self.left.emit(-1)
        else:
            super().keyPressEvent(event)
            self._follow_keys(event)

    def _follow_keys(self, event: QKeyEvent) -> None:
        if self.is_own_key(event) and self.currentIndex().isValid():
            self.wanted_in_view.emit(self.visualRect(self.currentIndex()))

    def choose_row(self, row: int) -> None:
        """Select one tile, and let keys go on from it."""
        index = self.tile_model.index(row)
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.wanted_in_view.emit(self.visualRect(index))

    def next_open(self, cell: CellOf) -> int | None:
        """Return the row of the next tile behind a cell that no user gave a kind; None if there is none."""
        row = self.tiles.row_of(cell[1])
        tiles = self.tiles
        behind = range(0 if row is None else row + 1, len(tiles))
        return next((other for other in behind if not tiles.by_hand[other]), None)
