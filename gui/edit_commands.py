"""One correction on the undo stack."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand, QUndoStack

from core.session_values import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from core.session_values import Command


class EditCommand(QUndoCommand):
    """A correction as it is stored in the session: ids, and the rows before and after."""

    def __init__(self, stored: Command, stack: EditStack) -> None:
        super().__init__(stored.name)
        self.stored = stored
        self.last = stored.number
        self._stack = stack

    def redo(self) -> None:
        self._stack.write(self, self.stored)

    def undo(self) -> None:
        command = self.stored
        back = tuple(Change(change.cell, change.after, change.before) for change in reversed(command.changes))
        reviewed = None if command.reviewed is None else (command.reviewed[1], command.reviewed[0])
        self._stack.write(self, replace(command, changes=back, reviewed=reviewed))


class EditStack(QUndoStack):
    """The corrections of a session, to take back and to make again.

    ``record`` stores a command and shows it, and returns it with its number, or None if it could not be
    stored: the stack then stays where it was.
    """

    def __init__(self, record: Callable[[Command], Command | None]) -> None:
        super().__init__()
        self._record = record
        self._quiet = False
        self._failed = False

    def restore(self, done: Iterable[Command], undone: Iterable[Command]) -> None:
        """Take over the corrections of a session that was opened; ``undone`` is what can be made again."""
        self._quiet = True
        self.clear()
        undone = list(undone)
        for command in (*done, *undone):
            self.push(EditCommand(command, self))
        self.setIndex(self.count() - len(undone))
        self._quiet = False

    def add(self, stored: Command) -> None:
        """Put a command on the stack that is in the session already."""
        self._quiet = True
        self.push(EditCommand(stored, self))
        self._quiet = False

    def step(self, by: int) -> None:
        """Take one correction back (-1) or make it again (1)."""
        before = self.index()
        self._failed = False
        self.setIndex(before + by)
        if self._failed:
            self._quiet = True
            self.setIndex(before)
            self._quiet = False

    def write(self, edit: EditCommand, command: Command) -> None:
        """Store a step of the stack; for ``EditCommand`` only."""
        if self._quiet:
            return
        stored = self._record(replace(command, number=0, undoes=edit.last))
        self._failed = stored is None
        if stored is not None:
            edit.last = stored.number
