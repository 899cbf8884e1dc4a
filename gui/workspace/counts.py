"""What all pictures of the session come to: how far they are, and their counts together."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.counting.count import CountSettings
    from gui.workspace.document import Document
    from gui.workspace.images import Entry, State

_AT_ONCE = 50
_SLICE_S = 0.006


class _Noted(NamedTuple):
    """What a picture put into the sums."""

    state: State
    reviewed: bool
    counts: dict[str, int] | None


class Overview(QObject):
    """Sums over all pictures, kept up to date as single pictures change.

    A step of a slider changes the counts of all of them. Of many, they are made between other events, some
    milliseconds at a time: 13,000 pictures take a second. ``outdated`` are the ids of the reviewed pictures that no
    longer count as they were reviewed, since a threshold or a rule was changed.
    """

    changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.states: Counter[State] = Counter()
        self.reviewed = 0
        self.pictures = 0
        self.outdated: set[int] = set()
        self._document = document
        self._sums: Counter[str] = Counter()
        self._noted: dict[int, _Noted] = {}
        self._settings: CountSettings | None = None
        self._left: Iterator[Entry] | None = None
        self._later = QTimer(self)
        self._later.setInterval(0)
        self._later.timeout.connect(self._go_on)
        document.images_changed.connect(self._start)
        document.image_changed.connect(self._on_image_changed)
        document.counts_changed.connect(self._on_counts_changed)
        document.session_changed.connect(self.outdated.clear)

    @property
    def totals(self) -> dict[str, int] | None:
        """The counts of all counted pictures together; None until all are added up."""
        if self._left is not None:
            return None
        return {name: self._sums[name] for name in self._document.classes}

    def counts(self, name: str) -> list[int]:
        """Return the count of a class in each counted picture that was added up, in no order that matters."""
        return [noted.counts.get(name, 0) for noted in self._noted.values() if noted.counts is not None]

    @Slot()
    def _start(self) -> None:
        """Take all pictures anew."""
        entries = self._document.entries
        self.states = Counter(entry.state for entry in entries)
        self.reviewed = sum(entry.reviewed for entry in entries)
        self.pictures = 0
        self._sums.clear()
        self._noted = {entry.id: _Noted(entry.state, entry.reviewed, None) for entry in entries}
        self.outdated &= self._noted.keys()
        self._add_up()

    def _add_up(self) -> None:
        """Make the counts of all pictures at the present settings."""
        self._settings = self._document.settings
        self._left = iter(self._document.entries)
        self._later.start()
        if len(self._document.entries) <= _AT_ONCE:
            self._go_on()

    @Slot()
    def _on_counts_changed(self) -> None:
        if self._settings is not self._document.settings:
            self._add_up()

    @Slot(int)
    def _on_image_changed(self, row: int) -> None:
        entries = self._document.entries
        if 0 <= row < len(entries):
            self._note(entries[row])
            self._later.start()

    @Slot()
    def _go_on(self) -> None:
        """Add up the counts of more pictures; the last time say that there is something new."""
        end = time.perf_counter() + _SLICE_S
        for entry in self._left or ():
            self._note(entry)
            if time.perf_counter() > end:
                return
        self._left = None
        self._later.stop()
        self.changed.emit()

    def _note(self, entry: Entry) -> None:
        """Put a picture into the sums as it now is, in place of what it was."""
        old = self._noted.get(entry.id)
        if old is None:
            return
        result = self._document.result(entry)
        new = _Noted(entry.state, entry.reviewed, result.counts if result else None)
        self._noted[entry.id] = new
        self.states[old.state] -= 1
        self.states[new.state] += 1
        self.reviewed += new.reviewed - old.reviewed
        self.pictures += (new.counts is not None) - (old.counts is not None)
        if old.counts is not None:
            self._sums.subtract(old.counts)
        if new.counts is not None:
            self._sums.update(new.counts)
        seen = self._document.reviews.counts(entry.id) if new.reviewed else None
        if seen is None or new.counts is None or seen == new.counts:
            self.outdated.discard(entry.id)
        else:
            self.outdated.add(entry.id)
