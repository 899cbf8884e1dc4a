"""The document: the session, its pictures, their cells and the settings. The one place that changes them."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.annotate import annotate, write_picture
from core.counting import CountResult, CountSettings
from core.images import find_images
from core.model_results import load_result
from core.recount import carry_over
from core.results import CountedImage, FailedImage, to_csv
from core.session import SESSION_SUFFIX, Session, find_moved, recover
from core.session_paths import corrected_before
from core.session_settings import SETTINGS_KEY, keep_card, load_settings, save_field, stored_settings
from core.session_values import (
    Command,
    SessionDamagedError,
    SessionError,
    SessionReadOnlyError,
    StoredDetections,
)
from gui.app import demo_smear
from gui.copies import Copies
from gui.counting_queue import CountingQueue
from gui.editing import Editing
from gui.entries import Entry, ImageCells, State
from gui.fields import Fields
from gui.frames import Frames
from gui.laboratory import Laboratory
from gui.overview import Overview
from gui.reviews import Reviews
from gui.session_holder import Level, SessionHolder, free_path
from gui.tally import Tally
from gui.truths import Truths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.classes import Palette
    from core.detector import DetectorResult
    from core.model import Model
    from core.session_values import StoredImage
    from gui.worker import Picture, Reading

_KEPT_CELLS = 12
_SETTLE_MS = 400
_AT_ONCE = 20
_SMALLEST_SIDE = 2.0
_USUAL_SIDES = {"RBC": 1.0, "WBC": 1.7, "Platelets": 0.4}
_MOST_DAMAGE = 4
_OVERLAY_NOTE = "corrections carried over"


class Document(SessionHolder):
    """Session, pictures, cells, settings; intentions come in as calls, changes go out as signals."""

    images_changed = Signal()
    image_changed = Signal(int)  # row
    current_changed = Signal()
    picture_loaded = Signal()
    counts_changed = Signal()
    model_changed = Signal()
    open_refused = Signal(object, object)  # Path of a session, SessionError
    create_refused = Signal(object, object)  # the paths that were to be opened, SessionError
    progressed = Signal(int, int)
    activity_changed = Signal()

    def __init__(self, model_path: Path, sessions: Path, person: str = "", parent: QObject | None = None) -> None:
        """``sessions``: the folder in which new session files are made; ``person`` signs the corrections."""
        super().__init__(sessions, person, parent)
        self.entries: list[Entry] = []
        self.current = -1
        self.model: Model | None = None
        self.settings: CountSettings | None = None
        self.classes: tuple[str, ...] = ()
        self._by_id: dict[int, Entry] = {}
        self._cells: OrderedDict[int, ImageCells] = OrderedDict()
        self._noted_thresholds: dict[str, float] = {}
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._keep_settings)
        self._filling = QTimer(self)
        self._filling.setInterval(0)
        self._filling.timeout.connect(self._fill_countables)
        self._unfilled: list[Entry] = []
        self.frames = Frames(self)
        self.fields = Fields(self)
        self.copies = Copies(self)
        self.reviews = Reviews(self)
        self.editing = Editing(self)
        self.truths = Truths(self)
        self.tally = Tally(self)
        self.overview = Overview(self)
        self.laboratory = Laboratory(self)
        self.queue = CountingQueue(self)
        self.queue.loaded.connect(self._on_loaded)
        self.queue.counted.connect(self._on_counted)
        self.queue.failed.connect(self._on_failed)
        self.queue.unreachable.connect(self._on_unreachable)
        self.queue.state_changed.connect(self._on_state_changed)
        self.queue.model_opened.connect(self._on_model_opened)
        self.queue.model_failed.connect(self._on_model_failed)
        self.queue.progressed.connect(self.progressed)
        self.queue.activity_changed.connect(self.activity_changed)
        self.queue.open_model(model_path)

    # -- what the widgets ask ----------------------------------------------------------------

    @property
    def current_entry(self) -> Entry | None:
        """The picture on the canvas."""
        return self.entries[self.current] if 0 <= self.current < len(self.entries) else None

    @property
    def picture(self) -> Picture | None:
        """The photograph of the current picture, None until it is read."""
        entry = self.current_entry
        return self.queue.picture(entry) if entry else None

    def entry(self, image: int) -> Entry | None:
        """Return the picture with an id, None if it is not on the list."""
        return self._by_id.get(image)

    def cells_of(self, entry: Entry) -> ImageCells | None:
        """Return the cells of a picture; None while it has none."""
        cells = self._cells.get(entry.id)
        if cells is None and entry.state is State.COUNTED and self.session is not None:
            try:
                found = self.session.detections(entry.id)
                if found is None:
                    return None
                cells = ImageCells.of(found.in_order_of(self.classes), self.session.overlay(entry.id), self.classes)
            except SessionDamagedError:
                entry.state = State.FAILED
                entry.error = f"{entry.path}: the cells found in it cannot be read; count it again (F5)."
                self.image_changed.emit(entry.row)
                return None
            except SessionError as error:
                self.message.emit(Level.ERROR, str(error))
                return None
            self._cells[entry.id] = cells
            while len(self._cells) > _KEPT_CELLS:
                self._cells.popitem(last=False)
        if cells is not None:
            self._cells.move_to_end(entry.id)
        return cells

    def result(self, entry: Entry) -> CountResult | None:
        """Count a picture at the present settings; None while it has no cells, or they are not read yet."""
        if entry.countable is None or self.settings is None or entry.state is not State.COUNTED:
            return None
        return entry.countable.count(self.settings.thresholds, self.classes)

    def counted_images(self) -> list[CountedImage]:
        """Return the records of all counted pictures, in the order of the list."""
        records = []
        for entry in self.entries:
            if entry.state is State.COUNTED and entry.countable is None:
                self._recount(entry)
            result, cells = self.result(entry), self.cells_of(entry)
            if result is not None and cells is not None:
                found, quality = self.fields.found(entry, cells), self.fields.quality(entry)
                record = CountedImage(entry.path, *entry.size, found, result, entry.seconds, entry.notices)
                records.append(replace(record, frame=self.frames.of(entry), quality=quality))
        return records

    # -- session -------------------------------------------------------------------------------

    def open_session(self, path: Path, *, read_only: bool = False) -> bool:
        """Open a session file in place of the present one; True if it is open."""
        if self.session is not None and os.path.abspath(path) == str(self.session.path):
            self.message.emit(Level.INFO, f"{path.name} is open already.")
            return True
        try:
            session = Session.open(path, read_only=read_only)
        except SessionError as error:
            self.open_refused.emit(path, error)
            return False
        self.take_session(session)
        return True

    def recover_session(self, path: Path) -> bool:
        """Copy what can be read of a damaged session into a new file, beside it if possible, and open that."""
        name = f"{path.stem} recovered"
        try:
            try:
                session = recover(path, free_path(path.parent, name))
            except SessionReadOnlyError:
                session = recover(path, free_path(self.made_sessions_folder(), name))
        except SessionError as error:
            self.open_refused.emit(path, error)
            return False
        self.take_session(session)
        return True

    def take_session(self, session: Session) -> None:
        """Show a session as it was left."""
        self._let_go_of_session()
        self.session = session
        stored = self.guarded(lambda: load_settings(session))
        if stored:
            settings, self.classes = stored
            self.settings = settings
            self._noted_thresholds = dict(settings.thresholds)
        edited = session.edited_cells()
        self._set_entries([self._entry_of(image, edited.get(image.id, 0)) for image in session.images()])
        self._conflicts = session.conflicts()
        self.editing.undo_stack.restore(*session.commands())
        self._unfilled = [entry for entry in self.entries if entry.state is State.COUNTED]
        self._filling.start()
        self.session_changed.emit()
        if self.model is not None:
            self.model_changed.emit()
        self.images_changed.emit()
        self.conflicts_changed.emit()
        self.history_changed.emit()
        current = session.get("current")
        entry = self._by_id.get(current) if isinstance(current, int) else None
        if self.entries:
            self.set_current(entry.row if entry else 0)
        else:
            self.current_changed.emit()
            self.counts_changed.emit()
        if session.damage:
            more = len(session.damage) - _MOST_DAMAGE
            told = [*session.damage[:_MOST_DAMAGE], *([f"And {more:,} more of this kind."] if more > 0 else [])]
            self.message.emit(Level.ERROR, " ".join(told))

    def close_session(self) -> None:
        """Close the session; the window is empty afterwards. Nothing is lost: all is on the disk."""
        self._let_go_of_session()
        self.session_changed.emit()
        self.images_changed.emit()
        self.current_changed.emit()
        self.counts_changed.emit()
        self.conflicts_changed.emit()
        self.history_changed.emit()

    def copy_session(self, path: Path) -> bool:
        """Write a copy of the session; the window stays with the original."""
        session = self.session
        if session is None:
            return False
        self._keep_settings()
        return self.save(path, lambda: session.copy_to(path))

    def settle(self) -> None:
        """Write what was just moved, such as a threshold, so that the session is what the window shows."""
        self._keep_settings()

    def _let_go_of_session(self) -> None:
        self.tally.finish()
        self._keep_settings()
        if self.session is not None:
            self.session.close()
        self.session = None
        self._filling.stop()
        self._cells.clear()
        self.editing.undo_stack.clear()
        self.editing.select(())
        self._conflicts = []
        self.current = -1
        self._set_entries([])
        if self.model is not None:
            self.classes = self.model.card.classes
            self.settings = CountSettings.suggested_by(self.model.card)

    def _entry_of(self, image: StoredImage, edited: int = 0) -> Entry:
        return Entry(
            image.id,
            image.path,
            state=State(image.state),
            error=image.error,
            notices=image.notices,
            size=(image.width, image.height),
            seconds=image.seconds,
            diameter=image.diameter,
            reviewed=image.reviewed,
            edited=edited,
            stamp=image.stamp,
        )

    def _set_entries(self, entries: list[Entry]) -> None:
        for row, entry in enumerate(entries):
            entry.row = row
        self.entries = entries
        self._by_id = {entry.id: entry for entry in entries}
        self.queue.set_entries(entries, count=self.session is None or self.writable)

    def _fill_countables(self) -> None:
        """Read the counts of one more picture of a session that was opened, between other events."""
        while self._unfilled:
            entry = self._unfilled.pop(0)
            if entry.countable is None and self._by_id.get(entry.id) is entry:
                kept = entry.id in self._cells
                self._recount(entry)
                self.fields.judge(entry)
                if not kept and entry is not self.current_entry:
                    self._cells.pop(entry.id, None)
                self.image_changed.emit(entry.row)
                return
        self._filling.stop()
        self.counts_changed.emit()

    # -- pictures --------------------------------------------------------------------------------

    def open_paths(self, paths: Iterable[str | Path]) -> None:
        """Add pictures and the pictures of folders to the list, and show the first of them."""
        paths = [Path(path) for path in paths]
        sessions = [path for path in paths if path.suffix.lower() == SESSION_SUFFIX]
        if sessions:
            self.open_session(sessions[0])
            paths = [path for path in paths if path not in sessions]
            if not paths:
                return
        new = list(dict.fromkeys(item.absolute() for item in find_images(paths)))
        known = {entry.path: entry for entry in self.entries}
        fresh = [path for path in new if path not in known]
        if not fresh:
            if new:
                self.set_current(known[new[0]].row)
            self.message.emit(
                Level.INFO, "No new pictures were found there; choose pictures or a folder with pictures."
            )
            return
        if [entry.path for entry in self.entries] == [demo_smear()]:
            self.close_session()  # a person's own pictures are not added to the demo's numbers
        is_new = self.session is None
        try:
            session = self.ensure_session(fresh[0])
        except SessionError as error:
            self.create_refused.emit(paths, error)
            return
        self._keep_settings()
        added = self.guarded(lambda: session.add_images(fresh))
        if not added:
            return
        edited = session.edited_cells()
        first = len(self.entries)
        self.queue.paused = False
        entries = [self._entry_of(image, edited.get(image.id, 0)) for image in added]
        self._set_entries(self.entries + entries)
        self._unfilled += [entry for entry in entries if entry.state is State.COUNTED]
        self._filling.start()
        self.images_changed.emit()
        self.set_current(first)
        earlier = corrected_before(self.sessions_folder, fresh[0], besides=session.path) if is_new else None
        if earlier is not None:
            self.message.emit(
                Level.WARNING,
                f"These pictures were corrected before, in the session {earlier.stem}. This is a new one; "
                "to go on with the corrections: File, Open session.",
            )

    def set_current(self, row: int) -> None:
        """Show a picture; it is counted before the others."""
        if row == self.current or not 0 <= row < len(self.entries):
            return
        self.current = row
        entry = self.entries[row]
        unread = entry.state is State.COUNTED and entry.countable is None
        if unread:
            self._recount(entry)
        self._settle.start()
        self.current_changed.emit()
        if unread:
            self.image_changed.emit(row)
        if self.picture is not None:
            self.picture_loaded.emit()
        self.cells_changed.emit()
        self.counts_changed.emit()
        self.queue.set_current(entry)

    def next_unreviewed(self, rows: Sequence[int]) -> None:
        """Show the next of these rows whose present count nobody reviewed, after the current one and round the end."""
        place = rows.index(self.current) if self.current in rows else -1
        order = [*rows[place + 1 :], *rows[: max(place, 0)]]
        outdated = self.overview.outdated
        row = next((row for row in order if not (entry := self.entries[row]).reviewed or entry.id in outdated), None)
        if row is None:
            self.message.emit(Level.INFO, "Every other picture is reviewed.")
        else:
            self.set_current(row)

    def remove_current(self) -> None:
        """Take the current picture off the list; its file stays, and so do its corrections in the session."""
        entry = self.current_entry
        if entry is not None:
            self.remove([entry.id])

    def remove(self, images: Iterable[int]) -> None:
        """Take pictures off the list, by their ids; their files stay, and their corrections in the session."""
        session, gone = self.session, [entry for image in images if (entry := self._by_id.get(image)) is not None]
        if session is None or not gone:
            return
        if self.guarded(lambda: session.remove_images([entry.id for entry in gone]) or True) is None:
            return
        ids = {entry.id for entry in gone}
        current = self.current_entry
        left = [entry for entry in self.entries if entry.id not in ids]
        row = sum(entry.id not in ids for entry in self.entries[: max(self.current, 0)])
        row = min(row, len(left) - 1)
        for image in ids:
            self._cells.pop(image, None)
        self._set_entries(left)
        stays = current is not None and current.id not in ids
        self.current = current.row if current is not None and stays else -1
        self.images_changed.emit()
        if stays:
            return
        if row >= 0:
            self.set_current(row)
        else:
            self.queue.set_current(None)
            self.current_changed.emit()
            self.counts_changed.emit()

    def missing_images(self) -> list[Entry]:
        """Return the pictures whose files are not where they were."""
        return [entry for entry in self.entries if not entry.path.exists()]

    def find_missing(self, folder: Path) -> int:
        """Look for the missing pictures below a folder; return how many were found again."""
        session, missing = self.session, self.missing_images()
        if session is None or not missing:
            return 0
        ids = {entry.id for entry in missing}
        found = self.guarded(lambda: find_moved([image for image in session.images() if image.id in ids], folder))
        if not found:
            self.message.emit(Level.WARNING, f"{folder}: none of the missing pictures is there; choose another folder.")
            return 0
        if self.guarded(lambda: session.relocate(found, self.person) or True) is None:
            return 0
        for image, path in found.items():
            entry = self._by_id[image]
            entry.path, entry.error = path, ""
            self.queue.forget_picture(entry)
        self._count([self._by_id[image] for image in found if self._by_id[image].state is not State.COUNTED])
        self.images_changed.emit()
        self.current_changed.emit()
        self.queue.set_current(self.current_entry)
        left = len(missing) - len(found)
        self.message.emit(
            Level.WARNING if left else Level.INFO,
            f"{len(found)} pictures were found again." + (f" {left} are still missing." if left else ""),
        )
        return len(found)

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

    # -- counting --------------------------------------------------------------------------------

    def count_again(self) -> None:
        """Count the current picture again, and go on with those that wait; corrections are kept."""
        entry = self.current_entry
        if entry is not None:
            self.queue.forget_picture(entry)
            self._count([entry])
            self.cells_changed.emit()
            self.counts_changed.emit()

    def _count(self, entries: list[Entry]) -> None:
        """Count pictures (again), unless the session could not keep what is found."""
        if self.session is not None and self.session.read_only:
            self.message.emit(
                Level.WARNING, f"{self.session.path.name} is open to look at only; save a copy of it and count there."
            )
        else:
            self.queue.count(entries)

    def retry_failed(self) -> None:
        """Count the pictures that failed once more."""
        self._count([entry for entry in self.entries if entry.state is State.FAILED])
        self.counts_changed.emit()

    def import_model(self, path: Path) -> None:
        """Open another model; every picture is then counted again with it, and corrections are kept."""
        self.queue.open_model(path)

    def recount(self, entries: Iterable[Entry]) -> None:
        """Count pictures anew, after what counts in them changed: the current one now, the others soon."""
        counted = [entry for entry in entries if entry.state is State.COUNTED]
        for entry in counted:
            entry.countable = None
        current = self.current_entry
        if current is not None and current in counted:
            self._recount(current)
            self.image_changed.emit(current.row)
        self._unfilled += [entry for entry in counted if entry is not current]
        self._filling.start()
        self.cells_changed.emit()
        self.counts_changed.emit()

    def _recount(self, entry: Entry) -> None:
        """Make what the count of a picture needs, after its cells changed."""
        cells = self.cells_of(entry)
        if cells is None or self.settings is None:
            entry.countable = None
        else:
            entry.countable = cells.countable(self.settings.nms_iou, self.frames.of(entry))

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
                corrected = self._carry_corrections_over(entry, found)
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
                keep_card(session, model.sha256, model.card)
            overlay = session.overlay(entry.id)
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
        self._cells[entry.id] = ImageCells.of(found.in_order_of(self.classes), overlay, self.classes)
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

    def _carry_corrections_over(self, entry: Entry, found: StoredDetections) -> bool:
        """Store what becomes of a picture's corrections when it was counted again; False if it has none."""
        session, settings = self.session, self.settings
        assert session is not None
        assert settings is not None
        overlay = session.overlay(entry.id)
        if not overlay:
            return False
        now, originals = found.in_order_of(self.classes).detections, session.originals(entry.id)
        changes, conflicts = carry_over(overlay, originals, now, self.classes, settings.thresholds)
        if changes:
            command = Command(0, entry.id, f"Count again: {_OVERLAY_NOTE}", tuple(changes), None, None)
            session.record(command, "SmearCount", carried=True)
        session.put_conflicts(entry.id, conflicts)
        return True

    @Slot(object, str)
    def _on_failed(self, entry: Entry, error: str) -> None:
        entry.error = error
        if entry.state is not State.COUNTED:
            entry.state = State.FAILED
            if self.session is not None and self.writable:
                session = self.session
                self.guarded(lambda: session.set_failed(entry.id, error))
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.counts_changed.emit()

    @Slot(object, str)
    def _on_unreachable(self, entry: Entry, error: str) -> None:
        entry.error = error
        self.image_changed.emit(entry.row)
        folder, waiting = entry.path.parent, self.queue.waiting
        later = f" Choose Go on then to count the {waiting:,} pictures that wait." if waiting else ""
        self.message.emit(
            Level.ERROR, f"{folder}: it cannot be reached; connect the drive or the network folder again.{later}"
        )

    @Slot(object)
    def _on_state_changed(self, entry: Entry) -> None:
        self.image_changed.emit(entry.row)

    @Slot(object)
    def _on_model_opened(self, model: Model) -> None:
        first = self.model is None
        changed = self.model is not None and model.sha256 != self.model.sha256
        self.model = model
        if self.session is None or changed or not self.classes:
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

    def _take_kept(self, entry: Entry, model: Model) -> bool:
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
        self.message.emit(Level.ERROR, error)
        self.activity_changed.emit()

    # -- cells -------------------------------------------------------------------------------------

    def current_cells(self) -> ImageCells | None:
        """Return the cells of the current picture."""
        entry = self.current_entry
        return self.cells_of(entry) if entry else None

    def show_corrections(self, commands: Sequence[Command]) -> None:
        """Show stored corrections, of each picture at most one: a few at once, many between other events."""
        for command in commands:
            for key, _, after in command.kept:
                self.reviews.take_over(command.image, key, after)
                self.truths.take_over(command.image, key)
        if len(commands) <= _AT_ONCE:
            for command in commands:
                entry = self._by_id.get(command.image)
                if entry is not None:
                    self._show_correction(entry, command)
            return
        edited = (self.session.edited_cells() if self.session else None) or {}
        entries = []
        for command in commands:
            entry = self._by_id.get(command.image)
            if entry is not None:
                self._cells.pop(entry.id, None)
                entry.edited = edited.get(entry.id, 0)
                if command.reviewed is not None:
                    entry.reviewed = command.reviewed[1]
                    self.truths.keep_review(entry)
                entries.append(entry)
        self.recount(entries)
        for entry in entries:
            self.image_changed.emit(entry.row)

    def _show_correction(self, entry: Entry, command: Command) -> None:
        """Show a stored correction."""
        cells = self._cells.get(entry.id)
        if command.changes and cells is not None:
            overlay = cells.overlay
            for change in command.changes:
                overlay[change.cell] = change.after
            self._cells[entry.id] = ImageCells.of(cells.found, overlay, self.classes)
        if command.reviewed is not None:
            entry.reviewed = command.reviewed[1]
        if command.changes:
            self._recount(entry)
            cells = self.cells_of(entry)
            if cells is not None:
                entry.edited = cells.corrections.corrected
        if command.reviewed is not None:
            self.truths.keep_review(entry)
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            if command.changes:
                self.cells_changed.emit()
            self.counts_changed.emit()

    # -- files ---------------------------------------------------------------------------------------

    def save_csv(self, path: Path) -> bool:
        """Write the counts of all pictures; True if the file is there."""
        failed = [FailedImage(entry.path, entry.error) for entry in self.entries if entry.state is State.FAILED]
        data = to_csv(self.counted_images(), failed, self.classes)
        return self.save(path, lambda: path.write_bytes(data))

    def save_picture(self, path: Path, palette: Palette) -> bool:
        """Write the current picture with its boxes; True if the file is there."""
        entry, picture, cells = self.current_entry, self.picture, self.current_cells()
        result = self.result(entry) if entry else None
        if entry is None or picture is None or result is None or cells is None:
            return False
        frame = self.frames.of(entry)
        drawn = annotate(picture.image.pixels, cells.cells, result, self.classes, palette, frame)
        return self.save(path, lambda: write_picture(drawn, path))

    def close(self) -> None:
        """Stop the worker thread and close the session; the document cannot be used afterwards."""
        self.queue.close()
        self.tally.finish()
        self._keep_settings()
        self.editing.undo_stack.clear()
        if self.session is not None:
            self.session.close()
            self.session = None
