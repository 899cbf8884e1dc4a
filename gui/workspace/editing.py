"""Selecting cells and correcting them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.cells import Cell, CellChange, Origin
from core.counting.reconcile import effective, found_cell
from core.session.values import Command
from gui.workspace.history import EditStack
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gui.workspace.document import Document
    from gui.workspace.images import Entry

CellOf: TypeAlias = tuple[int, int]
"""The id of a picture and that of a cell in it."""

_SMALLEST_SIDE = 2.0
_USUAL_SIDES = {"RBC": 1.0, "WBC": 1.7, "Platelets": 0.4}


class Editing(QObject):
    """The selected cells, and the corrections: each is in the session when a call returns.

    ``selection`` are cells of the current picture. What is selected beside them in other pictures, which only the
    gallery can show, is ``elsewhere``.
    """

    selection_changed = Signal()
    doubted = Signal(str)  # what may be wrong with the last step
    show_cell = Signal(object)  # id of a cell to bring into view
    show_box = Signal(object)  # x1 y1 x2 y2 of the current picture, to bring into view
    person_wanted = Signal()  # before the first correction: ask for the name that signs it

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self.selection: tuple[int, ...] = ()
        self.elsewhere: tuple[CellOf, ...] = ()
        self.undo_stack = EditStack(self._record)
        document.current_changed.connect(lambda: self.select(()))

    @property
    def editable(self) -> bool:
        """Whether the current picture can be corrected: it was counted."""
        entry = self._document.current_entry
        return entry is not None and self._document.cells_of(entry) is not None and self._document.writable

    def cell(self, number: int) -> Cell | None:
        """Return a cell of the current picture by its id, as it now is; None if it is not there."""
        entry = self._document.current_entry
        return self.cell_of(entry.id, number) if entry is not None else None

    def cell_of(self, image: int, number: int) -> Cell | None:
        """Return a cell of any picture by its id, as it now is; None if it is not there."""
        entry = self._document.entry(image)
        cells = self._document.cells_of(entry) if entry is not None else None
        if cells is None:
            return None
        change = cells.changes.get(number)
        if change is not None and change in effective([change]):
            return change.after
        found = cells.found.detections
        place = int(np.searchsorted(found.ids, number))
        there = place < len(found) and found.ids[place] == number and not cells.corrections.edited[place]
        return found_cell(found, place, self._document.classes) if there else None

    @property
    def selected(self) -> list[CellOf]:
        """All selected cells, those of the current picture first."""
        return [*self._here(self.selection), *self.elsewhere]

    def select(self, numbers: Iterable[int], elsewhere: Iterable[CellOf] = ()) -> None:
        """Select cells of the current picture by their ids, and maybe others elsewhere."""
        selection = tuple(dict.fromkeys(numbers)), tuple(dict.fromkeys(elsewhere))
        if selection != (self.selection, self.elsewhere):
            self.selection, self.elsewhere = selection
            self.selection_changed.emit()

    def _here(self, numbers: Iterable[int]) -> list[CellOf]:
        entry = self._document.current_entry
        return [] if entry is None else [(entry.id, number) for number in numbers]

    def go_to(self, image: int, cell: int) -> None:
        """Show a cell: its picture, selected, in view."""
        entry = self._document.entry(image)
        if entry is None:
            self._document.message.emit(Level.INFO, "That picture is no longer on the list; open it again to see it.")
            return
        self._document.set_current(entry.row)
        if self.cell(cell) is not None:
            self.select([cell])
            self.show_cell.emit(cell)

    def look_at(self, image: int, box: Sequence[float], cell: int | None = None) -> None:
        """Show a place of a picture; a cell there is selected."""
        entry = self._document.entry(image)
        if entry is None:
            self._document.message.emit(Level.INFO, "That picture is no longer on the list; open it again to see it.")
            return
        self._document.set_current(entry.row)
        self.select([cell] if cell is not None and self.cell(cell) is not None else [])
        self.show_box.emit(tuple(box))

    def doubts(self, image: int) -> list[int]:
        """Return the cells of a picture that were sent to the doubt queue, whatever their score."""
        return [int(cell) for cell in self._document.remembered(f"doubts {image}", [])]

    def doubt(self, image: int, cells: Iterable[int]) -> None:
        """Send cells of a picture to the doubt queue; they leave it when a person decides on them."""
        self._document.remember(f"doubts {image}", list(dict.fromkeys([*self.doubts(image), *cells])))

    def usual_size(self, name: str, image: int | None = None) -> tuple[float, float]:
        """Return the median width and height in pixels of a class's counted cells in a picture, or the current one."""
        entry = self._document.current_entry if image is None else self._document.entry(image)
        cells = self._document.cells_of(entry) if entry else None
        result = self._document.result(entry) if entry else None
        if entry is None or cells is None or result is None:
            return 40.0, 40.0
        chosen = cells.cells.boxes[result.counted & (cells.cells.labels == self._document.classes.index(name))]
        if len(chosen) == 0:
            side = cells.found.diameter * _USUAL_SIDES.get(name, 1.0)
            return side, side
        sides = np.median(chosen[:, 2:] - chosen[:, :2], axis=0)
        return float(sides[0]), float(sides[1])

    def cells_inside(self, x1: float, y1: float, x2: float, y2: float) -> list[int]:
        """Return the ids of the counted cells whose centre lies in an area."""
        entry, cells = self._document.current_entry, self._document.current_cells()
        result = self._document.result(entry) if entry else None
        if cells is None or result is None:
            return []
        centres = (cells.cells.boxes[:, :2] + cells.cells.boxes[:, 2:]) / 2
        inside = ((centres >= (x1, y1)) & (centres <= (x2, y2))).all(axis=1) & result.counted
        return [int(number) for number in cells.cells.ids[inside]]

    def add_cell(self, name: str, box: Sequence[float]) -> int | None:
        """Put a cell with a box drawn by hand; return its id."""
        entry = self._document.current_entry
        clipped = self._clipped(box)
        if entry is None or clipped is None or self._document.session is None or not self.editable:
            return None
        number = self._document.session.new_ids(1)
        after = Cell(name, clipped, 1.0, Origin.PERSON)
        if self._edit(entry, f"Add {name}", [CellChange(number, None, after)]):
            self.select([number])
            return number
        return None

    def add_cell_at(self, name: str, x: float, y: float) -> int | None:
        """Put a cell round a point, as large as the class's cells of this picture usually are."""
        width, height = self.usual_size(name)
        there = [
            number
            for number in self.cells_inside(x - width / 4, y - height / 4, x + width / 4, y + height / 4)
            if (cell := self.cell(number)) is not None and cell.class_name == name
        ]
        added = self.add_cell(name, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        if added is not None and there:
            self.doubted.emit(f"There was a box of {name} already where you clicked; if it is one cell, undo (Ctrl+Z).")
        return added

    def remove_cells(self, numbers: Iterable[int], name: str = "") -> None:
        """Take cells of the current picture away."""
        self.remove(self._here(numbers), name)

    def remove(self, cells: Iterable[CellOf], name: str = "") -> None:
        """Take cells of any pictures away, as one step."""
        gone = set(self._change(cells, lambda _: None, lambda changes: name or f"Remove {_told(changes)}"))
        if gone:
            kept = [number for image, number in self._here(self.selection) if (image, number) not in gone]
            self.select(kept, [cell for cell in self.elsewhere if cell not in gone])

    def empty_area(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Take away every counted cell whose centre lies in an area."""
        inside = self.cells_inside(x1, y1, x2, y2)
        self.remove_cells(inside, f"Empty an area ({len(inside)} {'cell' if len(inside) == 1 else 'cells'})")

    def reclassify(self, numbers: Iterable[int], name: str) -> None:
        """Give cells of the current picture another class."""
        self.make(self._here(numbers), name)

    def make(self, cells: Iterable[CellOf], name: str) -> None:
        """Give cells of any pictures another class, as one step."""

        def made(cell: Cell) -> Cell:
            decided = cell.class_name == name and cell.origin is not Origin.MODEL
            return cell if decided else replace(cell, class_name=name, origin=Origin.PERSON)

        self._change(cells, made, lambda new: f"Make {name}" if len(new) == 1 else f"Make {len(new)} cells {name}")

    def accept(self, numbers: Iterable[int]) -> None:
        """Confirm cells of the current picture: they count at any threshold from now on."""
        self.confirm(self._here(numbers))

    def confirm(self, cells: Iterable[CellOf]) -> None:
        """Confirm cells of any pictures, as one step."""

        def confirmed(cell: Cell) -> Cell:
            return replace(cell, origin=Origin.PERSON) if cell.origin is Origin.MODEL else cell

        self._change(cells, confirmed, lambda changes: f"Accept {_told(changes)}")

    def reshape(self, number: int, box: Sequence[float]) -> None:
        """Move or resize a cell's box."""
        entry, cell, clipped = self._document.current_entry, self.cell(number), self._clipped(box)
        if entry is None or cell is None or clipped is None or clipped == cell.box:
            return
        after = replace(cell, box=clipped, origin=Origin.PERSON)
        self._edit(entry, f"Move {cell.class_name}", [CellChange(number, cell, after)])

    def mark_reviewed(self, reviewed: bool) -> None:
        """Mark the current picture as reviewed, or take the mark off.

        A mark whose counts have changed since is made again, for the present counts.
        """
        entry = self._document.current_entry
        again = entry is not None and entry.reviewed and self._document.reviews.changed(entry)
        if entry is not None and (again or entry.reviewed != reviewed):
            reviewed = reviewed or again
            name = "Mark reviewed again" if again else "Mark reviewed" if reviewed else "Unmark reviewed"
            self._edit(entry, name, [], (entry.reviewed, reviewed))

    def edit_image(self, image: int, name: str, changes: list[CellChange], step: list[Command] | None = None) -> bool:
        """Store changes to the cells of any picture as one correction; True if they were stored.

        With ``step`` it becomes a part of a step of several pictures, which ``add_step`` ends.
        """
        entry = self._document.entry(image)
        return entry is not None and bool(changes) and self._edit(entry, name, changes, step=step)

    def add_step(self, step: list[Command]) -> None:
        """Put corrections of several pictures on the undo stack as one step."""
        if step:
            self.undo_stack.add(step)

    def change_kept(self, image: int, name: str, kept: tuple[tuple[str, Any, Any], ...], step: list[Command]) -> bool:
        """Store a step's change to what the session keeps of a picture beside its cells; True if it was stored."""
        self._ask_for_person()
        stored = self._record([Command(0, image, name, (), None, None, bool(step), kept)])
        step += stored or ()
        return stored is not None

    def undo(self) -> None:
        """Take the last correction back, on the picture where it was made."""
        if self.undo_stack.canUndo():
            self.undo_stack.step(-1)

    def redo(self) -> None:
        """Make the correction again that was taken back last."""
        if self.undo_stack.canRedo():
            self.undo_stack.step(1)

    def _change(
        self,
        cells: Iterable[CellOf],
        change: Callable[[Cell], Cell | None],
        name: Callable[[list[CellChange]], str],
    ) -> list[CellOf]:
        """Change cells of any pictures as one step, all or none; return those that were not so already."""
        by_image: dict[int, list[CellChange]] = {}
        for image, number in dict.fromkeys(cells):
            before = self.cell_of(image, number)
            if before is not None and (after := change(before)) != before:
                by_image.setdefault(image, []).append(CellChange(number, before, after))
        if not by_image:
            return []
        self._ask_for_person()
        commands = [
            self._command(entry, name(changes), changes, continues=place > 0)
            for place, (image, changes) in enumerate(by_image.items())
            if (entry := self._document.entry(image)) is not None
        ]
        stored = self._record(commands)
        if stored is None:
            return []
        self.undo_stack.add(stored)
        return [(image, change.cell) for image, changes in by_image.items() for change in changes]

    def _ask_for_person(self) -> None:
        if not self._document.person:
            self.person_wanted.emit()

    def _command(
        self,
        entry: Entry,
        name: str,
        changes: list[CellChange],
        reviewed: tuple[bool, bool] | None = None,
        *,
        continues: bool = False,
    ) -> Command:
        """Return a correction of a picture; it takes the review mark off, unless it is about the mark."""
        if reviewed is None and entry.reviewed:
            reviewed = (True, False)
        kept = () if reviewed is None else (self._document.reviews.change(entry, reviewed[1]),)
        return Command(0, entry.id, name, tuple(changes), reviewed, None, continues, kept)

    def _edit(
        self,
        entry: Entry,
        name: str,
        changes: list[CellChange],
        reviewed: tuple[bool, bool] | None = None,
        step: list[Command] | None = None,
    ) -> bool:
        """Store a correction, show it, and put it on the undo stack or on a step; False if it could not be stored."""
        self._ask_for_person()
        stored = self._record([self._command(entry, name, changes, reviewed, continues=bool(step))])
        if stored is None:
            return False
        if step is None:
            self.undo_stack.add(stored)
        else:
            step += stored
        return True

    def _record(self, commands: Sequence[Command]) -> list[Command] | None:
        """Store commands, all of them or none, and show them."""
        session = self._document.session
        if session is None:
            return None

        if commands[0].undoes is not None:
            commands = [self._document.truths.fitted(command) for command in commands]

        def write() -> list[Command]:
            with session.together():
                return [session.record(command, self._document.person) for command in commands]

        stored = self._document.guarded(write)
        if stored is None:
            return None
        if commands[0].undoes is not None:
            self._go_back_to(commands)
        self._document.show_corrections(commands)
        self._document.history_changed.emit()
        return stored

    def _go_back_to(self, commands: Sequence[Command]) -> None:
        """Show where corrections were made, unless the current picture is one of those."""
        entries = [entry for command in commands if (entry := self._document.entry(command.image)) is not None]
        if entries and self._document.current_entry not in entries:
            self._document.set_current(min(entry.row for entry in entries))

    def _clipped(self, box: Sequence[float]) -> tuple[float, float, float, float] | None:
        entry = self._document.current_entry
        if entry is None:
            return None
        width, height = entry.size
        x1, x2 = sorted((min(max(float(box[0]), 0.0), width), min(max(float(box[2]), 0.0), width)))
        y1, y2 = sorted((min(max(float(box[1]), 0.0), height), min(max(float(box[3]), 0.0), height)))
        return (x1, y1, x2, y2) if x2 - x1 >= _SMALLEST_SIDE and y2 - y1 >= _SMALLEST_SIDE else None


def _told(changes: list[CellChange]) -> str:
    """Name the cells of a correction."""
    one = changes[0].before
    return one.class_name if len(changes) == 1 and one is not None else f"{len(changes)} cells"
