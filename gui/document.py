"""The document: the session, its pictures, their cells and the settings. The one place that changes them."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from core.annotate import annotate, write_picture
from core.counting import CountResult, CountSettings
from core.detections import Detections, Origin
from core.detector import DetectorResult
from core.images import find_images
from core.recount import carry_over, found_cell
from core.results import CountedImage, FailedImage, to_csv
from core.session import SESSION_SUFFIX, Session, find_moved
from core.session_values import Cell, Change, Command, SessionError, StoredDetections
from gui.counting_queue import CountingQueue
from gui.edit_commands import EditStack
from gui.entries import Entry, ImageCells, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from core.classes import Palette
    from core.model import Model
    from core.session_values import Conflict, HistoryRow, StoredImage
    from gui.worker import Picture, Reading

_KEPT_CELLS = 12
_SETTLE_MS = 400
_SMALLEST_SIDE = 2.0
_USUAL_SIDES = {"RBC": 1.0, "WBC": 1.7, "Platelets": 0.4}
_OVERLAY_NOTE = "corrections carried over"


def free_name(folder: Path, subject: str) -> Path:
    """Return the path of a new session file: the day, what it is about, and a number if there is one already."""
    stem = f"{datetime.now():%Y-%m-%d} {subject}"[:80]
    for number in itertools.count(1):
        path = folder / (stem + (f" ({number})" if number > 1 else "") + SESSION_SUFFIX)
        if not path.exists():
            return path
    raise AssertionError


class Level(Enum):
    """How serious a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Document(QObject):
    """Session, pictures, cells, settings; intentions come in as calls, changes go out as signals."""

    images_changed = Signal()
    image_changed = Signal(int)  # row
    current_changed = Signal()
    picture_loaded = Signal()
    cells_changed = Signal()  # of the current picture
    counts_changed = Signal()
    selection_changed = Signal()
    model_changed = Signal()
    session_changed = Signal()
    history_changed = Signal()
    conflicts_changed = Signal()
    progressed = Signal(int, int)
    activity_changed = Signal()
    message = Signal(object, str)  # Level, sentence
    show_cell = Signal(object)  # id of a cell to bring into view
    person_wanted = Signal()  # before the first correction: ask for the name that signs it

    def __init__(self, model_path: Path, sessions: Path, person: str = "", parent: QObject | None = None) -> None:
        """``sessions``: the folder in which new session files are made; ``person`` signs the corrections."""
        super().__init__(parent)
        self.sessions_folder = sessions
        self.person = person
        self.session: Session | None = None
        self.entries: list[Entry] = []
        self.current = -1
        self.model: Model | None = None
        self.settings: CountSettings | None = None
        self.classes: tuple[str, ...] = ()
        self.selection: tuple[int, ...] = ()
        self.undo_stack = EditStack(self._record)
        self._by_id: dict[int, Entry] = {}
        self._cells: OrderedDict[int, ImageCells] = OrderedDict()
        self._conflicts: list[Conflict] = []
        self._noted_thresholds: dict[str, float] = {}
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._keep_settings)
        self._filling = QTimer(self)
        self._filling.setInterval(0)
        self._filling.timeout.connect(self._fill_countables)
        self._unfilled: list[Entry] = []
        self.queue = CountingQueue(self)
        self.queue.loaded.connect(self._on_loaded)
        self.queue.counted.connect(self._on_counted)
        self.queue.failed.connect(self._on_failed)
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

    @property
    def editable(self) -> bool:
        """Whether the current picture can be corrected: it was counted."""
        entry = self.current_entry
        return entry is not None and self.cells_of(entry) is not None and self._writable

    @property
    def _writable(self) -> bool:
        return self.session is not None and not self.session.read_only

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
                cells = ImageCells.of(self._relabelled(found), self.session.overlay(entry.id), self.classes)
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

    def totals(self) -> tuple[dict[str, int], int]:
        """Return the counts of all counted pictures together, and how many pictures that is."""
        totals, pictures = dict.fromkeys(self.classes, 0), 0
        for entry in self.entries:
            result = self.result(entry)
            if result is not None:
                pictures += 1
                for name, number in result.counts.items():
                    totals[name] += number
        return totals, pictures

    def conflicts(self) -> list[Conflict]:
        """Return where a correction and a later count do not agree."""
        return self._conflicts

    def history(self, image: int | None = None, limit: int = 500, before: int | None = None) -> list[HistoryRow]:
        """Return who did what and when, the latest first."""
        return self.session.history(image, limit, before) if self.session else []

    def counted_images(self) -> list[CountedImage]:
        """Return the records of all counted pictures, in the order of the list."""
        records = []
        for entry in self.entries:
            result, cells = self.result(entry), self.cells_of(entry)
            if result is not None and cells is not None:
                stored = cells.found
                found = DetectorResult(cells.cells, stored.diameter, stored.scale, ())
                records.append(CountedImage(entry.path, *entry.size, found, result, entry.seconds, entry.notices))
        return records

    # -- session -------------------------------------------------------------------------------

    def open_session(self, path: Path) -> bool:
        """Open a session file in place of the present one; True if it is open."""
        try:
            session = Session.open(path)
        except SessionError as error:
            self.message.emit(Level.ERROR, str(error))
            return False
        self.take_session(session)
        return True

    def take_session(self, session: Session) -> None:
        """Show a session as it was left."""
        self._let_go_of_session()
        self.session = session
        stored = session.get("settings")
        if stored:
            self.classes = tuple(stored["classes"])
            self.settings = CountSettings(dict(stored["thresholds"]), stored["nms_iou"])
            self._noted_thresholds = dict(stored["thresholds"])
        edited = session.edited_cells()
        self._set_entries([self._entry_of(image, edited.get(image.id, 0)) for image in session.images()])
        self._conflicts = session.conflicts()
        self.undo_stack.restore(*session.commands())
        self._unfilled = [entry for entry in self.entries if entry.state is State.COUNTED]
        self._filling.start()
        for sentence in session.damage:
            self.message.emit(Level.ERROR, sentence)
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
        return self._save(path, lambda: session.copy_to(path))

    def remember(self, key: str, value: Any) -> None:
        """Keep how the window shows the session (zoom, hidden classes), to find it so again."""
        if self._writable and self.session is not None:
            self._guarded(lambda: self.session.put(key, value) if self.session else None)

    def remembered(self, key: str, default: Any = None) -> Any:
        """Return what was kept under a key."""
        return self.session.get(key, default) if self.session else default

    def _let_go_of_session(self) -> None:
        self._keep_settings()
        if self.session is not None:
            self.session.close()
        self.session = None
        self._filling.stop()
        self._cells.clear()
        self.undo_stack.clear()
        self._conflicts = []
        self.selection = ()
        self.current = -1
        self._set_entries([])
        if self.model is not None:
            self.classes = self.model.card.classes
            self.settings = CountSettings.suggested_by(self.model.card)

    def _ensure_session(self, first: Path) -> bool:
        """Make a session file for pictures if none is open."""
        if self.session is not None:
            return True
        try:
            self.sessions_folder.mkdir(parents=True, exist_ok=True)
            path = free_name(self.sessions_folder, first.parent.name or "pictures")
            self.session = Session.create(path)
        except (OSError, SessionError) as error:
            reason = error if isinstance(error, SessionError) else f"{self.sessions_folder}: {error.strerror}."
            self.message.emit(Level.ERROR, f"No session could be made, so nothing would be kept. {reason}")
            return False
        self._keep_settings()
        self.session_changed.emit()
        return True

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
        self.queue.set_entries(entries)

    def _fill_countables(self) -> None:
        """Read the counts of one more picture of a session that was opened, between other events."""
        while self._unfilled:
            entry = self._unfilled.pop(0)
            if entry.countable is None and self._by_id.get(entry.id) is entry:
                kept = entry.id in self._cells
                self._recount(entry)
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
        if not self._ensure_session(fresh[0]) or self.session is None:
            return
        session = self.session
        added = self._guarded(lambda: session.add_images(fresh))
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

    def set_current(self, row: int) -> None:
        """Show a picture; it is counted before the others."""
        if row == self.current or not 0 <= row < len(self.entries):
            return
        self.current = row
        self.selection = ()
        entry = self.entries[row]
        if entry.state is State.COUNTED and entry.countable is None:
            self._recount(entry)
        self._settle.start()
        self.current_changed.emit()
        self.selection_changed.emit()
        if self.picture is not None:
            self.picture_loaded.emit()
        self.cells_changed.emit()
        self.counts_changed.emit()
        self.queue.set_current(entry)

    def next_unreviewed(self) -> None:
        """Show the next picture that was not marked reviewed, after the current one and round the end."""
        order = [*range(self.current + 1, len(self.entries)), *range(self.current)]
        row = next((row for row in order if not self.entries[row].reviewed), None)
        if row is None:
            self.message.emit(Level.INFO, "Every other picture is reviewed.")
        else:
            self.set_current(row)

    def remove_current(self) -> None:
        """Take the current picture off the list; its file stays, and so do its corrections in the session."""
        entry = self.current_entry
        if entry is None or self.session is None:
            return
        session = self.session
        if self._guarded(lambda: session.remove_images([entry.id]) or True) is None:
            return
        row = min(self.current, len(self.entries) - 2)
        self.current = -1
        self._cells.pop(entry.id, None)
        self._set_entries([other for other in self.entries if other is not entry])
        self.images_changed.emit()
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
        found = self._guarded(lambda: find_moved([image for image in session.images() if image.id in ids], folder))
        if not found:
            self.message.emit(Level.WARNING, f"{folder}: none of the missing pictures is there; choose another folder.")
            return 0
        if self._guarded(lambda: session.relocate(found, self.person) or True) is None:
            return 0
        for image, path in found.items():
            entry = self._by_id[image]
            entry.path, entry.error = path, ""
            self.queue.forget_picture(entry)
            if entry.state is State.FAILED:
                self.queue.count([entry])
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
        if entry is not None and session is not None and entry.diameter != diameter:
            entry.diameter = diameter
            self._guarded(lambda: session.set_diameter(entry.id, diameter))
            self.count_again()

    def _keep_settings(self) -> None:
        """Write settings and place to the session, and a moved threshold to its history."""
        self._settle.stop()
        session, settings = self.session, self.settings
        if session is None or settings is None or not self._writable:
            return
        moved = [
            f"{name} {self._noted_thresholds[name]:.2f} to {value:.2f}"
            for name, value in settings.thresholds.items()
            if name in self._noted_thresholds and self._noted_thresholds[name] != value
        ]
        entry = self.current_entry
        stored = {"classes": self.classes, "thresholds": dict(settings.thresholds), "nms_iou": settings.nms_iou}

        def write() -> bool:
            if session.get("settings") != stored:
                session.put("settings", stored)
            if entry is not None and session.get("current") != entry.id:
                session.put("current", entry.id)
            if moved:
                session.note(self.person, None, "Threshold " + ", ".join(moved))
            return True

        if self._guarded(write):
            self._noted_thresholds = dict(settings.thresholds)
            if moved:
                self.history_changed.emit()

    # -- counting --------------------------------------------------------------------------------

    def count_again(self) -> None:
        """Count the current picture again, and go on with those that wait; corrections are kept."""
        entry = self.current_entry
        if entry is not None:
            self.queue.forget_picture(entry)
            self.queue.count([entry])
            self.cells_changed.emit()
            self.counts_changed.emit()

    def retry_failed(self) -> None:
        """Count the pictures that failed once more."""
        self.queue.count([entry for entry in self.entries if entry.state is State.FAILED])
        self.counts_changed.emit()

    def import_model(self, path: Path) -> None:
        """Open another model; every picture is then counted again with it, and corrections are kept."""
        self.queue.open_model(path)

    def _recount(self, entry: Entry) -> None:
        """Make what the count of a picture needs, after its cells changed."""
        cells = self.cells_of(entry)
        entry.countable = None if cells is None or self.settings is None else cells.countable(self.settings.nms_iou)

    @Slot(object, object)
    def _on_loaded(self, entry: Entry, reading: Reading) -> None:
        entry.error = ""
        if entry.stamp is not None and entry.stamp.sha256 != reading.stamp.sha256 and entry.state is State.COUNTED:
            self.message.emit(
                Level.WARNING,
                f"{entry.path.name}: the file has changed since it was counted; count again (F5) to see its cells.",
            )
        elif entry.state is not State.COUNTED:
            entry.size, entry.notices, entry.seconds = (reading.width, reading.height), reading.notices, reading.seconds
            entry.stamp = reading.stamp
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
            self._carry_corrections_over(entry, found)
            session.set_counted(
                entry.id,
                found,
                width=entry.size[0],
                height=entry.size[1],
                seconds=entry.seconds,
                notices=entry.notices,
                stamp=entry.stamp,
            )
        except SessionError as error:
            self.queue.pause()
            self._on_failed(entry, str(error))
            return
        self._cells.pop(entry.id, None)
        entry.state = State.COUNTED
        self._recount(entry)
        if entry is not self.current_entry:
            self._cells.pop(entry.id, None)
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.cells_changed.emit()
            self.counts_changed.emit()
            if entry.notices:
                self.message.emit(Level.WARNING, " ".join(entry.notices))

    def _carry_corrections_over(self, entry: Entry, found: StoredDetections) -> None:
        session, settings = self.session, self.settings
        assert session is not None
        assert settings is not None
        overlay = session.overlay(entry.id)
        if not overlay:
            return
        before = session.detections(entry.id)
        old = self._relabelled(before).detections if before else Detections.empty()
        changes, conflicts = carry_over(overlay, old, found.detections, self.classes, settings.thresholds)
        if changes:
            session.record(
                Command(0, entry.id, f"Count again: {_OVERLAY_NOTE}", tuple(changes), None, None), "SmearCount"
            )
        session.put_conflicts(entry.id, conflicts)
        self._conflicts = session.conflicts()
        self.conflicts_changed.emit()
        self.history_changed.emit()

    def _relabelled(self, found: StoredDetections) -> StoredDetections:
        """Return found cells with labels in the order of the document's classes; unknown classes are left out."""
        if found.classes == self.classes:
            return found
        places = np.array(
            [self.classes.index(name) if name in self.classes else -1 for name in found.classes], np.int32
        )
        detections = found.detections.relabelled(places)
        return replace(found, detections=detections, classes=self.classes)

    @Slot(object, str)
    def _on_failed(self, entry: Entry, error: str) -> None:
        entry.error = error
        if entry.state is not State.COUNTED:
            entry.state = State.FAILED
            if self.session is not None and self._writable:
                session = self.session
                self._guarded(lambda: session.set_failed(entry.id, error))
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            self.counts_changed.emit()

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
            self.settings = CountSettings.suggested_by(model.card)
            self._noted_thresholds = dict(self.settings.thresholds)
        if changed and self.session is not None:
            session = self.session
            self._guarded(lambda: session.note(self.person, None, f"Model {model.card.name}"))
            self._keep_settings()
        if changed:
            self._cells.clear()
            for entry in self.entries:
                entry.countable = None
            self.queue.count([entry for entry in self.entries if entry.state is not State.FAILED])
        elif first and self.session is not None:
            self._keep_settings()
        self.model_changed.emit()
        self.images_changed.emit()
        self.cells_changed.emit()
        self.counts_changed.emit()

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        self.message.emit(Level.ERROR, error)
        self.activity_changed.emit()

    # -- selection and corrections -----------------------------------------------------------------

    def current_cells(self) -> ImageCells | None:
        """Return the cells of the current picture."""
        entry = self.current_entry
        return self.cells_of(entry) if entry else None

    def cell(self, number: int) -> Cell | None:
        """Return a cell of the current picture by its id, as it now is; None if it is not there."""
        cells = self.current_cells()
        if cells is None:
            return None
        if number in cells.overlay:
            return cells.overlay[number]
        found = cells.found.detections
        place = int(np.searchsorted(found.ids, number))
        if place < len(found) and found.ids[place] == number:
            return found_cell(found, place, self.classes)
        return None

    def select(self, numbers: Iterable[int]) -> None:
        """Select cells of the current picture by their ids."""
        selection = tuple(dict.fromkeys(numbers))
        if selection != self.selection:
            self.selection = selection
            self.selection_changed.emit()

    def go_to(self, image: int, cell: int) -> None:
        """Show a cell: its picture, selected, in view."""
        entry = self._by_id.get(image)
        if entry is None:
            self.message.emit(Level.INFO, "That picture is no longer on the list; open it again to see it.")
            return
        self.set_current(entry.row)
        if self.cell(cell) is not None:
            self.select([cell])
            self.show_cell.emit(cell)

    def add_cell(self, name: str, box: Sequence[float]) -> int | None:
        """Put a cell with a box drawn by hand; return its id."""
        entry = self.current_entry
        clipped = self._clipped(box)
        if entry is None or clipped is None or self.session is None or not self.editable:
            return None
        number = self.session.new_ids(1)
        after = Cell(name, clipped, 1.0, Origin.PERSON)
        if self._edit(entry, f"Add {name}", [Change(number, None, after)]):
            self.select([number])
            return number
        return None

    def add_cell_at(self, name: str, x: float, y: float) -> int | None:
        """Put a cell round a point, as large as the class's cells of this picture usually are."""
        width, height = self.usual_size(name)
        return self.add_cell(name, (x - width / 2, y - height / 2, x + width / 2, y + height / 2))

    def usual_size(self, name: str) -> tuple[float, float]:
        """Return the median width and height in pixels of a class's counted cells in the current picture."""
        entry, cells = self.current_entry, self.current_cells()
        result = self.result(entry) if entry else None
        if entry is None or cells is None or result is None:
            return 40.0, 40.0
        chosen = cells.cells.boxes[result.counted & (cells.cells.labels == self.classes.index(name))]
        if len(chosen) == 0:
            side = cells.found.diameter * _USUAL_SIDES.get(name, 1.0)
            return side, side
        sides = np.median(chosen[:, 2:] - chosen[:, :2], axis=0)
        return float(sides[0]), float(sides[1])

    def remove_cells(self, numbers: Iterable[int], name: str = "") -> None:
        """Take cells away."""
        changes = [
            Change(number, cell, None) for number in dict.fromkeys(numbers) if (cell := self.cell(number)) is not None
        ]
        entry = self.current_entry
        if entry is None or not changes:
            return
        what = changes[0].before.class_name if len(changes) == 1 and changes[0].before else f"{len(changes)} cells"
        if self._edit(entry, name or f"Remove {what}", changes):
            gone = {change.cell for change in changes}
            self.select(number for number in self.selection if number not in gone)

    def reclassify(self, numbers: Iterable[int], name: str) -> None:
        """Give cells another class."""
        changes = []
        for number in dict.fromkeys(numbers):
            cell = self.cell(number)
            if cell is not None and (cell.class_name != name or cell.origin is Origin.MODEL):
                changes.append(Change(number, cell, replace(cell, class_name=name, origin=Origin.PERSON)))
        entry = self.current_entry
        if entry is not None and changes:
            self._edit(entry, f"Make {name}" if len(changes) == 1 else f"Make {len(changes)} cells {name}", changes)

    def accept(self, number: int) -> None:
        """Confirm a cell: it counts at any threshold from now on."""
        entry, cell = self.current_entry, self.cell(number)
        if entry is not None and cell is not None and cell.origin is Origin.MODEL:
            self._edit(entry, f"Accept {cell.class_name}", [Change(number, cell, replace(cell, origin=Origin.PERSON))])

    def reshape(self, number: int, box: Sequence[float]) -> None:
        """Move or resize a cell's box."""
        entry, cell, clipped = self.current_entry, self.cell(number), self._clipped(box)
        if entry is None or cell is None or clipped is None or clipped == cell.box:
            return
        after = replace(cell, box=clipped, origin=Origin.PERSON)
        self._edit(entry, f"Move {cell.class_name}", [Change(number, cell, after)])

    def empty_area(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Take away every counted cell whose centre lies in an area."""
        inside = self.cells_inside(x1, y1, x2, y2)
        self.remove_cells(inside, f"Empty an area ({len(inside)} cells)")

    def cells_inside(self, x1: float, y1: float, x2: float, y2: float) -> list[int]:
        """Return the ids of the counted cells whose centre lies in an area."""
        entry, cells = self.current_entry, self.current_cells()
        result = self.result(entry) if entry else None
        if cells is None or result is None:
            return []
        centres = (cells.cells.boxes[:, :2] + cells.cells.boxes[:, 2:]) / 2
        inside = ((centres >= (x1, y1)) & (centres <= (x2, y2))).all(axis=1) & result.counted
        return [int(number) for number in cells.cells.ids[inside]]

    def mark_reviewed(self, reviewed: bool) -> None:
        """Mark the current picture as reviewed, or take the mark off."""
        entry = self.current_entry
        if entry is not None and entry.reviewed != reviewed:
            name = "Mark reviewed" if reviewed else "Unmark reviewed"
            self._edit(entry, name, [], (entry.reviewed, reviewed))

    def undo(self) -> None:
        """Take the last correction back, on the picture where it was made."""
        if self.undo_stack.canUndo():
            self.undo_stack.step(-1)

    def redo(self) -> None:
        """Make the correction again that was taken back last."""
        if self.undo_stack.canRedo():
            self.undo_stack.step(1)

    def resolve_conflict(self, conflict: Conflict) -> None:
        """Take a conflict off the list: the person has looked at it."""
        session = self.session
        if session is not None and self._guarded(lambda: session.resolve_conflict(conflict.number) or True):
            self._conflicts = [other for other in self._conflicts if other.number != conflict.number]
            self.conflicts_changed.emit()

    def import_cells(self, image: int, cells: Iterable[tuple[str, Sequence[float]]], name: str) -> int:
        """Put cells from a file on a picture, as one correction; return how many."""
        entry, session = self._by_id.get(image), self.session
        if entry is None or session is None or session.read_only:
            return 0
        boxes = list(cells)
        number = session.new_ids(len(boxes))
        changes = [
            Change(number + place, None, Cell(label, (box[0], box[1], box[2], box[3]), 1.0, Origin.IMPORTED))
            for place, (label, box) in enumerate(boxes)
        ]
        return len(changes) if changes and self._edit(entry, name, changes) else 0

    def edit_image(self, image: int, name: str, changes: list[Change]) -> bool:
        """Store changes to the cells of any picture as one correction; True if they were stored."""
        entry = self._by_id.get(image)
        return entry is not None and bool(changes) and self._edit(entry, name, changes)

    def ground_truth(self, image: int) -> list[tuple[str, tuple[float, float, float, float]]]:
        """Return the cells that are known to be on a picture, as class name and box; never counted."""
        stored = self.remembered(f"ground truth {image}", [])
        return [(str(name), (box[0], box[1], box[2], box[3])) for name, box in stored]

    def set_ground_truth(self, image: int, cells: Sequence[tuple[str, Sequence[float]]]) -> None:
        """Keep the cells that are known to be on a picture, to compare the count with."""
        self.remember(f"ground truth {image}", [(name, [float(side) for side in box]) for name, box in cells])
        session = self.session
        if session is not None:
            self._guarded(lambda: session.note(self.person, image, f"Ground truth imported ({len(cells)} cells)"))
            self.history_changed.emit()
        self.cells_changed.emit()

    def _clipped(self, box: Sequence[float]) -> tuple[float, float, float, float] | None:
        entry = self.current_entry
        if entry is None:
            return None
        width, height = entry.size
        x1, x2 = sorted((min(max(float(box[0]), 0.0), width), min(max(float(box[2]), 0.0), width)))
        y1, y2 = sorted((min(max(float(box[1]), 0.0), height), min(max(float(box[3]), 0.0), height)))
        return (x1, y1, x2, y2) if x2 - x1 >= _SMALLEST_SIDE and y2 - y1 >= _SMALLEST_SIDE else None

    def _edit(self, entry: Entry, name: str, changes: list[Change], reviewed: tuple[bool, bool] | None = None) -> bool:
        """Store a correction, show it, and put it on the undo stack; False if it could not be stored."""
        if not self.person:
            self.person_wanted.emit()
        if reviewed is None and entry.reviewed:
            reviewed = (True, False)
        stored = self._record(Command(0, entry.id, name, tuple(changes), reviewed, None))
        if stored is None:
            return False
        self.undo_stack.add(stored)
        return True

    def _record(self, command: Command) -> Command | None:
        session = self.session
        if session is None:
            return None
        stored = self._guarded(lambda: session.record(command, self.person))
        if stored is None:
            return None
        entry = self._by_id.get(command.image)
        if entry is not None:
            if command.undoes is not None:
                self.set_current(entry.row)
            self._apply(entry, command)
        self.history_changed.emit()
        return stored

    def _apply(self, entry: Entry, command: Command) -> None:
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
        self.image_changed.emit(entry.row)
        if entry is self.current_entry:
            if command.changes:
                self.cells_changed.emit()
            self.counts_changed.emit()

    def _guarded(self, write: Callable[[], Any]) -> Any:
        """Do something with the session; None, and a message, if it could not be done."""
        try:
            return write()
        except SessionError as error:
            self.message.emit(Level.ERROR, str(error))
            return None

    # -- files ---------------------------------------------------------------------------------------

    def save_csv(self, path: Path) -> bool:
        """Write the counts of all pictures; True if the file is there."""
        failed = [FailedImage(entry.path, entry.error) for entry in self.entries if entry.state is State.FAILED]
        data = to_csv(self.counted_images(), failed, self.classes)
        return self._save(path, lambda: path.write_bytes(data))

    def save_picture(self, path: Path, palette: Palette) -> bool:
        """Write the current picture with its boxes; True if the file is there."""
        entry, picture, cells = self.current_entry, self.picture, self.current_cells()
        result = self.result(entry) if entry else None
        if entry is None or picture is None or result is None or cells is None:
            return False
        drawn = annotate(picture.image.pixels, cells.cells, result, self.classes, palette)
        return self._save(path, lambda: write_picture(drawn, path))

    def _save(self, path: Path, write: Callable[[], object]) -> bool:
        try:
            write()
        except (OSError, SessionError) as error:
            reason = error.strerror or error if isinstance(error, OSError) else error
            self.message.emit(Level.ERROR, f"{path}: the file cannot be written ({reason}); choose another place.")
            return False
        self.message.emit(Level.INFO, f"Saved {path}.")
        return True

    def close(self) -> None:
        """Stop the worker thread and close the session; the document cannot be used afterwards."""
        self.queue.close()
        self._keep_settings()
        if self.session is not None:
            self.session.close()
            self.session = None
