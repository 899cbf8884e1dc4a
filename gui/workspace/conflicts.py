"""Where an edit and a later count do not agree, until the user has looked at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.session.values import Conflict as Conflict  # noqa: TC001  (for those that show it)

if TYPE_CHECKING:
    from gui.workspace.store import SessionStore


class Conflicts(QObject):
    """The unresolved conflicts of the session, oldest first."""

    changed = Signal()

    def __init__(self, store: SessionStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.all: list[Conflict] = []
        store.reading.connect(self.read)

    @Slot()
    def read(self) -> None:
        """Read the conflicts from the session again."""
        self.all = self._store.read(lambda session: session.conflicts.all(), [])
        self.changed.emit()

    def of(self, image: int) -> list[Conflict]:
        """Return the conflicts of an image."""
        return [conflict for conflict in self.all if conflict.image == image]

    def resolve(self, conflict: Conflict) -> None:
        """Take a conflict off the list: the user has looked at it."""
        if not self._store.is_open:
            return
        with self._store.write() as write:
            write.session.conflicts.resolve(conflict.number)
        if write.done:
            self.all = [other for other in self.all if other.number != conflict.number]
            self.changed.emit()
