"""What the user says in the piles: keys, drags and buttons that give cells a kind, and which cells are selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, Signal

from gui.panels.gallery.dragging import drag_cells
from gui.panels.gallery.kinds.content import ClassCells
from gui.panels.gallery.tiles import packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from gui.panels.gallery.kinds.pile import Pile
    from gui.panels.gallery.kinds.view import PileView
    from gui.workspace.selection import CellOf
    from gui.workspace.workspace import Workspace


class Naming(QObject):
    """Gives kinds to cells of the class that is shown, in the sample's own reading or in a second one."""

    open_wanted = Signal(int, int)  # image and cell to be shown in Review

    def __init__(self, workspace: Workspace, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self._store = workspace.store
        self._images = workspace.images
        self._selection = workspace.selection
        self._tree = workspace.kinds.tree
        self._typed = workspace.kinds.typed
        self._leaving_out = workspace.kinds.leaving_out
        self._dropped: list[tuple[str, list[CellOf]]] = []
        self.class_name = ""
        self.reading = ""
        self.cells = ClassCells.none()

    def serve(self, pile: Pile) -> None:
        """Have a pile do what is done in it."""
        view = pile.view
        view.chosen.connect(lambda: self._on_chosen(view))
        view.opened.connect(lambda row: self.open_wanted.emit(int(view.tiles.images[row]), int(view.tiles.ids[row])))
        view.dragged.connect(lambda: self._on_dragged(view))
        view.kind_pressed.connect(lambda kind: self._give_from(view, kind))
        view.accepted.connect(lambda: self._accept_from(view))
        view.cleared.connect(self.clear_selected)
        pile.dropped.connect(self.note_drop)
        pile.accepted.connect(self._accept)

    # -- the selection -------------------------------------------------------------------------------

    def select(self, chosen: Sequence[CellOf]) -> None:
        """Select cells in the workspace."""
        image = self._images.current_id
        self._selection.set(
            [number for one, number in chosen if one == image], [cell for cell in chosen if cell[0] != image]
        )

    def _on_chosen(self, view: PileView) -> None:
        """Select in the workspace what is selected here; Ctrl leaves what is selected in other piles."""
        mine = view.selected_cells()
        others = [] if view.fresh else [cell for cell in self._selection.all if view.tiles.row_of(cell[1]) is None]
        self.select([*others, *mine])

    # -- kinds ---------------------------------------------------------------------------------------

    def kind_of_key(self, key: str) -> str:
        """Return the kind that a key gives to cells of the class that is shown, "" for none."""
        tree = self._tree.tree
        kind = tree.by_shortcut(key)
        if kind is None or tree.class_of(kind.key) not in ("", self.class_name):
            return ""
        return kind.key

    def give_selected(self, kind: str) -> None:
        """Give the selected cells a kind."""
        self._typed.give(self._selection.all, kind, self.reading)

    def clear_selected(self) -> None:
        """Take the kind from the selected cells; those that were left out of the counts count again."""
        chosen = self._selection.all
        tiles = self.cells.taken(chosen)
        gone = [cell for cell, left_out in zip(tiles.cells(), tiles.left_out.tolist(), strict=True) if left_out]
        if gone:
            self._leaving_out.bring_back(gone)
        self._typed.give([cell for cell in chosen if cell not in gone], None, self.reading)

    @property
    def can_accept(self) -> bool:
        """Whether something is suggested for a selected cell."""
        return bool(self._suggested(self._selection.all))

    @property
    def can_clear(self) -> bool:
        """Whether a selected cell has a kind, or was left out of the counts."""
        tiles = self.cells.taken(self._selection.all)
        return bool((tiles.by_hand | tiles.left_out).any())

    def accept_selected(self) -> None:
        """Confirm what the selected cells are suggested as."""
        self._accept(self._selection.all)

    def _give_from(self, view: PileView, kind: str) -> None:
        """Give the selected cells a kind; of a single one go on to the next that has none."""
        chosen = self._selection.all
        self._typed.give(chosen, kind, self.reading)
        self._go_on(view, chosen)

    def _accept_from(self, view: PileView) -> None:
        """Confirm what the selected cells are suggested as, and go on; of one that is unsure there is nothing to do."""
        chosen = self._selection.all
        if self._accept(chosen):
            self._go_on(view, chosen)

    def _accept(self, cells: list[CellOf]) -> bool:
        """Confirm what cells are suggested as on their tiles, a step to undo for each kind; True if there were any."""
        by_kind = self._suggested(cells)
        for kind, mine in by_kind.items():
            self._typed.give(mine, kind, self.reading, accepted=True)
        return bool(by_kind)

    def _suggested(self, cells: Sequence[CellOf]) -> dict[str, list[CellOf]]:
        """Return those of the cells for which a kind is suggested, by that kind."""
        tiles = self.cells.taken(cells)
        by_kind: dict[str, list[CellOf]] = {}
        done = (tiles.by_hand | tiles.left_out).tolist()
        for cell, kind, is_done in zip(tiles.cells(), tiles.kinds.tolist(), done, strict=True):
            if kind and not is_done:
                by_kind.setdefault(kind, []).append(cell)
        return by_kind

    def _go_on(self, view: PileView, chosen: list[CellOf]) -> None:
        following = view.next_open(chosen[0]) if len(chosen) == 1 else None
        if following is not None:
            view.choose_row(following)

    # -- drags ---------------------------------------------------------------------------------------

    def dragged_cells(self, mime: QMimeData) -> list[CellOf]:
        """Return the cells of a drag, if they are among those that are shown."""
        path = self._store.path
        if path is None or not self._store.writable:
            return []
        return [cell for cell in unpacked(mime, path) if cell in self.cells.rows]

    def _on_dragged(self, view: PileView) -> None:
        path, chosen = self._store.path, self._selection.all
        if path is None or not chosen or not self._store.writable:
            return
        self._dropped.clear()
        drag_cells(self._page, view, packed(chosen, path), len(chosen))
        # Not before the drag has ended: the workspace may ask for a name, and a dialog inside a drop hangs.
        for kind, cells in self._dropped:
            self._typed.give(cells, kind or None, self.reading)
        self._dropped.clear()

    def note_drop(self, kind: str, cells: list[CellOf]) -> None:
        """Give cells a kind once the drag has ended; "" takes it away."""
        self._dropped.append((kind, cells))
