"""Leaving out of the counts what the sorting by kinds takes for no cell."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Origin
from core.session.tables.settings import LEAVE_OUT
from core.session.values import Edit, Subject, ValueChange
from core.text import gettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.editing import Editing
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.kinds.piles import Piles
    from gui.workspace.kinds.typed import TypedKinds
    from gui.workspace.selection import CellOf
    from gui.workspace.store import SessionStore


class LeavingOut(QObject):
    """Whether cells that are certainly none are left out of the counts, and which are.

    Off unless a user switches it on: a teaching set of another laboratory must not change a count that nobody looked
    at. Which cells are left out is stored, not computed again: a count changes with a step of a user alone, which can
    be undone, and is the same where the teaching set is missing. Cells that are found out later wait to be left out
    (``waiting``, ``leave_out``).
    """

    changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        editing: Editing,
        typed: TypedKinds,
        piles: Piles,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._counts = counts
        self._editing = editing
        self._typed = typed
        self._piles = piles
        history.recorded.connect(self._on_recorded)
        for signal in (store.session_changed, counts.changed, piles.changed):
            signal.connect(self._tell)

    @property
    def on(self) -> bool:
        """Whether cells that are certainly none are to be left out."""
        return bool(self._store.read(lambda session: session.settings.get(LEAVE_OUT), None))

    def set_on(self, on: bool) -> bool:
        """Leave out what is certainly no cell, or bring all of it back, as one step; True if that is so now."""
        if on == self.on:
            return True
        if not self._store.writable:
            return False
        text = gettext("No cells are left out of the counts") if on else gettext("No cells count again")
        first = Edit(None, text, values=(ValueChange(Subject.SETTING, None, on, LEAVE_OUT),))
        if on:
            return self._editing.leave_out(self._certain, first)
        return self._editing.bring_back(self.cells, first)

    @property
    def cells(self) -> list[CellOf]:
        """The cells that are left out."""
        return [(item.id, cell) for item in self._images.items for cell in self._typed.left_out(item.id)]

    @property
    def numbers(self) -> dict[str, int]:
        """How many cells of each class would count at the present settings if they were not left out."""
        found = Counter(dict.fromkeys(self._settings.classes, 0))
        for item in self._images.items:
            if self._typed.left_out(item.id):
                self._counts.read_now(item.id)
                result = self._counts.result(item.id)
                found.update({name: row.left_out for name, row in result.ledger.items()} if result else {})
        return dict(found)

    @property
    def waiting(self) -> list[CellOf]:
        """The cells that were found to be none since others were left out; empty while it is off."""
        return self._certain if self.on else []

    def leave_out(self) -> bool:
        """Leave out the cells that wait for it; True if it is stored."""
        waiting = self.waiting
        return bool(waiting) and self._editing.leave_out(waiting)

    def bring_back(self, cells: Iterable[CellOf]) -> bool:
        """Count cells again that were left out; they are not left out any more. True if it is stored."""
        return self._editing.bring_back(cells)

    @property
    def _certain(self) -> list[CellOf]:
        found = [cell for name in self._settings.classes for cell in self._piles.certainly_no_cells(name)]
        return [cell for cell in found if self._may_go(cell)]

    def _may_go(self, cell: CellOf) -> bool:
        """Tell whether nobody has decided on a cell."""
        there = self._editing.cell_of(*cell)
        return there is not None and there.origin is Origin.MODEL

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        if any(change.key == LEAVE_OUT for edit in edits for change in edit.values):
            self.changed.emit()

    @Slot()
    def _tell(self, *_: object) -> None:
        self.changed.emit()
