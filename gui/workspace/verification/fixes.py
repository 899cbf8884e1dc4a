"""What can be done about an error: correct the count, or leave it to the doubt queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.cells import Cell, CellChange, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.verification.errors import Place
    from gui.workspace.document import Document
    from gui.workspace.images import Entry


def remove(document: Document, places: Iterable[Place]) -> int:
    """Take counted cells away, one correction for each picture; return how many."""
    done = 0
    for entry, mine in _by_picture(document, places):
        changes = [
            CellChange(place.cell, before, None)
            for place in mine
            if place.cell is not None and (before := document.editing.cell_of(entry.id, place.cell)) is not None
        ]
        if changes and document.editing.edit_image(entry.id, _name("Remove", mine), changes):
            done += len(changes)
    return done


def add(document: Document, places: Iterable[Place]) -> int:
    """Put missed cells as the person's own, one correction for each picture; return how many."""
    done = 0
    for entry, mine in _by_picture(document, places):
        session = document.session
        if session is None or not document.writable:
            return done
        first = session.new_ids(len(mine))
        changes = [
            CellChange(first + place, None, Cell(one.class_name, _box(document, entry, one), 1.0, Origin.PERSON))
            for place, one in enumerate(mine)
        ]
        if document.editing.edit_image(entry.id, _name("Add", mine), changes):
            done += len(changes)
    return done


def doubt(document: Document, places: Iterable[Place]) -> int:
    """Send cells to the doubt queue: counted ones, and what the model saw where it missed one; return how many."""
    done = 0
    for entry, mine in _by_picture(document, places):
        cells = [number for one in mine if (number := one.hint if one.cell is None else one.cell) is not None]
        document.editing.doubt(entry.id, cells)
        done += len(cells)
    return done


def _by_picture(document: Document, places: Iterable[Place]) -> list[tuple[Entry, list[Place]]]:
    grouped: dict[int, list[Place]] = {}
    for place in places:
        grouped.setdefault(place.image, []).append(place)
    return [(entry, mine) for image, mine in grouped.items() if (entry := document.entry(image)) is not None]


def _box(document: Document, entry: Entry, place: Place) -> tuple[float, float, float, float]:
    """Return the box of a missed cell; that of a point is as large as cells of its class usually are."""
    x1, y1, x2, y2 = place.box
    if x1 == x2 and y1 == y2:
        width, height = document.editing.usual_size(place.class_name, entry.id)
        x1, y1, x2, y2 = x1 - width / 2, y1 - height / 2, x1 + width / 2, y1 + height / 2
    wide, high = entry.size
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(wide)), min(y2, float(high))


def _name(verb: str, places: list[Place]) -> str:
    return f"{verb} {places[0].class_name}" if len(places) == 1 else f"{verb} {len(places)} cells"
