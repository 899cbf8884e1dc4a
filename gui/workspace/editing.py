"""Edits of cells: added, removed, given another class, confirmed, moved; and the review mark."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.cells import Cell, CellChange, Origin
from core.counting.reconcile import effective, found_cell
from core.counting.snap import candidate_at, contour_at
from core.session.values import Edit
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from core.session.values import ValueChange
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.review.reviews import Reviews
    from gui.workspace.selection import CellOf, Selection
    from gui.workspace.store import SessionStore

_SMALLEST_SIDE = 2.0
_UNDECIDED = (Origin.MODEL, Origin.SORTING)
_USUAL_SIDES = {"RBC": 1.0, "WBC": 1.7, "Platelets": 0.4}


class Editing(QObject):
    """Edits cells: each edit is in the session when a call returns.

    ``with_cells``: what else changes in the same edit, asked for with an image and the changes to its cells.
    """

    doubted = Signal(str)  # what may be wrong with the last step
    noted = Signal(str)  # what there is to know of it

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        selection: Selection,
        reviews: Reviews,
        truths: GroundTruths,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._counts = counts
        self._selection = selection
        self._reviews = reviews
        self._truths = truths
        self.with_cells: list[Callable[[int, list[CellChange]], Iterable[ValueChange]]] = []

    @property
    def editable(self) -> bool:
        """Whether the image that is shown can be edited: it is counted."""
        return self._store.writable and self._counts.current_cells() is not None

    def cell(self, number: int) -> Cell | None:
        """Return a cell of the image that is shown by its id, with its edits; None if it is not there."""
        image = self._images.current_id
        return None if image is None else self.cell_of(image, number)

    def cell_of(self, image: int, number: int) -> Cell | None:
        """Return a cell of any image by its id, with its edits; None if it is not there."""
        cells = self._counts.cells(image)
        if cells is None:
            return None
        change = cells.changes.get(number)
        if change is not None and change in effective([change]):
            return change.after
        found = cells.found.detections
        place = int(np.searchsorted(found.ids, number))
        there = place < len(found) and found.ids[place] == number and not cells.corrections.edited[place]
        return found_cell(found, place, self._settings.classes) if there else None

    def sent_to_uncertain(self, image: int) -> list[int]:
        """Return the cells of an image that were sent to the uncertain cells, whatever their score."""
        return [int(cell) for cell in self._store.remembered(f"doubts {image}", [])]

    def send_to_uncertain(self, image: int, cells: Iterable[int]) -> None:
        """Send cells of an image to the uncertain cells; they leave when the user decides on them."""
        self._store.remember(f"doubts {image}", list(dict.fromkeys([*self.sent_to_uncertain(image), *cells])))

    def usual_size(self, name: str, image: int | None = None) -> tuple[float, float]:
        """Return the median width and height in pixels of the counted cells of a class in an image (default: shown)."""
        image = self._images.current_id if image is None else image
        cells, result = self._counts.cells(image), self._counts.result(image)
        if cells is None or result is None:
            return 40.0, 40.0
        chosen = cells.cells.boxes[result.counted & (cells.cells.labels == self._settings.classes.index(name))]
        if len(chosen) == 0:
            side = cells.found.diameter * _USUAL_SIDES.get(name, 1.0)
            return side, side
        sides = np.median(chosen[:, 2:] - chosen[:, :2], axis=0)
        return float(sides[0]), float(sides[1])

    def cells_inside(self, x1: float, y1: float, x2: float, y2: float) -> list[int]:
        """Return the ids of the counted cells whose centre lies in an area."""
        cells, result = self._counts.current_cells(), self._counts.current_result()
        if cells is None or result is None:
            return []
        centres = (cells.cells.boxes[:, :2] + cells.cells.boxes[:, 2:]) / 2
        inside = ((centres >= (x1, y1)) & (centres <= (x2, y2))).all(axis=1) & result.counted
        return [int(number) for number in cells.cells.ids[inside]]

    def add_cell(self, name: str, box: Sequence[float]) -> int | None:
        """Add a cell with a box drawn by hand; return its id."""
        item, session = self._images.current, self._store.session
        clipped = self._clipped(box)
        if item is None or clipped is None or session is None or not self.editable:
            return None
        number = session.detections.new_ids(1)
        after = Cell(name, clipped, 1.0, Origin.PERSON)
        if self._edit(item, gettext("Add {name}").format(name=name), [CellChange(number, None, after)]):
            self._selection.set([number])
            return number
        return None

    def add_cell_at(self, name: str, x: float, y: float, pixels: NDArray[np.uint8] | None = None) -> int | None:
        """Add the cell at a place: the candidate that the model has there, else what stands out in the image.

        Where neither is found, it is as large as the cells of its class usually are. ``pixels`` are those of the image
        that is shown, uint8 RGB (H, W, 3).
        """
        width, height = self.usual_size(name)
        there = [
            number
            for number in self.cells_inside(x - width / 4, y - height / 4, x + width / 4, y + height / 4)
            if (cell := self.cell(number)) is not None and cell.class_name == name
        ]
        box = None if there else self._box_at(name, (x, y), (width, height), pixels)
        standard = not there and box is None
        added = self.add_cell(name, box or (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
        if added is not None and there:
            self.doubted.emit(
                gettext("This spot already has a box of {name}. Undo (Ctrl+Z) if you meant the same cell.").format(
                    name=name
                )
            )
        elif added is not None and standard:
            text = gettext(
                "No outline was found here: the box has the usual size of {name}. Drag its corners to fit it."
            )
            self.noted.emit(text.format(name=name))
        return added

    def _box_at(
        self, name: str, place: tuple[float, float], usual: tuple[float, float], pixels: NDArray[np.uint8] | None
    ) -> tuple[float, float, float, float] | None:
        cells, result = self._counts.current_cells(), self._counts.current_result()
        if cells is None or result is None:
            return None
        label, counted = self._settings.classes.index(name), cells.cells.boxes[result.counted]
        box = candidate_at(cells.found.detections, counted, label, place, usual)
        if box is None and pixels is not None:
            box = contour_at(pixels, place, name, cells.found.diameter, usual)
        return box

    def remove_cells(self, numbers: Iterable[int], name: str = "") -> None:
        """Remove cells of the image that is shown."""
        self.remove(self._selection.of_current(numbers), name)

    def remove(self, cells: Iterable[CellOf], name: str = "") -> None:
        """Remove cells of any images, as one step."""

        def named(changes: list[CellChange]) -> str:
            return name or gettext("Remove {cells}").format(cells=_cells_name(changes))

        selection = self._selection
        gone = set(self._change(cells, lambda _: None, named) or ())
        if gone:
            here = selection.of_current(selection.cells)
            kept = [number for image, number in here if (image, number) not in gone]
            selection.set(kept, [cell for cell in selection.elsewhere if cell not in gone])

    def clear_area(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Remove every counted cell whose centre lies in an area."""
        inside = self.cells_inside(x1, y1, x2, y2)
        name = ngettext("Clear area ({n:,} cell)", "Clear area ({n:,} cells)", len(inside)).format(n=len(inside))
        self.remove_cells(inside, name)

    def reclassify(self, numbers: Iterable[int], name: str) -> None:
        """Give cells of the image that is shown another class."""
        self.make(self._selection.of_current(numbers), name)

    def make(self, cells: Iterable[CellOf], name: str) -> None:
        """Give cells of any images another class, as one step."""

        def made(cell: Cell) -> Cell:
            decided = cell.class_name == name and cell.origin not in _UNDECIDED
            return cell if decided else replace(cell, class_name=name, origin=Origin.PERSON)

        def named(changes: list[CellChange]) -> str:
            return ngettext("Make {name}", "Make {n:,} cells {name}", len(changes)).format(n=len(changes), name=name)

        self._change(cells, made, named)

    def accept(self, numbers: Iterable[int]) -> None:
        """Confirm cells of the image that is shown: they count at any threshold from now on."""
        self.confirm(self._selection.of_current(numbers))

    def confirm(self, cells: Iterable[CellOf]) -> None:
        """Confirm cells of any images, as one step."""

        def confirmed(cell: Cell) -> Cell:
            return replace(cell, origin=Origin.PERSON) if cell.origin in _UNDECIDED else cell

        self._change(cells, confirmed, lambda new: gettext("Confirm {cells}").format(cells=_cells_name(new)))

    def leave_out(self, cells: Iterable[CellOf], first: Edit | None = None) -> bool:
        """Leave out detections that the sorting by kinds takes for no cells; True if anything is stored.

        What a user added, confirmed or changed stays. ``first`` becomes the beginning of the same step.
        """

        def left_out(cell: Cell) -> Cell:
            return replace(cell, origin=Origin.SORTING) if cell.origin is Origin.MODEL else cell

        def named(changes: list[CellChange]) -> str:
            return gettext("Leave out as no cell: {cells}").format(cells=_cells_name(changes))

        return self._change(cells, left_out, named, first) is not None

    def bring_back(self, cells: Iterable[CellOf], first: Edit | None = None) -> bool:
        """Count cells again that were left out; True if anything is stored.

        They are confirmed by it, so that they are not left out again; with ``first``, the beginning of the same step,
        they are as the model found them.
        """
        origin = Origin.PERSON if first is None else Origin.MODEL

        def back(cell: Cell) -> Cell:
            return replace(cell, origin=origin) if cell.origin is Origin.SORTING else cell

        def named(changes: list[CellChange]) -> str:
            return gettext("Bring back {cells}").format(cells=_cells_name(changes))

        return self._change(cells, back, named, first) is not None

    def reshape(self, number: int, box: Sequence[float]) -> None:
        """Move or resize a cell's box."""
        item, cell, clipped = self._images.current, self.cell(number), self._clipped(box)
        if item is None or cell is None or clipped is None or clipped == cell.box:
            return
        after = replace(cell, box=clipped, origin=Origin.PERSON)
        self._edit(item, gettext("Move {name}").format(name=cell.class_name), [CellChange(number, cell, after)])

    def mark_reviewed(self, reviewed: bool) -> None:
        """Mark the image that is shown as reviewed, or take the mark off.

        A mark whose counts have changed since is made again, for the present counts.
        """
        item = self._images.current
        again = item is not None and self._reviews.is_outdated(item.id)
        if item is not None and (again or item.reviewed != reviewed):
            reviewed = reviewed or again
            name = gettext("Mark reviewed") if reviewed else gettext("Unmark reviewed")
            name = gettext("Mark reviewed again") if again else name
            self._edit(item, name, [], reviewed)

    def edit_image(self, image: int, name: str, changes: list[CellChange], step: list[Edit] | None = None) -> bool:
        """Store changes to the cells of any image as one edit; True if they were stored.

        With ``step`` it becomes a part of a step of several images, which ``History.add_step`` ends.
        """
        item = self._images.item(image)
        return item is not None and bool(changes) and self._edit(item, name, changes, step=step)

    def _change(
        self,
        cells: Iterable[CellOf],
        change: Callable[[Cell], Cell | None],
        name: Callable[[list[CellChange]], str],
        first: Edit | None = None,
    ) -> list[CellOf] | None:
        """Change cells of any images as one step, all or none; return those that were not so already.

        ``first`` is the beginning of the step. None if nothing is stored.
        """
        by_image: dict[int, list[CellChange]] = {}
        for image, number in dict.fromkeys(cells):
            before = self.cell_of(image, number)
            if before is not None and (after := change(before)) != before:
                by_image.setdefault(image, []).append(CellChange(number, before, after))
        edits = [
            self._edit_of(item, name(changes), changes, continues=place > 0 or first is not None)
            for place, (image, changes) in enumerate(by_image.items())
            if (item := self._images.item(image)) is not None
        ]
        if not self._history.record(edits if first is None else [first, *edits]):
            return None
        return [(image, change.cell) for image, changes in by_image.items() for change in changes]

    def _edit_of(
        self,
        item: ImageItem,
        name: str,
        changes: list[CellChange],
        reviewed: bool | None = None,
        *,
        continues: bool = False,
    ) -> Edit:
        """Return an edit of an image; it takes the review mark off, unless it is about the mark."""
        if reviewed is None and item.reviewed:
            reviewed = False
        values = tuple(value for follow in self.with_cells for value in follow(item.id, changes))
        if reviewed is not None:
            values += (self._reviews.change(item, reviewed), *self._truths.review_change(item, reviewed))
        return Edit(item.id, name, tuple(changes), values, continues=continues)

    def _edit(
        self,
        item: ImageItem,
        name: str,
        changes: list[CellChange],
        reviewed: bool | None = None,
        step: list[Edit] | None = None,
    ) -> bool:
        """Record an edit of one image, as a step or as a part of one; False if it could not be stored."""
        return self._history.record([self._edit_of(item, name, changes, reviewed, continues=bool(step))], step)

    def _clipped(self, box: Sequence[float]) -> tuple[float, float, float, float] | None:
        item = self._images.current
        if item is None:
            return None
        width, height = item.size
        x1, x2 = sorted((min(max(float(box[0]), 0.0), width), min(max(float(box[2]), 0.0), width)))
        y1, y2 = sorted((min(max(float(box[1]), 0.0), height), min(max(float(box[3]), 0.0), height)))
        return (x1, y1, x2, y2) if x2 - x1 >= _SMALLEST_SIDE and y2 - y1 >= _SMALLEST_SIDE else None


def _cells_name(changes: list[CellChange]) -> str:
    """Name the cells of an edit."""
    one = changes[0].before
    if len(changes) == 1 and one is not None:
        return one.class_name
    return ngettext("{n:,} cell", "{n:,} cells", len(changes)).format(n=len(changes))
