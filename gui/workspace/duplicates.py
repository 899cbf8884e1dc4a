"""Pictures of the session that are the same file as an earlier one, at another place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.session.paths import same_contents
from core.text import ngettext

if TYPE_CHECKING:
    from gui.workspace.document import Document
    from gui.workspace.images import Entry

_SETTLE_MS = 300
_NAMED = 2


class Copies(QObject):
    """Finds copies as the contents of the pictures become known, and says so once: they are counted twice."""

    found = Signal(str, object)  # a sentence, the ids of the copies that it is about

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._first: dict[int, int] = {}
        self._by_contents: dict[str, int] = {}
        self._told: set[int] = set()
        self._new: list[int] = []
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._tell)
        document.session_changed.connect(self._forget)
        document.images_changed.connect(self._take_all)

    def of(self, entry: Entry) -> Entry | None:
        """Return the earlier picture that one is a copy of."""
        first = self._first.get(entry.id)
        return None if first is None else self._document.entry(first)

    def look_at(self, entry: Entry) -> None:
        """Take note of a picture that was just read."""
        if entry.stamp is None:
            return
        first = self._by_contents.setdefault(entry.stamp.sha256, entry.id)
        if first == entry.id:
            return
        self._first[entry.id] = first
        if entry.id not in self._told:
            self._told.add(entry.id)
            self._new.append(entry.id)
            if not self._settle.isActive():
                self._settle.start()

    def _forget(self) -> None:
        self._told.clear()
        self._new.clear()

    def _take_all(self) -> None:
        """Compare the pictures that are now on the list, as far as their contents are known."""
        known = [(entry.id, entry.stamp.sha256) for entry in self._document.entries if entry.stamp is not None]
        self._first = same_contents(known)
        self._by_contents = {sha256: image for image, sha256 in reversed(known)}

    @Slot()
    def _tell(self) -> None:
        """Name the copies that were found since this was said last."""
        pairs = [
            (entry, first)
            for image in self._new
            if (entry := self._document.entry(image)) is not None and (first := self.of(entry)) is not None
        ]
        self._new = []
        if not pairs:
            return
        named = [f"{_name(entry, first)} is a copy of {_name(first, entry)}" for entry, first in pairs[:_NAMED]]
        more = len(pairs) - len(named)
        if more:
            named.append(ngettext("and {n:,} more copy", "and {n:,} more copies", more).format(n=more))
        which = "; ".join(named)
        self.found.emit(f"{which}. What is in both is counted twice.", [entry.id for entry, _ in pairs])


def _name(entry: Entry, other: Entry) -> str:
    """Return the name of a picture; with its folder, if the other one has the same."""
    same = entry.path.name == other.path.name
    return f"{entry.path.parent.name}/{entry.path.name}" if same else entry.path.name
