"""Annotations into the session: as edits, or as ground truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot

from core.cells import Cell, CellChange, Detections, Origin
from core.exchange.import_plan import Use, new_boxes, removals
from core.text import gettext, ngettext
from gui.tasks import IdleLoop
from gui.workspace.messages import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.annotations.base import AnnotatedImage
    from core.exchange.import_plan import ImportPlan, NamedBox
    from core.session.values import Edit
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.editing import Editing
    from gui.workspace.ground_truth import GroundTruths
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore


class Importer(QObject):
    """Whether annotations can be imported into the session, and the imports."""

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        editing: Editing,
        truths: GroundTruths,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._images = images
        self._settings = settings
        self._services = store, history, images, settings, counts, editing, truths, messages

    def problem(self) -> str:
        """Return why nothing can be imported into the session, or ""."""
        if not self._images.items:
            return gettext("Annotations belong to images; open the images first, then import.")
        if self._store.read_only:
            text = gettext("{path}: it was opened for reading only; save a copy of the session, and import there.")
            return text.format(path=self._store.path)
        if not self._settings.classes:
            return gettext("The model is still being opened; import when its classes are known.")
        return ""

    def start(self, plan: ImportPlan) -> Importing:
        """Import what was planned; it goes on when the dialog that began it is closed."""
        return Importing(*self._services, plan, self)


class Importing(QObject):
    """Puts imported boxes into the session, image by image; all of it is one step to undo.

    ``ended`` comes when all are in, or it was stopped; the message says what was done.
    """

    progressed = Signal(int)  # images done
    ended = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        editing: Editing,
        truths: GroundTruths,
        messages: Messages,
        plan: ImportPlan,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._counts = counts
        self._editing = editing
        self._truths = truths
        self._messages = messages
        self._session = store.session
        self._plan = plan
        self._done = self._boxes = self._known = 0
        self._unmarked = 0
        self._step: list[Edit] = []
        self._steps = IdleLoop(self)
        self._steps.progressed.connect(self.progressed)
        self._steps.ended.connect(self._on_ended)
        self._steps.start(self._import_all())

    def stop(self) -> None:
        """Import no further image."""
        self._steps.stop()
        self._on_ended()

    def _import_all(self) -> Iterator[None]:
        for image in self._plan.found.images:
            if self._store.session is not self._session or not self._import(image):
                return
            self._done += 1
            yield

    def _import(self, image: AnnotatedImage) -> bool:
        """Import one image; False, and a message, if it could not be stored."""
        session, boxes = self._session, self._plan.boxes(image)
        item, settings = self._images.item(cast("int", image.image_id)), self._settings.value
        if session is None or settings is None:
            return False
        if item is None:
            return True
        earlier = self._store.read(lambda session: session.edits.changes(item.id), {}).values()
        if self._plan.use is Use.TRUTH:
            name = ngettext("Ground truth imported ({n:,} cell)", "Ground truth imported ({n:,} cells)", len(boxes))
            if not self._truths.set(item.id, self._plan.truth(image), name.format(n=len(boxes)), self._step):
                return False
        elif self._plan.use is Use.ADD:
            new = new_boxes(boxes, earlier, settings.nms_iou)
            self._known += len(boxes) - len(new)
            boxes = new
            name = ngettext("Import {n:,} cell", "Import {n:,} cells", len(boxes)).format(n=len(boxes))
            if not self._edit(item, name, self._additions(boxes)):
                return False
        else:
            cells = self._counts.cells(item.id)
            found = cells.found.detections if cells else Detections.empty()
            changes = removals(found, earlier, self._settings.classes, settings)
            name = ngettext(
                "Replace the count by {n:,} imported cell", "Replace the count by {n:,} imported cells", len(boxes)
            ).format(n=len(boxes))
            if not self._edit(item, name, changes + self._additions(boxes)):
                return False
        self._boxes += len(boxes)
        return True

    def _additions(self, boxes: Sequence[NamedBox]) -> list[CellChange]:
        """Return the changes that add boxes as new cells."""
        number = self._store.read(lambda session: session.detections.new_ids(len(boxes)), 0) if boxes else 0
        cells = (Cell(name, box, 1.0, Origin.IMPORTED) for name, box in boxes)
        return [CellChange(number + place, None, cell) for place, cell in enumerate(cells)]

    def _edit(self, item: ImageItem, name: str, changes: list[CellChange]) -> bool:
        """Edit one image, as a part of the one step that the import is; False if it could not be stored."""
        reviewed = item.reviewed
        if changes and not self._editing.edit_image(item.id, name, changes, self._step):
            return False
        self._unmarked += reviewed and not item.reviewed
        return True

    @Slot()
    def _on_ended(self) -> None:
        if self._store.session is self._session:
            self._history.add_step(self._step)
        total, done, boxes = len(self._plan.found.images), self._done, self._boxes
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
        self._messages.posted.emit(Level.WARNING if self._unmarked else Level.INFO, text)
        self.ended.emit()
        self.deleteLater()


def outcome_of(plan: ImportPlan) -> str:
    """Say what the import will do."""
    images = len(plan.found.images)
    where = ngettext("{n:,} image", "{n:,} images", images).format(n=images)
    text = {
        Use.ADD: ngettext("Adds {n:,} box to {where}.", "Adds {n:,} boxes to {where}.", plan.total),
        Use.REPLACE: ngettext(
            "Replaces the count of {where} by {n:,} box.",
            "Replaces the count of {where} by {n:,} boxes.",
            plan.total,
        ),
        Use.TRUTH: ngettext(
            "Makes {n:,} box the ground truth of {where}.",
            "Makes {n:,} boxes the ground truth of {where}.",
            plan.total,
        ),
    }[plan.use]
    return text.format(n=plan.total, where=where)
