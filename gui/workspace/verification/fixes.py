"""What can be done about an error of a count: edit it, or leave it to the uncertain cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from core.cells import Cell, CellChange, Origin
from core.text import gettext, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.verification.errors import Place
    from gui.workspace.editing import Editing
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.store import SessionStore


class Fixes(QObject):
    """Fixes errors that verification found, one edit for each image; every method returns how many cells it fixed."""

    def __init__(self, store: SessionStore, images: Images, editing: Editing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._editing = editing

    def remove(self, places: Iterable[Place]) -> int:
        """Remove counted cells."""
        done = 0
        for item, mine in self._by_image(places):
            changes = [
                CellChange(place.cell, before, None)
                for place in mine
                if place.cell is not None and (before := self._editing.cell_of(item.id, place.cell)) is not None
            ]
            name = gettext("Remove {cells}").format(cells=_cells(mine))
            if changes and self._editing.edit_image(item.id, name, changes):
                done += len(changes)
        return done

    def add(self, places: Iterable[Place]) -> int:
        """Add missed cells."""
        done = 0
        for item, mine in self._by_image(places):
            session = self._store.session
            if session is None or not self._store.writable:
                return done
            first = session.detections.new_ids(len(mine))
            changes = [
                CellChange(first + place, None, Cell(one.class_name, self._box(item, one), 1.0, Origin.PERSON))
                for place, one in enumerate(mine)
            ]
            name = gettext("Add {cells}").format(cells=_cells(mine))
            if self._editing.edit_image(item.id, name, changes):
                done += len(changes)
        return done

    def send_to_uncertain(self, places: Iterable[Place]) -> int:
        """Send counted cells to the uncertain cells, and what the model saw where it missed one."""
        done = 0
        for item, mine in self._by_image(places):
            cells = [number for one in mine if (number := one.hint if one.cell is None else one.cell) is not None]
            self._editing.send_to_uncertain(item.id, cells)
            done += len(cells)
        return done

    def _by_image(self, places: Iterable[Place]) -> list[tuple[ImageItem, list[Place]]]:
        grouped: dict[int, list[Place]] = {}
        for place in places:
            grouped.setdefault(place.image, []).append(place)
        return [(item, mine) for image, mine in grouped.items() if (item := self._images.item(image)) is not None]

    def _box(self, item: ImageItem, place: Place) -> tuple[float, float, float, float]:
        """Return the box of a missed cell; that of a point is as large as cells of its class usually are."""
        x1, y1, x2, y2 = place.box
        if x1 == x2 and y1 == y2:
            width, height = self._editing.usual_size(place.class_name, item.id)
            x1, y1, x2, y2 = x1 - width / 2, y1 - height / 2, x1 + width / 2, y1 + height / 2
        wide, high = item.size
        return max(x1, 0.0), max(y1, 0.0), min(x2, float(wide)), min(y2, float(high))


def _cells(places: list[Place]) -> str:
    if len(places) == 1:
        return places[0].class_name
    return ngettext("{n:,} cell", "{n:,} cells", len(places)).format(n=len(places))
