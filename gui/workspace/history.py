"""Everything that was done to the session's numbers, in one order: to show, to undo and to redo."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.session.values import HistoryLine as HistoryLine  # noqa: TC001  (for those that show it)
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.session.values import Edit
    from gui.workspace.store import SessionStore


class History(QObject):
    """Records edits: each is in the session when ``record`` returns, and on the one undo stack.

    ``redoing`` is whether the last reversed step was made again, not taken back. A step of the stack may hold several
    edits. Services do not show what they ask to be recorded: all of them listen
    to ``recorded``, which comes after an edit, an undo or a redo was stored.
    """

    changed = Signal()  # the lines of the history
    stack_changed = Signal()  # what can be undone and redone
    recording = Signal()  # an edit follows: what is pending must be recorded before it
    recorded = Signal(object)  # tuple[Edit, ...]

    def __init__(self, store: SessionStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._done: list[list[Edit]] = []
        self._undone: list[list[Edit]] = []
        self.redoing = False
        store.noted.connect(self.changed)
        store.reading.connect(self._read)
        store.session_changed.connect(self.changed)

    @Slot()
    def _read(self) -> None:
        """Take over the steps of the session; what each of them changed is read when it is undone or redone."""
        done, undone = self._store.read(lambda session: session.edits.stack(), ([], []))
        self._done = _steps(done)
        self._undone = [
            [replace(edit.reversed(), number=edit.number) for edit in reversed(step)]
            for step in reversed(_steps(undone))
        ]
        self.stack_changed.emit()

    # -- what can be undone --------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to make again."""
        return bool(self._undone)

    @property
    def undo_text(self) -> str:
        """What the step did that is taken back next; "" if there is none."""
        return _name(self._done[-1]) if self._done else ""

    @property
    def redo_text(self) -> str:
        """What the step did that is made again next; "" if there is none."""
        return _name(self._undone[-1]) if self._undone else ""

    def lines(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryLine]:
        """Return who did what and when, the latest first."""
        return self._store.read(lambda session: session.edits.history(image, limit, before), [])

    def record(self, edits: Sequence[Edit], step: list[Edit] | None = None) -> bool:
        """Store edits, all of them or none, as one step; True if they are stored.

        With ``step`` they become a part of a longer step, which ``add_step`` ends.
        """
        if not edits or self._store.session is None:
            return False
        if self._store.writable:
            self.recording.emit()
        stored = self._store_edits(edits)
        if stored is None:
            return False
        if step is None:
            self.add_step(stored)
        else:
            step += stored
        return True

    def comment(self, text: str, image: int | None = None, about: str = "") -> bool:
        """Add a comment to the history: a line that no undo takes back. True if it is stored.

        It is about ``about``, an edit or a cell in words, or else about the image or the sample as a whole.
        """
        text = " ".join(text.split())
        if not text or not self._store.writable:
            return False
        line = gettext("Comment on {about}: {text}") if about else gettext("Comment: {text}")
        with self._store.write() as write:
            write.note(line.format(about=about, text=text), image)
        return write.done

    def add_step(self, step: Sequence[Edit]) -> None:
        """Put edits that were recorded one by one on the undo stack as one step."""
        if step:
            self._done.append(list(step))
            self._undone.clear()
            self.stack_changed.emit()

    def undo(self) -> None:
        """Take the last step back."""
        self.recording.emit()
        self.redoing = False
        self._reverse(self._done, self._undone)

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        self.recording.emit()
        self.redoing = True
        self._reverse(self._undone, self._done)

    def _reverse(self, last: list[list[Edit]], other: list[list[Edit]]) -> None:
        """Store the reverse of the last step; it stays where it is if that fails."""
        if not last:
            return
        stored = self._store_edits([edit.reversed() for edit in reversed(last[-1])])
        if stored is not None:
            last.pop()
            other.append(stored)
            self.stack_changed.emit()

    def _store_edits(self, edits: Sequence[Edit]) -> list[Edit] | None:
        if self._store.session is None:
            return None
        stored: list[Edit] = []
        with self._store.write() as write:
            stored = [write.session.edits.record(edit, self._store.user) for edit in edits]
        if not write.done:
            return None
        self.recorded.emit(tuple(stored))
        self.changed.emit()
        return stored


def _name(step: Sequence[Edit]) -> str:
    """Return what a step did."""
    name, more = step[0].name, len(step) - 1
    if not more:
        return name
    return ngettext("{name} (and {n:,} more image)", "{name} (and {n:,} more images)", more).format(name=name, n=more)


def _steps(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Put edits together that were one step."""
    steps: list[list[Edit]] = []
    for edit in edits:
        if edit.continues and steps:
            steps[-1].append(edit)
        else:
            steps.append([edit])
    return steps
