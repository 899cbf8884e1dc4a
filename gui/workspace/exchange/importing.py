"""Annotations into the session: as corrections, or as ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Cell, CellChange, Detections, Origin
from core.exchange.import_plan import Use, new_boxes, removals
from core.session.session import SessionError
from core.text import gettext, ngettext
from gui.tasks import IdleLoop
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
        self._steps = IdleLoop(self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_ended)
        self._steps.start(self._import_all())

    def stop(self) -> None:
        """Import no further picture."""
        self._steps.stop()
        self._on_ended()

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
                note = ngettext("Ground truth imported ({n:,} cell)", "Ground truth imported ({n:,} cells)", len(boxes))
                document.truths.put(entry.id, self._plan.truth(image), note.format(n=len(boxes)))
            elif self._plan.use is Use.ADD:
                new = new_boxes(boxes, session.changes(entry.id).values(), settings.nms_iou)
                self._known += len(boxes) - len(new)
                boxes = new
                name = ngettext("Import {n:,} cell", "Import {n:,} cells", len(boxes)).format(n=len(boxes))
                if not self._correct(entry, name, self._additions(boxes)):
                    return False
            else:
                earlier, cells = session.changes(entry.id).values(), document.cells_of(entry)
                found = cells.found.detections if cells else Detections.empty()
                changes = removals(found, earlier, document.classes, settings)
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

    @Slot()
    def _on_ended(self) -> None:
        if self._document.session is self._session:
            self._document.editing.add_step(self._step)
        total, done, boxes = len(self._plan.found.images), self._pictures, self._boxes
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
