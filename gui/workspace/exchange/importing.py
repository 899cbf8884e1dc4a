"""Annotations into the session: as corrections, or as ground truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Cell, CellChange, Detections, Origin
from core.counting.count import SAME_CELL_IOU, count
from core.counting.edits import CellEdits
from core.counting.reconcile import effective, found_cell
from core.geometry.boxes import overlapping_pairs
from core.session.session import SessionError
from core.text import gettext, ngettext
from core.verification.ground_truth import GroundTruth
from gui.tasks import IdleLoop
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.counting.count import CountSettings
    from core.session.values import Command
    from gui.workspace.document import Document
    from gui.workspace.exchange.annotation_reading import FoundBoxes, FoundPicture
    from gui.workspace.images import Entry, ImageCells

NamedBox = tuple[str, tuple[float, float, float, float]]


class Use(Enum):
    """What imported boxes are taken for."""

    ADD = "add"
    REPLACE = "replace"
    TRUTH = "truth"


@dataclass(frozen=True, eq=False)
class ImportPlan:
    """What is to be imported, and as what.

    ``mapping`` gives the known class for each unknown name; names it does not have, or has None for,
    are left out.
    """

    found: FoundBoxes
    use: Use
    classes: tuple[str, ...]
    mapping: Mapping[str, str | None]

    def class_of(self, name: str) -> str | None:
        """Return the class that boxes of a name become, None if they are left out."""
        return name if name in self.classes else self.mapping.get(name)

    def boxes(self, picture: FoundPicture) -> list[NamedBox]:
        """Return the boxes of a picture with their classes."""
        rows = zip(picture.annotated.names, picture.annotated.boxes.tolist(), strict=True)
        return [
            (known, (x1, y1, x2, y2)) for name, (x1, y1, x2, y2) in rows if (known := self.class_of(name)) is not None
        ]

    @property
    def complete_for(self) -> tuple[str, ...]:
        """The classes that were annotated: one of which no picture has a box was most likely not looked for."""
        known = {self.class_of(name) for name in self.found.counts}
        return tuple(name for name in self.classes if name in known)

    @property
    def total(self) -> int:
        """The number of boxes that are to be imported."""
        return sum(number for name, number in self.found.counts.items() if self.class_of(name) is not None)

    @property
    def problem(self) -> str:
        """Why there is nothing to import, "" if there is."""
        if not self.found.pictures:
            return "There is nothing to import."
        if self.use is not Use.TRUTH and any(picture.annotated.points for picture in self.found.pictures):
            return "Points say where cells are, not how large; they can be taken as ground truth only."
        if self.use is Use.ADD and not self.total:
            return "No box is left to add: every class is left out."
        return ""


def why_no_import(document: Document) -> str:
    """Return why nothing can be imported into a session, "" if it can."""
    if document.session is None or not document.entries:
        return "Annotations belong to pictures; open the pictures first, then import."
    if document.session.read_only:
        return f"{document.session.path}: it was opened for reading only; save a copy of the session, and import there."
    if not document.classes:
        return "The model is still being opened; import when its classes are known."
    return ""


def new_boxes(boxes: Sequence[NamedBox], changes: Iterable[CellChange], nms_iou: float) -> list[NamedBox]:
    """Return the boxes that are not the same cell as one that a person put or imported before.

    Without this, importing a file a second time would count its cells twice.
    """
    mine = [change.after for change in effective(changes) if change.after is not None]
    if not mine:
        return list(boxes)
    my_names = np.array([cell.class_name for cell in mine])
    names = np.array([name for name, _ in boxes])
    known = np.zeros(len(boxes), bool)
    new, old, overlap = overlapping_pairs(
        np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
        np.array([cell.box for cell in mine], np.float32),
        min(nms_iou, SAME_CELL_IOU),
    )
    same = overlap > np.where(names[new] == my_names[old], nms_iou, SAME_CELL_IOU)
    known[new[same]] = True
    return [item for item, there in zip(boxes, known.tolist(), strict=True) if not there]


def removals(
    cells: ImageCells | None, changes: Iterable[CellChange], classes: tuple[str, ...], settings: CountSettings
) -> list[CellChange]:
    """Return the changes that empty a picture's count: a person's cells go, and the found ones that count.

    So do found cells that count only once the person's cells over them are gone.
    """
    earlier = effective(changes)
    removed = [CellChange(change.cell, change.after, None) for change in earlier if change.after is not None]
    found = cells.found.detections if cells else Detections.empty()
    left = CellEdits.from_edits(found, [replace(change, after=None) for change in earlier], classes)
    result = count(found, settings, classes, left)
    for place in np.flatnonzero(result.counted).tolist():
        removed.append(CellChange(int(found.ids[place]), found_cell(found, place, classes), None))
    return removed


class Importing(QObject):
    """Puts imported boxes into the session, picture by picture; all of it is one step to undo.

    ``ended`` comes when all are in, or it was stopped; the document's message says what was done.
    """

    progressed = Signal(int)  # pictures done
    ended = Signal()

    def __init__(self, document: Document, plan: ImportPlan, parent: QObject | None = None) -> None:
        super().__init__(parent or document)
        self._document = document
        self._session = document.session
        self._plan = plan
        self._pictures = self._boxes = self._known = 0
        self._unmarked = 0
        self._step: list[Command] = []
        if plan.use is not Use.TRUTH and not document.person:
            document.editing.person_wanted.emit()
        self._steps = IdleLoop(self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_ended)
        self._steps.start(self._import_all())

    def stop(self) -> None:
        """Import no further picture."""
        self._steps.stop()
        self._on_ended()

    def _import_all(self) -> Iterator[None]:
        for picture in self._plan.found.pictures:
            if self._document.session is not self._session or not self._import(picture):
                return
            self._pictures += 1
            yield

    def _import(self, picture: FoundPicture) -> bool:
        """Import one picture; False, and a message from the document, if it could not be stored."""
        document, session, boxes = self._document, self._session, self._plan.boxes(picture)
        entry, settings = document.entry(picture.id), document.settings
        if session is None or settings is None:
            return False
        if entry is None:
            return True
        try:
            if self._plan.use is Use.TRUTH:
                self._keep_truth(picture)
            elif self._plan.use is Use.ADD:
                new = new_boxes(boxes, session.changes(picture.id).values(), settings.nms_iou)
                self._known += len(boxes) - len(new)
                boxes = new
                name = ngettext("Import {n:,} cell", "Import {n:,} cells", len(boxes)).format(n=len(boxes))
                if not self._correct(entry, name, self._additions(boxes)):
                    return False
            else:
                earlier = session.changes(picture.id).values()
                changes = removals(document.cells_of(entry), earlier, document.classes, settings)
                name = ngettext(
                    "Replace the count by {n:,} imported cell", "Replace the count by {n:,} imported cells", len(boxes)
                ).format(n=len(boxes))
                if not self._correct(entry, name, changes + self._additions(boxes)):
                    return False
        except SessionError as error:
            document.message.emit(Level.ERROR, str(error))
            return False
        self._boxes += len(boxes)
        return True

    def _additions(self, boxes: Sequence[NamedBox]) -> list[CellChange]:
        """Return the changes that put boxes as new cells."""
        session = self._document.session
        number = session.new_ids(len(boxes)) if session is not None and boxes else 0
        cells = (Cell(name, box, 1.0, Origin.IMPORTED) for name, box in boxes)
        return [CellChange(number + place, None, cell) for place, cell in enumerate(cells)]

    def _correct(self, entry: Entry, name: str, changes: list[CellChange]) -> bool:
        """Correct one picture, as a part of the one step that the import is; False if it could not be stored."""
        reviewed = entry.reviewed
        if changes and not self._document.editing.edit_image(entry.id, name, changes, self._step):
            return False
        self._unmarked += reviewed and not entry.reviewed
        return True

    def _keep_truth(self, picture: FoundPicture) -> None:
        """Keep the boxes or points of a picture as its truth."""
        boxes = self._plan.boxes(picture)
        annotated = replace(
            picture.annotated,
            names=tuple(name for name, _ in boxes),
            boxes=np.array([box for _, box in boxes], np.float32).reshape(-1, 4),
            scores=None,
        )
        truth = GroundTruth.imported(annotated, self._plan.complete_for, points=annotated.points)
        note = ngettext("Ground truth imported ({n:,} cell)", "Ground truth imported ({n:,} cells)", len(boxes))
        self._document.truths.put(picture.id, truth, note.format(n=len(boxes)))

    @Slot()
    def _on_ended(self) -> None:
        if self._document.session is self._session:
            self._document.editing.add_step(self._step)
        total, done, boxes = len(self._plan.found.pictures), self._pictures, self._boxes
        where = ngettext("{n:,} image", "{n:,} images", total).format(n=total)
        if done != total:
            where = gettext("{done:,} of {total:,} images").format(done=done, total=total)
        text = ngettext("Imported {n:,} box into {where}.", "Imported {n:,} boxes into {where}.", boxes)
        if self._plan.use is Use.TRUTH:
            text = ngettext(
                "Imported {n:,} cell in {where} as ground truth.",
                "Imported {n:,} cells in {where} as ground truth.",
                boxes,
            )
        text = text.format(n=boxes, where=where)
        if self._known:
            known = ngettext("{n:,} cell was already there.", "{n:,} cells were already there.", self._known)
            text += " " + known.format(n=self._known)
        if self._unmarked:
            unmarked = ngettext(
                "{n:,} image is no longer marked Reviewed; Undo takes the whole import back.",
                "{n:,} images are no longer marked Reviewed; Undo takes the whole import back.",
                self._unmarked,
            )
            text += " " + unmarked.format(n=self._unmarked)
        self._document.message.emit(Level.WARNING if self._unmarked else Level.INFO, text)
        self.ended.emit()
        self.deleteLater()
