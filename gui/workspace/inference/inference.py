"""Counting the images: the model, the queue, and what becomes of its results."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.reconcile import effective, find_conflicts
from core.detection.loading import with_methods
from core.session.tables.settings import pixels_key, span_key
from core.session.values import Edit, StoredDetections, Subject, ValueChange
from core.text import gettext, ngettext
from gui.tasks import Debounce
from gui.workspace.counting.cells import ImageCells
from gui.workspace.images import State
from gui.workspace.inference.model import SessionModel, in_use
from gui.workspace.inference.queue import CountingQueue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from core.cells import CellChange
    from core.detection.detector import DetectorResult
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard
    from core.models.method import Method
    from core.session.session import Session
    from gui.workspace.conflicts import Conflicts
    from gui.workspace.counting.counts import Counts
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.history import History
    from gui.workspace.images import ImageItem, Images
    from gui.workspace.inference.worker import LoadedImage, Reading
    from gui.workspace.messages import Messages
    from gui.workspace.store import SessionStore

LOG = logging.getLogger(__name__)

_TOGETHER_MS = 400


class Inference(QObject):
    """Has images read and counted in the background, and stores the detections.

    ``model`` is None until one is open.
    """

    model_changed = Signal()
    replaced = Signal(int, object, object)  # image whose cells have kinds, StoredDetections before and now
    image_loaded = Signal(object)  # id of an image whose pixels are there
    progressed = Signal(int, int)  # tiles done, tiles in all
    activity_changed = Signal()

    def __init__(
        self,
        store: SessionStore,
        history: History,
        images: Images,
        settings: CountSettingsModel,
        counts: Counts,
        conflicts: Conflicts,
        messages: Messages,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._history = history
        self._images = images
        self._settings = settings
        self._counts = counts
        self._conflicts = conflicts
        self._messages = messages
        self.model: AnyModel | None = None
        self.queue = CountingQueue(images, settings, self)
        self._session_model = SessionModel(self.queue)
        self._tell_later = Debounce(_TOGETHER_MS, self.activity_changed.emit, self)
        self._undone = False  # the choice of the model that is being opened
        store.reading.connect(self._read)
        history.recorded.connect(self._on_recorded)
        images.changed.connect(self._on_images_changed)
        images.current_changed.connect(self.queue.show)
        images.diameter_changed.connect(lambda image: self.count([image]))
        self.queue.loaded.connect(self._on_loaded)
        self.queue.counted.connect(self._on_counted)
        self.queue.failed.connect(self._on_failed)
        self.queue.unreachable.connect(self._on_unreachable)
        self.queue.state_changed.connect(lambda item: images.item_changed.emit(item.id))
        self.queue.model_opened.connect(self._on_model_opened)
        self.queue.model_failed.connect(self._on_model_failed)
        self.queue.progressed.connect(self.progressed)
        self.queue.activity_changed.connect(self._on_activity)

    @property
    def unseen(self) -> bool:
        """Whether the image that is shown could not be read, and there is nothing of it to be seen."""
        current = self._images.current
        return current is not None and bool(current.error) and self.shown is None

    @property
    def shown(self) -> LoadedImage | None:
        """The pixels of the image that is shown, None until they are read."""
        return self.queue.loaded_image(self._images.current_id)

    # -- what to count -------------------------------------------------------------------------

    def count(self, images: Iterable[int]) -> None:
        """Count images (again), unless the session could not store the result; edits are kept."""
        path = self._store.path
        if self._store.read_only and path is not None:
            self._messages.warning(
                gettext("{name} is open for reading only; save a copy of it and count there.").format(name=path.name)
            )
            return
        self.queue.count([item for image in images if (item := self._images.item(image)) is not None])

    def count_current(self) -> None:
        """Count the image that is shown again, from its file as it is now."""
        item = self._images.current
        if item is not None:
            self.queue.forget_pixels(item)
            self.count([item.id])

    def retry_failed(self) -> None:
        """Count the images that failed once more."""
        self.count([item.id for item in self._images.items if item.state is State.FAILED])

    def relocated(self, items: Iterable[ImageItem]) -> None:
        """Read images again whose files were found at another place; count those that are not counted yet."""
        items = list(items)
        for item in items:
            self.queue.forget_pixels(item)
        self.count([item.id for item in items if item.state is not State.COUNTED])
        self.queue.show(self._images.current_id)

    def open_model(self, path: Path, like: ModelCard | None = None) -> None:
        """Open another model; every image is then counted again with it, and edits are kept.

        Its counting methods are those of ``like``, a card of it, or else those that the session last used.
        """
        if like is None:
            like = self._store.read(lambda session: self._session_model.last_card(session, path), None)
        self.queue.open_model(path, like)

    def use_method(self, class_name: str, method: Method) -> None:
        """Count the masks of a class with another method, in every image; thresholds and edits stay."""
        if self.model is not None and self.model.card.counting[class_name].method is not method:
            self.queue.use_model(with_methods(self.model, {class_name: method}))

    def close(self) -> None:
        """Stop counting and end the thread; nothing can be counted afterwards."""
        self.queue.close()

    @Slot()
    def _read(self) -> None:
        self.queue.forget()
        session = self._store.session
        if session is not None:
            self._store.read(
                lambda session: self._session_model.restore(session, session.models.in_use, self.model), None
            )

    @Slot()
    def _on_images_changed(self) -> None:
        self.queue.take_images(count=not self._store.read_only)

    # -- what the queue brings -----------------------------------------------------------------

    @Slot()
    def _on_activity(self) -> None:
        """Say what the queue does: where many images wait, not for each of them."""
        if self._counts.many_wait and not self.queue.paused:
            self._tell_later.start_unless_due()
        else:
            self._tell_later.stop()
            self.activity_changed.emit()

    @Slot(object, object)
    def _on_loaded(self, item: ImageItem, reading: Reading) -> None:
        if item.state is not State.FAILED:
            item.error = ""
        if item.stamp is not None and item.stamp.sha256 != reading.stamp.sha256 and item.state is State.COUNTED:
            self._messages.warning(
                gettext("{name}: the file has changed since it was counted; count again (F5) to see its cells.").format(
                    name=item.path.name
                )
            )
        elif item.state is not State.COUNTED:
            item.size, item.notices, item.seconds = (reading.width, reading.height), reading.notices, reading.seconds
            item.stamp, item.span, item.pixels = reading.stamp, reading.span, reading.pixels
            self._images.identified.emit(item.id)
        if reading.loaded is not None:
            self.image_loaded.emit(item.id)

    @Slot(object, object)
    def _on_counted(self, item: ImageItem, result: DetectorResult) -> None:
        model = self.queue.model
        if not self._store.writable or model is None or self._settings.value is None:
            return
        item.notices = tuple(dict.fromkeys(item.notices + result.notices))
        before = self._store.read(
            lambda session: session.detections.get(item.id) if session.edits.has_kinds(item.id) else None, None
        )
        with self._store.write(remedy=gettext("Counting is paused; choose Resume.")) as write:
            session = write.session
            first = session.detections.new_ids(len(result.detections))
            result = replace(result, detections=result.detections.numbered_from(first))
            file = item.stamp.sha256 if item.stamp else ""
            found = StoredDetections.of(
                result, model.card.classes, model.card.name, model.sha256, file=file, by_hand=item.diameter
            )
            changes = session.edits.changes(item.id)
            _note_recount(session, item, model)
            if changes:
                self._compare(session, item, found, changes)
            session.detections.set_counted(
                item.id,
                found,
                width=item.size[0],
                height=item.size[1],
                seconds=item.seconds,
                notices=item.notices,
                stamp=item.stamp,
            )
            if item.span is not None:
                session.view.put(span_key(item.id), [item.span.low, item.span.high])
            session.view.put(pixels_key(item.id), item.pixels)
            session.models.keep(model.sha256, model.card)
            session.models.use(in_use(model))
        if not write.done:
            self.queue.put_back(item)
            return
        item.state = State.COUNTED
        if before is not None:
            self.replaced.emit(item.id, before, found)
        # not read from the session again: the worker has done a part of the counting of just these cells
        self._counts.take(
            item.id, ImageCells.of(found.in_order_of(self._settings.classes), changes, self._settings.classes)
        )
        self._images.item_changed.emit(item.id)
        if changes:
            self._report_conflicts(item)
        if item is self._images.current and item.notices:
            self._messages.warning(" ".join(item.notices))

    def _compare(
        self, session: Session, item: ImageItem, found: StoredDetections, changes: Mapping[int, CellChange]
    ) -> None:
        """Store where a new count and the edits of an image do not agree."""
        settings, classes = self._settings.value, self._settings.classes
        assert settings is not None
        now = found.in_order_of(classes).detections
        session.conflicts.replace(item.id, find_conflicts(changes.values(), now, classes, settings.thresholds))
        if effective(changes.values()):
            session.edits.note("SmearCount", item.id, gettext("Count again: edits carried over"))

    def _report_conflicts(self, item: ImageItem) -> None:
        self._conflicts.read()
        self._history.changed.emit()
        if self._conflicts.of(item.id):
            self._messages.warning(
                gettext("{name}: the new count and your edits disagree; see History (F8), Conflicts.").format(
                    name=item.path.name
                )
            )

    @Slot(object, str)
    def _on_failed(self, item: ImageItem, error: str) -> None:
        stays = item.state is not State.COUNTED and self._keep_earlier_count(item)
        if item.state is not State.COUNTED:
            item.state = State.FAILED
            if self._store.writable:
                with self._store.write() as write:
                    write.session.images.set_failed(item.id, error)
        self._report_error(item, error, stays=stays)

    @Slot(object, str)
    def _on_unreachable(self, item: ImageItem, error: str) -> None:
        stays = item.state is not State.COUNTED and self._keep_earlier_count(item)
        self._report_error(item, error, stays=stays)
        waiting = self.queue.waiting
        text = gettext("{folder}: it cannot be reached; connect the drive or the network folder again.")
        text = text.format(folder=item.path.parent)
        if waiting:
            later = ngettext(
                "Choose Resume then to count the image that waits.",
                "Choose Resume then to count the {n:,} images that wait.",
                waiting,
            )
            text += " " + later.format(n=waiting)
        self._messages.error(text)

    def _report_error(self, item: ImageItem, error: str, *, stays: bool) -> None:
        """Report why an image cannot be shown or counted; ``stays``: its earlier count holds."""
        item.error = gettext("{error} Its earlier count stays.").format(error=error) if stays else error
        if stays:
            self._messages.warning(item.error)
        self._images.item_changed.emit(item.id)

    def _keep_earlier_count(self, item: ImageItem) -> bool:
        """Show an image as the session has it, after counting it again failed; False if it has no count."""
        stored = self._store.read(lambda session: session.images.get(item.id), None)
        if stored is None or State(stored.state) is not State.COUNTED:
            return False
        item.state, item.size, item.notices = State.COUNTED, (stored.width, stored.height), stored.notices
        item.seconds, item.stamp = stored.seconds, stored.stamp
        self._counts.forget([item.id])
        return item.state is State.COUNTED

    # -- the model -----------------------------------------------------------------------------

    @Slot(object)
    def _on_model_opened(self, model: AnyModel) -> None:
        before, self.model = self.model, model
        awaited = self._session_model.is_awaited(model)
        if awaited and (text := self._session_model.give_up(model)):
            self._messages.warning(text)
        changed = before is not None and model.sha256 != before.sha256
        same_masks = before is not None and model.original[0] == before.original[0] and bool(self._settings.classes)
        chosen = changed and not awaited
        start_over = not same_masks and (not self._store.is_open or chosen or not self._settings.classes)
        if chosen and before is not None and self._store.writable:
            self._record_choice(before, model, start_over=start_over)
            start_over = False
        self._settings.take_model(model.card, start_over=start_over)
        if changed and (chosen or self._undone):
            self._count_with(model)
        self._undone = False
        self.model_changed.emit()

    def _record_choice(self, before: AnyModel, model: AnyModel, *, start_over: bool) -> None:
        """Record that the session is counted with another model from now on."""
        with self._store.write() as write:
            write.session.models.keep(model.sha256, model.card)
        values: tuple[ValueChange, ...] = (ValueChange(Subject.MODEL, None, in_use(model)),)
        name, moved = gettext("Model {name}").format(name=model.card.name), ""
        if start_over:
            kept, wanted = self._settings.for_model(before.sha256, model)
            values += (*kept, *self._settings.changes(wanted, model.card.classes))
            if moved := self._settings.moved_text(wanted):
                name = gettext("{model}; thresholds {changes}").format(model=name, changes=moved)
        if self._history.record([Edit(None, name, values=values)]):
            text = gettext("{model} counts from now on.").format(model=model.card.name)
            if moved:
                text += " " + gettext("Thresholds: {changes}.").format(changes=moved)
            self._messages.offer(text, gettext("Undo"), self._history.undo, about_step=True)

    def _count_with(self, model: AnyModel) -> None:
        """Use what a model found earlier; count the other images with it."""
        counted = [item for item in self._images.items if item.state is State.COUNTED]
        known: set[int] = set()
        if self._store.writable:
            with self._store.write() as write:
                known = {item.id for item in counted if write.session.detections.use(item.id, model.sha256)}
        self._counts.forget([item.id for item in counted])
        waiting = [item for item in self._images.items if item.state is not State.FAILED and item.id not in known]
        self.count([item.id for item in waiting])

    @Slot(object)
    def _on_recorded(self, edits: tuple[Edit, ...]) -> None:
        """Open the other model again, after its choice was undone or redone."""
        chosen = [change.after for edit in edits for change in edit.values if change.subject is Subject.MODEL]
        session = self._store.session
        if chosen and edits[0].undoes is not None and session is not None:
            self._undone = True
            self._session_model.restore(session, chosen[-1], self.model)

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        self._messages.error(" ".join(filter(None, (error, self._session_model.give_up(self.model)))))
        self.activity_changed.emit()


def _note_recount(session: Session, item: ImageItem, model: AnyModel) -> None:
    """Say in the history that an image is counted again; where the model is another one, a line says so already."""
    before = session.images.get(item.id)
    if State(before.state) is not State.COUNTED or before.model != model.sha256:
        return
    same = before.stamp is None or item.stamp is None or before.stamp.sha256 == item.stamp.sha256
    text = gettext("Counted again") if same else gettext("Counted again: the file has changed")
    session.edits.note("SmearCount", item.id, text)
