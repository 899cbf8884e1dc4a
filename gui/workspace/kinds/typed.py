"""What users said about the kinds of cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.cells import CellChange
from core.kinds.tree import NO_CELL
from core.session.values import Edit, Subject, ValueChange, kind_key
from core.text import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.cells import Cell
    from gui.workspace.editing import Editing
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.selection import CellOf
    from gui.workspace.store import SessionStore


class TypedKinds(QObject):
    """The kinds that users gave to cells: each is an edit, and none is ever a suggestion.

    A cell that is *no cell* is removed from the count with the same edit, and another kind brings it back.
    ``reading`` is "" for the sample's own differential count, else the name of a second one on the same cells.
    """

    changed = Signal(object)  # frozenset of ids of images

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        editing: Editing,
        tree: KindTreeModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._editing = editing
        self._tree = tree
        store.session_changed.connect(self._on_session_changed)
        history.recorded.connect(self._on_recorded)

    def of(self, image: int, reading: str = "") -> dict[int, str]:
        """Return cell id -> key of the kind that a user gave it."""
        return self._store.read(lambda session: session.edits.kinds(image, reading), {})

    @property
    def readings(self) -> tuple[str, ...]:
        """The names of second differential counts."""
        return self._store.read(lambda session: session.edits.readings(), ())

    def removed(self, image: int) -> dict[int, Cell]:
        """Return the cells of an image that users called no cell, as they were before."""
        gone = [cell for cell, kind in self.of(image).items() if kind == NO_CELL]
        if not gone:
            return {}
        changes = self._store.read(lambda session: session.edits.changes(image), {})
        found = {cell: changes[cell] for cell in gone if cell in changes}
        return {cell: one.before for cell, one in found.items() if one.before is not None and one.after is None}

    def give(self, cells: Iterable[CellOf], kind: str | None, reading: str = "") -> bool:
        """Give cells a kind, None to take it away; one step to undo. True if something was stored."""
        by_image: dict[int, list[int]] = {}
        for image, cell in dict.fromkeys(cells):
            if self.of(image, reading).get(cell) != kind:
                by_image.setdefault(image, []).append(cell)
        number = sum(map(len, by_image.values()))
        if not number or not self._store.writable:
            return False
        name = self._text(kind, number)
        edits = [self._edit(image, chosen, kind, name, reading) for image, chosen in by_image.items()]
        first, *others = edits
        joined = [Edit(edit.image, edit.name, edit.cells, edit.values, continues=True) for edit in others]
        return self._history.record([first, *joined])

    def _text(self, kind: str | None, number: int) -> str:
        if kind is None:
            return ngettext("Kind taken from {n:,} cell", "Kind taken from {n:,} cells", number).format(n=number)
        text = ngettext("{n:,} cell is {kind}", "{n:,} cells are {kind}", number)
        return text.format(n=number, kind=self._tree.tree.name(kind))

    def _edit(self, image: int, cells: list[int], kind: str | None, name: str, reading: str) -> Edit:
        values = tuple(ValueChange(Subject.KIND, image, kind, kind_key(cell, reading)) for cell in cells)
        changes = () if reading else tuple(self._removals(image, cells, kind))
        return Edit(image, name, changes, values)

    def _removals(self, image: int, cells: list[int], kind: str | None) -> Iterable[CellChange]:
        """Yield how *no cell* leaves the count, and how it comes back as another kind."""
        gone = self.removed(image)
        for cell in cells:
            if kind == NO_CELL:
                there = self._editing.cell_of(image, cell)
                if there is not None:
                    yield CellChange(cell, there, None)
            elif cell in gone:
                yield CellChange(cell, None, gone[cell])

    @Slot()
    def _on_session_changed(self) -> None:
        self.changed.emit(frozenset(item.id for item in self._images.items))

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        images = {value.image for edit in edits for value in edit.values if value.subject is Subject.KIND}
        if images:
            self.changed.emit(frozenset(images))
