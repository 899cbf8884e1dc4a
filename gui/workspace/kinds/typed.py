"""What users said about the kinds of cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.cells import CellChange, Origin
from core.geometry.boxes import iou_matrix
from core.kinds.cells import called_no_cell, left_out
from core.kinds.tree import NO_CELL
from core.session.values import Edit, Subject, ValueChange, kind_key, kind_value
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from core.cells import Cell
    from core.session.values import StoredDetections
    from gui.workspace.counting.counts import Counts
    from gui.workspace.editing import Editing
    from gui.workspace.history import History
    from gui.workspace.images import Images
    from gui.workspace.kinds.tree import KindTreeModel
    from gui.workspace.selection import CellOf
    from gui.workspace.store import SessionStore

_SAME_CELL = 0.5  # intersection over union


class TypedKinds(QObject):
    """The kinds that users gave to cells: each is an edit, and none is ever a suggestion.

    A cell that is *no cell* is removed from the count with the same edit, and another kind brings it back. A kind that
    stands under another class gives the cell this class, and a cell that is given another class loses its kind: count
    and differential agree. What was said stays with the cells when an image is counted again.
    ``reading`` is "" for the sample's own differential count, else the name of a second one on the same cells.
    """

    changed = Signal(object)  # frozenset of ids of images

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        counts: Counts,
        editing: Editing,
        tree: KindTreeModel,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._counts = counts
        self._editing = editing
        self._tree = tree
        self._left_out: dict[int, dict[int, Cell]] = {}
        editing.with_cells.append(self._taken_away)
        store.reading.connect(self._left_out.clear)
        store.session_changed.connect(self._on_session_changed)
        history.recorded.connect(self._on_recorded)

    def of(self, image: int, reading: str = "") -> dict[int, str]:
        """Return cell id -> key of the kind that a user gave it."""
        return self._store.read(lambda session: session.edits.kinds(image, reading), {})

    @property
    def images(self) -> list[int]:
        """The images whose cells users gave kinds."""
        return self._store.read(lambda session: session.edits.with_kinds(), [])

    def accepted(self, image: int) -> frozenset[int]:
        """Return the cells of an image whose kind was a suggestion that a user accepted."""
        return self._store.read(lambda session: session.edits.accepted_kinds(image), frozenset())

    def standing(self, image: int, reading: str = "") -> dict[int, str]:
        """Return the kinds of those cells that count now: not of removed ones, nor of those outside what counts."""
        said = self.of(image, reading)
        if not said:
            return {}
        return {cell: said[cell] for cell in self._counting(image).tolist() if cell in said}

    def _counting(self, image: int) -> NDArray[np.int64]:
        """Return the cells of an image that count at the present settings."""
        self._counts.read_now(image)
        if self._counts.counts(image) is None:
            return np.zeros(0, np.int64)
        return np.concatenate([one.cells.ids[one.counted] for one in self._counts.counted_cells(image)])

    def lost(self, image: int) -> int:
        """Return how many cells with a kind are gone since the image was counted again: they are in no figure."""
        said = [cell for cell, kind in self.of(image).items() if kind != NO_CELL]
        cells = self._counts.cells(image) if said else None
        if cells is None:
            return 0
        return int((~np.isin(said, [*cells.found.detections.ids.tolist(), *cells.changes])).sum())

    def numbers(self, class_name: str, reading: str = "") -> dict[str, int]:
        """Return how many cells of the sample are of each kind of a class by a user's word.

        Whatever class they were counted as, and whether they are described or not. ``NO_CELL``: those that were
        counted as this class before a user called them no cell.
        """
        kinds = {kind.key for kind in self._tree.tree.of_class(class_name)}
        found: Counter[str] = Counter()
        for item in self._images.items:
            found.update(kind for kind in self.standing(item.id, reading).values() if kind in kinds)
            if not reading:
                gone = sum(cell.class_name == class_name for cell in self.removed(item.id).values())
                found.update({NO_CELL: gone} if gone else {})
        return dict(found)

    @property
    def users(self) -> tuple[str, ...]:
        """Who gave cells kinds, second differential counts aside."""
        return self._store.read(lambda session: session.edits.kind_users(), ())

    @property
    def readings(self) -> tuple[str, ...]:
        """The names of second differential counts."""
        return self._store.read(lambda session: session.edits.readings(), ())

    def removed(self, image: int) -> dict[int, Cell]:
        """Return the cells of an image that users called no cell, as they were before."""
        typed = self.of(image)
        if NO_CELL not in typed.values():
            return {}
        return called_no_cell(self._store.read(lambda session: session.edits.changes(image), {}), typed)

    def left_out(self, image: int) -> dict[int, Cell]:
        """Return the cells of an image that the sorting left out as no cells, as they were before."""
        if image not in self._left_out:
            self._left_out[image] = left_out(self._store.read(lambda session: session.edits.changes(image), {}))
        return self._left_out[image]

    def give(self, cells: Iterable[CellOf], kind: str | None, reading: str = "", *, accepted: bool = False) -> bool:
        """Give cells a kind, None to take it away; one step to undo. True if something was stored.

        ``accepted``: it is what was suggested for them.
        """
        by_image: dict[int, list[int]] = {}
        for image, cell in dict.fromkeys(cells):
            by_image.setdefault(image, []).append(cell)
        by_image = {
            image: mine
            for image, chosen in by_image.items()
            if (mine := self._others(image, chosen, kind, reading, accepted=accepted))
        }
        number = sum(map(len, by_image.values()))
        if not number or not self._store.writable:
            return False
        name = self._text(kind, number)
        value = kind_value(kind, accepted=accepted)
        edits = [
            Edit(
                image,
                name,
                () if reading else tuple(self._changes(image, chosen, kind)),
                tuple(ValueChange(Subject.KIND, image, value, kind_key(cell, reading)) for cell in chosen),
            )
            for image, chosen in by_image.items()
        ]
        first, *others = edits
        joined = [Edit(edit.image, edit.name, edit.cells, edit.values, continues=True) for edit in others]
        return self._history.record([first, *joined])

    def _others(self, image: int, cells: list[int], kind: str | None, reading: str, *, accepted: bool) -> list[int]:
        """Return those of the cells that are not called so yet; a user's own word outdoes an accepted suggestion."""
        said = self.of(image, reading)
        weak = frozenset[int]() if accepted or reading else self.accepted(image)
        return [cell for cell in cells if said.get(cell) != kind or cell in weak]

    def _text(self, kind: str | None, number: int) -> str:
        if kind is None:
            return ngettext("Kind taken from {n:,} cell", "Kind taken from {n:,} cells", number).format(n=number)
        text = ngettext("{n:,} cell is {kind}", "{n:,} cells are {kind}", number)
        return text.format(n=number, kind=self._tree.tree.name(kind))

    def _changes(self, image: int, cells: list[int], kind: str | None) -> Iterable[CellChange]:
        """Yield how cells change with their kind: see the class."""
        gone = self.removed(image)
        class_name = "" if kind is None else self._tree.tree.class_of(kind)
        for cell in cells:
            before = None if cell in gone else self._editing.cell_of(image, cell)
            after = before or gone.get(cell)
            if kind == NO_CELL:
                after = None
            elif after is not None and kind is not None and after.origin is Origin.SORTING:
                after = replace(after, origin=Origin.PERSON)
            if after is not None and class_name and after.class_name != class_name:
                after = replace(after, class_name=class_name, origin=Origin.PERSON)
            if before != after:
                yield CellChange(cell, before, after)

    def _taken_away(self, image: int, changes: Iterable[CellChange]) -> Iterable[ValueChange]:
        """Yield the kinds that cells lose which are given a class under which their kind does not stand."""
        typed = self.of(image)
        for change in changes:
            kind, after = typed.get(change.cell, NO_CELL), change.after
            if kind != NO_CELL and after is not None and self._tree.tree.class_of(kind) not in ("", after.class_name):
                yield ValueChange(Subject.KIND, image, None, kind_key(change.cell))

    @Slot(int, object, object)
    def carry_over(self, image: int, before: StoredDetections, now: StoredDetections) -> None:
        """Give what was said of cells to those that are found in their places, as the image was counted again."""
        changes = self._store.read(lambda session: session.edits.changes(image), {})
        readings = {name: self.of(image, name) for name in ("", *self.readings)}
        accepted = self.accepted(image)
        found, old = now.detections, before.detections
        lost = {cell for said in readings.values() for cell in said} - changes.keys() - set(found.ids.tolist())
        rows = np.flatnonzero(np.isin(old.ids, list(lost)))
        same = np.array(before.classes)[old.labels[rows]][:, None] == np.array(now.classes)[found.labels]
        fit = iou_matrix(old.boxes[rows], found.boxes)
        fit = np.where(fit >= _SAME_CELL, fit + same, 0)  # one of the same class goes first
        values: list[ValueChange] = []
        while fit.size and fit.max() > 0:
            row, place = np.unravel_index(int(fit.argmax()), fit.shape)
            fit[row], fit[:, place] = 0, 0
            for reading, said in readings.items():
                cell = int(old.ids[rows[row]])
                if (kind := said.get(cell)) is not None:
                    value = kind_value(kind, accepted=not reading and cell in accepted)
                    values.append(ValueChange(Subject.KIND, image, None, kind_key(cell, reading)))
                    values.append(ValueChange(Subject.KIND, image, value, kind_key(int(found.ids[place]), reading)))
        if values:
            text = gettext("Counted again: kinds carried over")
            self._history.record([Edit(image, text, values=tuple(values))])

    @Slot()
    def _on_session_changed(self) -> None:
        self.changed.emit(frozenset(item.id for item in self._images.items))

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        for edit in edits:
            if edit.image is not None and edit.cells:
                self._left_out.pop(edit.image, None)
        images = {value.image for edit in edits for value in edit.values if value.subject is Subject.KIND}
        if images:
            self.changed.emit(frozenset(images))
