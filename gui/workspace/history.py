"""Everything that was done to the session's numbers, in one order: to show, to undo and to redo."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from core.session.values import Change
from core.text import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.session.values import Command, HistoryRow
    from gui.workspace.store import SessionStore


class History(QObject):
    """Records edits: each is in the session when ``record`` returns, and on the one undo stack.

    A step of the stack may hold several edits, at most one for each image. Services do not show what they ask to be
    recorded: all of them listen to ``recorded``, which comes after an edit, an undo or a redo was stored.
    """

    changed = Signal()  # the lines of the history
    stack_changed = Signal()  # what can be undone and redone
    recording = Signal()  # an edit follows: what is pending must be recorded before it
    recorded = Signal(object)  # tuple[Command, ...]

    def __init__(self, store: SessionStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.stack = EditStack(self._store_edits)
        self.stack.indexChanged.connect(self.stack_changed)
        store.noted.connect(self.changed)
        store.closing.connect(self.stack.clear)
        store.reading.connect(self._read)
        store.session_changed.connect(self.changed)

    @Slot()
    def _read(self) -> None:
        self.stack.restore(*self._store.read(lambda session: session.commands(), ([], [])))

    def lines(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryRow]:
        """Return who did what and when, the latest first."""
        return self._store.read(lambda session: session.history(image, limit, before), [])

    def record(self, edits: Sequence[Command], step: list[Command] | None = None) -> bool:
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

    def add_step(self, step: Sequence[Command]) -> None:
        """Put edits that were recorded one by one on the undo stack as one step."""
        if step:
            self.stack.add(step)

    def undo(self) -> None:
        """Take the last step back."""
        self.recording.emit()
        if self.stack.canUndo():
            self.stack.step(-1)

    def redo(self) -> None:
        """Make the step again that was taken back last."""
        self.recording.emit()
        if self.stack.canRedo():
            self.stack.step(1)

    def _store_edits(self, edits: Sequence[Command]) -> list[Command] | None:
        if not self._store.writable:
            return None
        stored: list[Command] = []
        with self._store.write() as write:
            stored = [write.session.record(edit, self._store.user) for edit in edits]
        if not write.done:
            return None
        self.recorded.emit(tuple(stored))
        self.changed.emit()
        return stored


class EditStep(QUndoCommand):
    """One step: an edit as it is stored in the session, or several that belong together, one of each image."""

    def __init__(self, stored: Sequence[Command], stack: EditStack) -> None:
        more = len(stored) - 1
        name = stored[0].name
        if more:
            name = ngettext("{name} (and {n:,} more image)", "{name} (and {n:,} more images)", more).format(
                name=name, n=more
            )
        super().__init__(name)
        self.stored = tuple(stored)
        self.last = [edit.number for edit in stored]
        self._stack = stack

    def redo(self) -> None:
        self._stack.write(self, list(enumerate(self.stored)))

    def undo(self) -> None:
        self._stack.write(self, [(place, reverse(self.stored[place])) for place in reversed(range(len(self.stored)))])


def reverse(edit: Command) -> Command:
    """Return the edit that takes an edit back."""
    back = tuple(Change(change.cell, change.after, change.before) for change in reversed(edit.changes))
    reviewed = None if edit.reviewed is None else (edit.reviewed[1], edit.reviewed[0])
    kept = tuple((key, after, before) for key, before, after in reversed(edit.kept))
    return replace(edit, changes=back, reviewed=reviewed, kept=kept)


def _steps(edits: Iterable[Command]) -> list[list[Command]]:
    """Put edits together that were one step."""
    steps: list[list[Command]] = []
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

    def __init__(self, record: Callable[[Sequence[Command]], list[Command] | None]) -> None:
        super().__init__()
        self._record = record
        self._passive = False
        self._failed = False

    def restore(self, done: Iterable[Command], undone: Iterable[Command]) -> None:
        """Take over the edits of a session that was opened; ``undone`` is what can be made again."""
        self._passive = True
        self.clear()
        left = _steps(undone)
        for step in (*_steps(done), *left):
            self.push(EditStep(step, self))
        self.setIndex(self.count() - len(left))
        self._passive = False

    def add(self, stored: Sequence[Command]) -> None:
        """Put a step on the stack whose edits are in the session already."""
        self._passive = True
        self.push(EditStep(stored, self))
        self._passive = False

    def step(self, by: int) -> None:
        """Take one step back (-1) or make it again (1)."""
        before = self.index()
        self._failed = False
        self.setIndex(before + by)
        if self._failed:
            self._passive = True
            self.setIndex(before)
            self._passive = False

    def write(self, edit: EditStep, edits: list[tuple[int, Command]]) -> None:
        """Store a step of the stack, by the places of its edits; for ``EditStep`` only."""
        if self._passive:
            return
        stored = self._record([replace(command, number=0, undoes=edit.last[place]) for place, command in edits])
        self._failed = stored is None
        for (place, _), command in zip(edits, stored or (), strict=False):
            edit.last[place] = command.number
