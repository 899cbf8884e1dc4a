"""The corrections on the undo stack, one step of which may be of several pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtGui import QUndoCommand, QUndoStack

from core.cells import CellChange
from core.text import ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.session.values import Command


class EditCommand(QUndoCommand):
    """One step: a correction as it is stored in the session, or several that belong together, one of each picture."""

    def __init__(self, stored: Sequence[Command], stack: EditStack) -> None:
        more = len(stored) - 1
        text = stored[0].name
        if more:
            text = ngettext("{edit} (and {n:,} more image)", "{edit} (and {n:,} more images)", more)
            text = text.format(edit=stored[0].name, n=more)
        super().__init__(text)
        self.stored = tuple(stored)
        self.last = [command.number for command in stored]
        self._stack = stack

    def redo(self) -> None:
        self._stack.write(self, list(enumerate(self.stored)))

    def undo(self) -> None:
        self._stack.write(self, [(place, _reverse(self.stored[place])) for place in reversed(range(len(self.stored)))])


def _reverse(command: Command) -> Command:
    back = tuple(CellChange(change.cell, change.after, change.before) for change in reversed(command.changes))
    reviewed = None if command.reviewed is None else (command.reviewed[1], command.reviewed[0])
    kept = tuple((key, after, before) for key, before, after in reversed(command.kept))
    return replace(command, changes=back, reviewed=reviewed, kept=kept)


def _steps(commands: Iterable[Command]) -> list[list[Command]]:
    """Put commands together that were one step."""
    steps: list[list[Command]] = []
    for command in commands:
        if command.continues and steps:
            steps[-1].append(command)
        else:
            steps.append([command])
    return steps


class EditStack(QUndoStack):
    """The corrections of a session, to take back and to make again.

    ``record`` stores the commands of a step and shows them, and returns them with their numbers, or None if they
    could not be stored: the stack then stays where it was.
    """

    def __init__(self, record: Callable[[Sequence[Command]], list[Command] | None]) -> None:
        super().__init__()
        self._record = record
        self._quiet = False
        self._failed = False

    def restore(self, done: Iterable[Command], undone: Iterable[Command]) -> None:
        """Take over the corrections of a session that was opened; ``undone`` is what can be made again."""
        self._quiet = True
        self.clear()
        left = _steps(undone)
        for step in (*_steps(done), *left):
            self.push(EditCommand(step, self))
        self.setIndex(self.count() - len(left))
        self._quiet = False

    def add(self, stored: Sequence[Command]) -> None:
        """Put a step on the stack whose commands are in the session already."""
        self._quiet = True
        self.push(EditCommand(stored, self))
        self._quiet = False

    @property
    def next_kept(self) -> list[str]:
        """The settings of the session that the next undo changes."""
        edit = self.command(self.index() - 1) if self.canUndo() else None
        stored = edit.stored if isinstance(edit, EditCommand) else ()
        return [key for command in stored for key, _, _ in command.kept]

    def step(self, by: int) -> None:
        """Take one correction back (-1) or make it again (1)."""
        before = self.index()
        self._failed = False
        self.setIndex(before + by)
        if self._failed:
            self._quiet = True
            self.setIndex(before)
            self._quiet = False

    def write(self, edit: EditCommand, commands: list[tuple[int, Command]]) -> None:
        """Store a step of the stack, by the places of its commands; for ``EditCommand`` only."""
        if self._quiet:
            return
        stored = self._record([replace(command, number=0, undoes=edit.last[place]) for place, command in commands])
        self._failed = stored is None
        for (place, _), command in zip(commands, stored or (), strict=False):
            edit.last[place] = command.number
