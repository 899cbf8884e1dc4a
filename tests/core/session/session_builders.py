"""Sessions with something in them, and everything that a session holds as values that can be compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.cells import Cell, CellChange, Detections, Origin
from core.session.session import (
    FileStamp,
    Session,
    SessionDamagedError,
    StoredDetections,
)
from core.session.values import Edit, Subject, ValueChange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

EDITOR = Path(__file__).with_name("session_editor.py")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODEL = ("house model", "ab" * 32)


def cell(number: int = 0, name: str = "RBC", origin: Origin = Origin.PERSON) -> Cell:
    return Cell(name, (number + 0.1, 2.5, number + 60.0, 1e-3), 0.25 + number % 2 / 2, origin)


def found(session: Session, count: int, seed: int = 0) -> StoredDetections:
    """Make up what a model found, under fresh ids."""
    rng = np.random.default_rng(seed)
    first = session.detections.new_ids(count)
    detections = Detections(
        rng.random((count, 4), np.float32) * 640,
        np.sort(rng.random(count, np.float32))[::-1].copy(),
        rng.integers(0, 3, count).astype(np.int32),
        np.arange(first, first + count),
        np.full(count, Origin.MODEL, np.uint8),
    )
    return StoredDetections(detections, ("RBC", "WBC", "Platelets"), 63.75, 1.1, *MODEL)


def count(session: Session, image: int, cells: int = 3, stamp: FileStamp | None = None) -> StoredDetections:
    stored = found(session, cells, image)
    session.detections.set_counted(
        image, stored, width=640, height=480, seconds=0.75, notices=("One notice.",), stamp=stamp
    )
    return stored


def add(session: Session, image: int, name: str = "Add a cell", person: str = "Ada") -> Edit:
    number = session.detections.new_ids(1)
    change = CellChange(number, None, cell(number))
    return session.edits.record(Edit(image, name, (change,)), person)


def take_back(session: Session, edit: Edit, user: str = "Ada") -> Edit:
    """Undo or redo an edit."""
    return session.edits.record(replace(edit.reversed(), name=f"Undo: {edit.name}"), user)


def reviewed(image: int, counts: dict[str, int] | None = None) -> ValueChange:
    return ValueChange(Subject.REVIEW, image, counts or {})


def set_diameter(session: Session, image: int, diameter: float | None) -> Edit:
    change = ValueChange(Subject.DIAMETER, image, diameter)
    return session.edits.record(Edit(image, "Diameter", values=(change,)), "Ada")


def remove(session: Session, image: int) -> Edit:
    change = ValueChange(Subject.LISTED, image, False)
    return session.edits.record(Edit(image, "Remove from the list", values=(change,)), "Ada")


def cells_now(session: Session, image: int) -> dict[int, Cell | None]:
    """Return what became of each cell that edits touched, in order of first touch; None = removed."""
    return {number: change.after for number, change in session.edits.changes(image).items()}


def cells_of(stored: StoredDetections | None) -> Any:
    """Return everything of stored detections as values that can be compared."""
    if stored is None:
        return None
    cells = stored.detections
    arrays = [cells.boxes, cells.scores, cells.labels, cells.ids, cells.origin]
    content = [(array.dtype.str, array.tolist()) for array in arrays]
    return content, stored.classes, stored.diameter, stored.scale, stored.model_name, stored.model_sha256


def contents(session: Session, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return everything that a session holds, piece by piece."""
    images = session.images.all()
    pieces: dict[str, Any] = {"edited": session.edits.edited_cells(), "conflicts": session.conflicts.all()}
    done, undone = session.edits.stack()
    pieces["done"], pieces["undone"] = [edit.loaded() for edit in done], [edit.loaded() for edit in undone]
    for position, image in enumerate(images):
        pieces[f"image {position}"] = image
        pieces[f"overlay {image.id}"] = list(cells_now(session, image.id).items())
        try:
            pieces[f"cells {image.id}"] = cells_of(session.detections.get(image.id))
        except SessionDamagedError:
            pieces[f"cells {image.id}"] = "damaged"
    for line in session.edits.history(limit=10_000):
        pieces[f"line {line.number}"] = line
    for key in keys:
        pieces[f"setting {key}"] = session.view.get(key)
    return pieces


KEYS = ("thresholds", "current image", "zoom", "nothing")


def fill(session: Session, folder: Path) -> None:
    """Put something of everything into a session, enough for trees of two levels and long rows."""
    images = session.images.add([folder / f"smear {number:02}.png" for number in range(8)])
    ids = [image.id for image in images]
    for image in ids[:4]:
        count(session, image, 40 * image, FileStamp(f"{image:064x}", 10**7 + image, 1_700_000_000_000_000_000 + image))
    session.images.set_failed(ids[4], "smear 04.png: the image is truncated; copy it again.")
    set_diameter(session, ids[5], 81.25)
    for number in range(60):
        edit = add(session, ids[number % 5], f"Add cell {number}", "Grace" if number % 2 else "Ada")
        if number % 7 == 0:
            take_back(session, edit)
    removed = tuple(CellChange(number, cell(number, origin=Origin.MODEL), None) for number in range(5))
    session.edits.record(Edit(ids[0], "Remove 5 cells", removed, (reviewed(ids[0]),)), "Ada")
    last = session.edits.record(Edit(ids[1], "Reviewed", (), (reviewed(ids[1]),)), "Ada")
    take_back(session, last)
    session.edits.note("Ada", None, "Threshold of RBC from 0.5 to 0.45")
    session.edits.note("Ada", ids[2], "Counted again with another model")
    session.view.put("thresholds", {"RBC": 0.45, "WBC": 0.5})
    session.view.put("current image", ids[3])
    session.view.put("zoom", [1.5, None, "fit", True])
    session.view.put("zoom", [2.5, None, "fit", True])
    session.conflicts.replace(ids[0], [(1, "Removed by Ada, found again."), (7, "Now a WBC.")])
    session.conflicts.replace(ids[1], [(50, "Moved by Ada, gone now.")])
    session.conflicts.resolve(2)
    remove(session, ids[6])


def names(edits: Sequence[Edit]) -> list[str]:
    return [edit.name for edit in edits]


def divide_by_zero(after: Callable[[], None]) -> None:
    after()
    raise ZeroDivisionError
