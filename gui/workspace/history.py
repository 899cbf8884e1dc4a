"""Everything that was done to the session's numbers, in one order: to show, to undo and to redo."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from core.session.values import HistoryLine as HistoryLine  # noqa: TC001  (for those that show it)
from core.text import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.session.values import Edit
    from gui.workspace.store import SessionStore


class History(QObject):
    """Records edits: each is in the session when ``record`` returns, and on the one undo stack.

    A step of the stack may hold several edits. Services do not show what they ask to be recorded: all of them listen
    to ``recorded``, which comes after an edit, an undo or a redo was stored.
    """

    changed = Signal()  # the lines of the history
    stack_changed = Signal()  # what can be undone and redone
    recording = Signal()  # an edit follows: what is pending must be recorded before it
    recorded = Signal(object)  # tuple[Edit, ...]

    def __init__(self, store: SessionStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.stack = EditStack(self._store_edits)
        self.stack.indexChanged.connect(self.stack_changed)
        store.noted.connect(self.changed)
        store.reading.connect(self._read)
        store.session_changed.connect(self.changed)

    @Slot()
    def _read(self) -> None:
        self.stack.restore(*self._store.read(lambda session: session.edits.stack(), ([], [])))

    def lines(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryLine]:
        """Return who did what and when, the latest first."""
        return self._store.read(lambda session: session.edits.history(image, limit, before), [])

    def record(self, edits: Sequence[Edit], step: list[Edit] | None = None) -> bool:
        """Store edits, all of them or none, as one step; True if they are stored.

        With ``step`` they become a part of a longer step, which ``add_step`` ends.
        """
        if not edits or not self._store.writable:
            return False
        self._store.ask_for_user()
        self.recording.emit()
        stored = self._store_edits(edits)
        if stored is None:
            return False
        if step is None:
            self.stack.add(stored)
        else:
            step += stored
        return True

    def add_step(self, step: Sequence[Edit]) -> None:
        """Put edits that were recorded one by one on the undo stack as one step."""
        if step:
            self.stack.add(step)

    def undo(self) -> None:
        """Take the last step back."""
        self.recording.emit()
        if self.stack.canUndo():
            self.stack.move(-1)

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        self.recording.emit()
        if self.stack.canRedo():
            self.stack.move(1)

    def _store_edits(self, edits: Sequence[Edit]) -> list[Edit] | None:
        if not self._store.writable:
            return None
        stored: list[Edit] = []
        with self._store.write() as write:
            stored = [write.session.edits.record(edit, self._store.user) for edit in edits]
        if not write.done:
            return None
        self.recorded.emit(tuple(stored))
        self.changed.emit()
        return stored


class EditStep(QUndoCommand):
    """One step: an edit as it is stored in the session, or several that belong together."""

    def __init__(self, edits: Sequence[Edit], stack: EditStack) -> None:
        more = len(edits) - 1
        name = edits[0].name
        if more:
            name = ngettext("{name} (and {n:,} more image)", "{name} (and {n:,} more images)", more).format(
                name=name, n=more
            )
        super().__init__(name)
        self.edits = list(edits)
        self._stack = stack

    def redo(self) -> None:
        self._stack.reverse(self)

    def undo(self) -> None:
        self._stack.reverse(self)


def _steps(edits: Iterable[Edit]) -> list[list[Edit]]:
    """Put edits together that were one step."""
    steps: list[list[Edit]] = []
    for edit in edits:
        if edit.continues and steps:
            steps[-1].append(edit)
        else:
            steps.append([edit])
    return steps


class EditStack(QUndoStack):
    """The edits of a session, to take back and to make again.

    ``record`` stores the edits of a step, and returns them with their numbers, or None if they could not be stored:
    the stack then stays where it was.
    """

    def __init__(self, record: Callable[[Sequence[Edit]], list[Edit] | None]) -> None:
        super().__init__()
        self._record = record
        self._passive = False
        self._failed = False

    def restore(self, done: Iterable[Edit], undone: Iterable[Edit]) -> None:
        """Take over the edits of a session that was opened; ``undone`` is what can be made again."""
        self._passive = True
        self.clear()
        left = _steps(undone)
        for step in _steps(done):
            self.push(EditStep(step, self))
        for step in left:
            taken_back = [replace(edit.reversed(), number=edit.number) for edit in reversed(step)]
            self.push(EditStep(taken_back, self))
        self.setIndex(self.count() - len(left))
        self._passive = False

    def add(self, stored: Sequence[Edit]) -> None:
        """Put a step on the stack whose edits are in the session already."""
        self._passive = True
        self.push(EditStep(stored, self))
        self._passive = False

    def move(self, by: int) -> None:
        """Take one step back (-1) or make it again (1)."""
        before = self.index()
        self._failed = False
        self.setIndex(before + by)
        if self._failed:
            self._passive = True
            self.setIndex(before)
            self._passive = False

    def reverse(self, step: EditStep) -> None:
        """Store the reverse of a step of the stack; for ``EditStep`` only."""
        if self._passive:
            return
        stored = self._record([edit.reversed() for edit in reversed(step.edits)])
        self._failed = stored is None
        if stored is not None:
            step.edits = stored
