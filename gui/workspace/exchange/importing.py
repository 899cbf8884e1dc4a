"""Annotations into the session: as corrections, or as ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Detections, Origin
from core.exchange.import_plan import Use, new_boxes, removals
from core.session.session import SessionError
from core.session.values import Cell, Change
from gui.tasks import Steps, many
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.exchange.import_plan import ImportPlan, NamedBox
    from core.session.values import Command
    from gui.workspace.document import Document
    from gui.workspace.images import Entry


def why_no_import(document: Document) -> str:
    """Return why nothing can be imported into a session, "" if it can."""
    if document.session is None or not document.entries:
        return "Annotations belong to pictures; open the pictures first, then import."
    if document.session.read_only:
        return f"{document.session.path}: it was opened for reading only; save a copy of the session, and import there."
    if not document.classes:
        return "The model is still being opened; import when its classes are known."
    return ""


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
        self._steps = Steps(self._import_all(), self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_ended)

    def stop(self) -> None:
        """Import no further picture."""
        self._steps.stop()

    def _import_all(self) -> Iterator[None]:
        for image in self._plan.found.images:
            if self._document.session is not self._session or not self._import(image):
                return
            self._pictures += 1
            yield

    def _import(self, image: AnnotatedImage) -> bool:
        """Import one image; False, and a message from the document, if it could not be stored."""
        document, session, boxes = self._document, self._session, self._plan.boxes(image)
        entry, settings = document.entry(cast("int", image.image_id)), document.settings
        if session is None or settings is None:
            return False
        if entry is None:
            return True
        try:
            if self._plan.use is Use.TRUTH:
                document.truths.put(
                    entry.id, self._plan.truth(image), f"Ground truth imported ({many(len(boxes), 'cell')})"
                )
            elif self._plan.use is Use.ADD:
                new = new_boxes(boxes, session.changes(entry.id).values(), settings.nms_iou)
                self._known += len(boxes) - len(new)
                boxes = new
                name = f"Import {many(len(boxes), 'cell')}"
                if not self._correct(entry, name, self._additions(boxes)):
                    return False
            else:
                earlier, cells = session.changes(entry.id).values(), document.cells_of(entry)
                found = cells.found.detections if cells else Detections.empty()
                changes = removals(found, earlier, document.classes, settings)
                name = f"Replace the count by {many(len(boxes), 'imported cell')}"
                if not self._correct(entry, name, changes + self._additions(boxes)):
                    return False
        except SessionError as error:
            document.message.emit(Level.ERROR, str(error))
            return False
        self._boxes += len(boxes)
        return True

    def _additions(self, boxes: Sequence[NamedBox]) -> list[Change]:
        """Return the changes that put boxes as new cells."""
        session = self._document.session
        number = session.new_ids(len(boxes)) if session is not None and boxes else 0
        cells = (Cell(name, box, 1.0, Origin.IMPORTED) for name, box in boxes)
        return [Change(number + place, None, cell) for place, cell in enumerate(cells)]

    def _correct(self, entry: Entry, name: str, changes: list[Change]) -> bool:
        """Correct one picture, as a part of the one step that the import is; False if it could not be stored."""
        reviewed = entry.reviewed
        if changes and not self._document.editing.edit_image(entry.id, name, changes, self._step):
            return False
        self._unmarked += reviewed and not entry.reviewed
        return True

    @Slot()
    def _on_ended(self) -> None:
        if self._document.session is self._session:
            self._document.editing.add_step(self._step)
        total = len(self._plan.found.images)
        where = many(total, "picture") if self._pictures == total else f"{self._pictures:,} of {total:,} pictures"
        boxes = many(self._boxes, "box", "boxes")
        text = f"Imported {boxes} into {where}."
        if self._plan.use is Use.TRUTH:
            text = f"Took {many(self._boxes, 'cell')} in {where} as ground truth."
        if self._known:
            verb = "was" if self._known == 1 else "were"
            text += f" {many(self._known, 'cell')} {verb} there already."
        if self._unmarked:
            text += f" {many(self._unmarked, 'picture')} lost the mark Reviewed; Undo takes the whole import back."
        self._document.message.emit(Level.WARNING if self._unmarked else Level.INFO, text)
        self.ended.emit()
        self.deleteLater()
