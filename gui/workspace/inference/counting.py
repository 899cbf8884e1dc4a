"""Counting the pictures: thresholds, the model, and what the queue brings back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.counting.count import CountSettings
from core.counting.reconcile import effective, find_conflicts
from core.detection.loading import with_methods
from core.session.contours import save_contours
from core.session.results import load_result
from core.session.settings import SETTINGS_KEY, keep_card, save_field, stored_settings
from core.session.values import SessionError, StoredDetections
from gui.workspace.images import Entry, ImageCells, State
from gui.workspace.inference.model import SessionModel
from gui.workspace.inference.queue import CountingQueue
from gui.workspace.picture_list import PictureList
from gui.workspace.store import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.cells import CellChange
    from core.detection.detector import DetectorResult
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard
    from core.models.method import Method
    from gui.workspace.duplicates import Copies
    from gui.workspace.inference.worker import Reading

_STAYS = "Its earlier count stays."
_KEPT_NOTE = "Count again: corrections carried over"


class Counting(PictureList):
    """Has the pictures counted, and keeps in the session what was found."""

    copies: Copies

    model_changed = Signal()
    progressed = Signal(int, int)
    activity_changed = Signal()

    def __init__(self, sessions: Path, person: str, parent: QObject | None) -> None:
        super().__init__(sessions, person, parent)
        self.model: AnyModel | None = None
        self._noted_thresholds: dict[str, float] = {}
        self._settle.timeout.connect(self._keep_settings)
        self.queue = CountingQueue(self)
        self.session_model = SessionModel(self.queue)
        self.queue.loaded.connect(self._on_loaded)
        self.queue.counted.connect(self._on_counted)
        self.queue.failed.connect(self._on_failed)
        self.queue.unreachable.connect(self._on_unreachable)
        self.queue.state_changed.connect(self._on_state_changed)
        self.queue.model_opened.connect(self._on_model_opened)
        self.queue.model_failed.connect(self._on_model_failed)
        self.queue.progressed.connect(self.progressed)
        self.queue.activity_changed.connect(self.activity_changed)

    # -- settings --------------------------------------------------------------------------------

    def set_threshold(self, name: str, value: float) -> None:
        """Set the confidence threshold of a class; only counting is repeated."""
        if self.settings is None or self.settings.thresholds.get(name) == value:
            return
        self.settings = replace(self.settings, thresholds={**self.settings.thresholds, name: value})
        self._settle.start()
        self.counts_changed.emit()

    def reset_thresholds(self) -> None:
        """Go back to the thresholds that the model suggests."""
        if self.model is not None:
            for name, value in self.model.card.thresholds.items():
                self.set_threshold(name, value)

    def set_diameter(self, diameter: float | None) -> None:
        """Set the red cell size of the current picture by hand (None: estimate it) and count again."""
        entry, session = self.current_entry, self.session
        if entry is None or session is None or entry.diameter == diameter:
            return
        if self.guarded(lambda: session.set_diameter(entry.id, diameter) or True):
            entry.diameter = diameter
            self.count_again()

    def settle(self) -> None:
        """Write what was just moved, such as a threshold, so that the session is what the window shows."""
        self._keep_settings()

    def _keep_settings(self) -> None:
        """Write settings and place to the session, and a moved threshold to its history."""
        self._settle.stop()
        session, settings = self.session, self.settings
        if session is None or settings is None or not self.writable:
            return
        moved = [
            f"{name} {self._noted_thresholds[name]:.2f} to {value:.2f}"
            for name, value in settings.thresholds.items()
            if name in self._noted_thresholds and self._noted_thresholds[name] != value
        ]
        entry = self.current_entry
        stored = stored_settings(settings, self.classes)

        def write() -> bool:
            if session.get(SETTINGS_KEY) != stored:
                session.put(SETTINGS_KEY, stored)
            if entry is not None and session.get("current") != entry.id:
                session.put("current", entry.id)
            if moved:
                session.note(self.person, None, "Threshold " + ", ".join(moved))
            return True

        if self.guarded(write):
            self._noted_thresholds = dict(settings.thresholds)
            if moved:
                self.history_changed.emit()

    # -- what the person wants counted -------------------------------------------------------------

    def count_again(self) -> None:
        """Count the current picture again, and go on with those that wait; corrections are kept."""
        entry = self.current_entry
        if entry is not None:
            self.queue.forget_picture(entry)
            self._count([entry])
            self.cells_changed.emit()
            self.counts_changed.emit()

    def retry_failed(self) -> None:
        """Count the pictures that failed once more."""
        self._count([entry for entry in self.entries if entry.state is State.FAILED])
        self.counts_changed.emit()

    def _count(self, entries: list[Entry]) -> None:
        """Count pictures (again), unless the session could not keep what is found."""
        if self.session is not None and self.session.read_only:
            self.message.emit(
                Level.WARNING, f"{self.session.path.name} is open to look at only; save a copy of it and count there."
            )
        else:
            self.queue.count(entries)

    def import_model(self, path: Path, like: ModelCard | None = None) -> None:
        """Open another model; every picture is then counted again with it, and corrections are kept.

        The ways to count its masks are chosen as in ``like``, a card of its, or else as the session last had them.
        """
        if like is None and self.session is not None:
            like = self.session_model.last_card(self.session, path)
        self.queue.open_model(path, like)

    def count_by(self, class_name: str, method: Method) -> None:
        """Count the masks of a class in another way, in every picture; thresholds and corrections stay."""
        if self.model is not None and self.model.card.counting[class_name].method is not method:
            self.queue.use_model(with_methods(self.model, {class_name: method}))

    # -- what the queue brings -----------------------------------------------------------------------

    @Slot(object, object)
    def _on_loaded(self, entry: Entry, reading: Reading) -> None:
        if entry.state is not State.FAILED:
            entry.error = ""
        if entry.stamp is not None and entry.stamp.sha256 != reading.stamp.sha256 and entry.state is State.COUNTED:
            self.message.emit(
                Level.WARNING,
                f"{entry.path.name}: the file has changed since it was counted; count again (F5) to see its cells.",
            )
        elif entry.state is not State.COUNTED:
            entry.size, entry.notices, entry.seconds = (reading.width, reading.height), reading.notices, reading.seconds
            entry.stamp = reading.stamp
            self.copies.look_at(entry)
        if entry is self.current_entry and reading.picture is not None:
            self.picture_loaded.emit()

    @Slot(object, object)
    def _on_counted(self, entry: Entry, result: DetectorResult) -> None:
        session, model = self.session, self.queue.model
        if session is None or model is None or self.settings is None:
            return
        entry.notices = tuple(dict.fromkeys(entry.notices + result.notices))
        detections = result.detections.numbered_from(session.new_ids(len(result.detections)))
        found = StoredDetections(
            detections, model.card.classes, result.diameter, result.scale, model.card.name, model.sha256
        )
        try:
            with session.together():
                changes = session.changes(entry.id)
                corrected = self._compare_with_corrections(entry, found, changes)
                session.set_counted(
                    entry.id,
                    found,
                    width=entry.size[0],
                    height=entry.size[1],
                    seconds=entry.seconds,
                    notices=entry.notices,
                    stamp=entry.stamp,
                )
                save_field(session, entry.id, result)
                save_contours(session, entry.id, detections)
                keep_card(session, model.sha256, model.card)
                self.session_model.keep(session, model)
        except SessionError as error:
            self.queue.put_back(entry)
            self.message.emit(Level.ERROR, f"{error} Counting is paused; choose Go on then.")
            return
        if corrected:
            self._conflicts = session.conflicts()
            self.conflicts_changed.emit()
            self.history_changed.emit()
            if any(conflict.image == entry.id for conflict in self._conflicts):
                self.message.emit(
                    Level.WARNING,
                    f"{entry.path.name}: the new count and your corrections disagree; see History (F8), Conflicts.",
                )
        # not read from the session again, as the worker has done a part of the counting of just these cells
        self._cells[entry.id] = ImageCells.of(found.in_order_of(self.classes), changes, self.classes)
        entry.state = State.COUNTED
        self._recount(entry)
        self.fields.judge(entry)
        if entry is not self.current_entry:
            self._cells.pop(entry.id, None)
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.cells_changed.emit()
            self.counts_changed.emit()
            if entry.notices:
                self.message.emit(Level.WARNING, " ".join(entry.notices))

    def _compare_with_corrections(
        self, entry: Entry, found: StoredDetections, changes: Mapping[int, CellChange]
    ) -> bool:
        """Store where a new count speaks against a picture's corrections; False if it has none."""
        session, settings = self.session, self.settings
        assert session is not None
        assert settings is not None
        if not changes:
            return False
        now = found.in_order_of(self.classes).detections
        session.put_conflicts(entry.id, find_conflicts(changes.values(), now, self.classes, settings.thresholds))
        if effective(changes.values()):
            session.note("SmearCount", entry.id, _KEPT_NOTE)
        return True

    @Slot(object, str)
    def _on_failed(self, entry: Entry, error: str) -> None:
        stays = entry.state is not State.COUNTED and self._back_to_earlier_count(entry)
        if entry.state is not State.COUNTED:
            entry.state = State.FAILED
            if self.session is not None and self.writable:
                session = self.session
                self.guarded(lambda: session.set_failed(entry.id, error))
        self._tell_error(entry, error, stays=stays)

    @Slot(object, str)
    def _on_unreachable(self, entry: Entry, error: str) -> None:
        stays = entry.state is not State.COUNTED and self._back_to_earlier_count(entry)
        self._tell_error(entry, error, stays=stays)
        folder, waiting = entry.path.parent, self.queue.waiting
        later = f" Choose Go on then to count the {waiting:,} pictures that wait." if waiting else ""
        self.message.emit(
            Level.ERROR, f"{folder}: it cannot be reached; connect the drive or the network folder again.{later}"
        )

    def _tell_error(self, entry: Entry, error: str, *, stays: bool) -> None:
        """Say what keeps a picture from being shown or counted; ``stays``: from being counted again."""
        entry.error = f"{error} {_STAYS}" if stays else error
        if stays:
            self.message.emit(Level.WARNING, entry.error)
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.counts_changed.emit()

    def _back_to_earlier_count(self, entry: Entry) -> bool:
        """Count a picture as the session has it, after it could not be counted again; False if it has no count."""
        session = self.session
        stored = self.guarded(lambda: session.image(entry.id)) if session is not None else None
        if stored is None or State(stored.state) is not State.COUNTED:
            return False
        entry.state, entry.size, entry.notices = State.COUNTED, (stored.width, stored.height), stored.notices
        entry.seconds, entry.stamp = stored.seconds, stored.stamp
        self.recount([entry])
        return entry.state is State.COUNTED

    @Slot(object)
    def _on_state_changed(self, entry: Entry) -> None:
        self.image_changed.emit(entry.row)

    # -- the model -------------------------------------------------------------------------------------

    @Slot(object)
    def _on_model_opened(self, model: AnyModel) -> None:
        first = self.model is None
        is_back = self.session_model.is_back(model)
        changed = self.model is not None and model.sha256 != self.model.sha256 and not is_back
        same_masks = self.model is not None and model.original[0] == self.model.original[0] and bool(self.classes)
        self.model = model
        if is_back and (told := self.session_model.settle(model)):
            self.message.emit(Level.WARNING, told)
        if not same_masks and (self.session is None or changed or not self.classes):
            self.classes = model.card.classes
            rule = self.frames.rule
            self.settings = replace(CountSettings.suggested_by(model.card), edge_rule=rule)
            self._noted_thresholds = dict(self.settings.thresholds)
        if changed and self.session is not None:
            session = self.session
            self.guarded(lambda: session.note(self.person, None, f"Model {model.card.name}"))
            self._keep_settings()
        if changed:
            self._cells.clear()
            for entry in self.entries:
                entry.countable = None
            waiting = [entry for entry in self.entries if entry.state is not State.FAILED]
            self._count([entry for entry in waiting if not self._take_kept(entry, model)])
        elif first and self.session is not None:
            self._keep_settings()
        self.model_changed.emit()
        self.images_changed.emit()
        self.cells_changed.emit()
        self.counts_changed.emit()

    def _take_kept(self, entry: Entry, model: AnyModel) -> bool:
        """Take what a model found in a picture when it was compared; False if it has not looked at it."""
        session = self.session
        if session is None or entry.stamp is None or entry.state is not State.COUNTED:
            return False
        try:
            kept = load_result(session, entry.id, entry.stamp.sha256, entry.diameter, model.sha256)
        except (ValueError, SessionError):
            return False
        if kept is not None:
            self._on_counted(entry, kept.result)
        return kept is not None

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        self.message.emit(Level.ERROR, " ".join(filter(None, (error, self.session_model.settle(self.model)))))
        self.activity_changed.emit()
