"""The document: the pictures, their cells and the settings. The one place that changes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.annotate import annotate, write_picture
from core.counting import CountResult, CountSettings, count
from core.images import find_images
from core.results import CountedImage, FailedImage, to_csv
from gui.worker import Job, Picture, WorkerThread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from core.classes import Palette
    from core.detector import DetectorResult
    from core.model import Model


class State(Enum):
    """Where a picture stands."""

    WAITING = "waiting"
    COUNTING = "counting"
    COUNTED = "counted"
    FAILED = "failed"


@dataclass
class Entry:
    """One picture of the list. ``diameter`` is the red cell size set by hand, None to estimate it."""

    path: Path
    state: State = State.WAITING
    found: DetectorResult | None = None
    error: str = ""
    notices: tuple[str, ...] = ()
    size: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    diameter: float | None = None


class Level(Enum):
    """How serious a message is."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Document(QObject):
    """Pictures, detections, settings; intentions come in as calls, changes go out as signals."""

    images_changed = Signal()
    image_changed = Signal(int)
    current_changed = Signal()
    picture_loaded = Signal()
    counts_changed = Signal()
    model_changed = Signal()
    progressed = Signal(int, int)
    activity_changed = Signal()
    message = Signal(object, str)  # Level, sentence

    def __init__(self, model_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []
        self.current = -1
        self.picture: Picture | None = None
        self.model: Model | None = None
        self.settings: CountSettings | None = None
        self.opening_model = True
        self._job: Job | None = None
        self._paused = False
        self._next_number = 0
        self._thread = WorkerThread(self)
        worker = self._thread.worker
        worker.loaded.connect(self._on_loaded)
        worker.progressed.connect(self._on_progressed)
        worker.finished.connect(self._on_finished)
        worker.failed.connect(self._on_failed)
        worker.cancelled.connect(self._on_cancelled)
        worker.model_opened.connect(self._on_model_opened)
        worker.model_failed.connect(self._on_model_failed)
        self._thread.open_model(model_path)

    # -- what the widgets ask ----------------------------------------------------------------

    @property
    def classes(self) -> tuple[str, ...]:
        """The model's class names in order; none until a model is open."""
        return self.model.card.classes if self.model else ()

    @property
    def current_entry(self) -> Entry | None:
        """The picture on the canvas."""
        return self.entries[self.current] if 0 <= self.current < len(self.entries) else None

    @property
    def busy_entry(self) -> Entry | None:
        """The picture that is being counted at this moment."""
        return self._entry_of(self._job) if self._job and self._job.detect else None

    def result(self, entry: Entry) -> CountResult | None:
        """Count an entry at the present settings; None while it has no detections."""
        if entry.found is None or self.settings is None:
            return None
        return count(entry.found.detections, self.settings, self.classes)

    def counted_images(self) -> list[CountedImage]:
        """Return the records of all counted pictures, in the order of the list."""
        records = []
        for entry in self.entries:
            result = self.result(entry)
            if entry.found is not None and result is not None:
                records.append(CountedImage(entry.path, *entry.size, entry.found, result, entry.seconds, entry.notices))
        return records

    # -- what the widgets intend -------------------------------------------------------------

    def open_paths(self, paths: Iterable[str | Path]) -> None:
        """Add pictures and the pictures of folders to the list, and show the first of them."""
        known = {entry.path for entry in self.entries}
        new = [path for path in (item.absolute() for item in find_images(paths)) if path not in known]
        if not new:
            self.message.emit(
                Level.INFO, "No new pictures were found there; choose pictures or a folder with pictures."
            )
            return
        first = len(self.entries)
        self.entries += [Entry(path) for path in dict.fromkeys(new)]
        self._paused = False
        self.images_changed.emit()
        self.set_current(first)

    def set_current(self, index: int) -> None:
        """Show a picture; it is counted before the others."""
        if index == self.current or not 0 <= index < len(self.entries):
            return
        self.current = index
        self.picture = None
        self._give_way_to_current()
        self.current_changed.emit()
        self.counts_changed.emit()
        self._dispatch()

    def remove_current(self) -> None:
        """Take the current picture off the list; its file stays where it is."""
        if self.current_entry is None:
            return
        if self._job is not None and self._entry_of(self._job) is self.current_entry:
            self._job.cancel.set()
            self._job = None
        del self.entries[self.current]
        index = min(self.current, len(self.entries) - 1)
        self.current = -1
        self.picture = None
        self.images_changed.emit()
        if index >= 0:
            self.set_current(index)
        else:
            self.current_changed.emit()
            self.counts_changed.emit()
        self.activity_changed.emit()

    def set_threshold(self, name: str, value: float) -> None:
        """Set the confidence threshold of a class; only counting is repeated."""
        if self.settings is None or self.settings.thresholds.get(name) == value:
            return
        self.settings = replace(self.settings, thresholds={**self.settings.thresholds, name: value})
        self.counts_changed.emit()

    def reset_thresholds(self) -> None:
        """Go back to the thresholds that the model suggests."""
        if self.model is not None:
            self.settings = CountSettings.suggested_by(self.model.card)
            self.counts_changed.emit()

    def set_diameter(self, diameter: float | None) -> None:
        """Set the red cell size of the current picture by hand (None: estimate it) and count again."""
        entry = self.current_entry
        if entry is not None and entry.diameter != diameter:
            entry.diameter = diameter
            self.count_again()

    def count_again(self) -> None:
        """Count the current picture again, and go on with those that wait."""
        entry = self.current_entry
        if entry is None:
            return
        if self._job is not None and self._entry_of(self._job) is entry:
            self._job.cancel.set()
        entry.state, entry.error, entry.found = State.WAITING, "", None
        self._paused = False
        self.image_changed.emit(self.current)
        self.counts_changed.emit()
        self._dispatch()

    def cancel(self) -> None:
        """Stop counting; pictures that are not counted stay in the list and wait."""
        self._paused = True
        if self._job is not None:
            self._job.cancel.set()
        self.activity_changed.emit()

    def import_model(self, path: Path) -> None:
        """Open another model; every picture is then counted again with it."""
        if self._job is not None:
            self._job.cancel.set()
        self.opening_model = True
        self._thread.open_model(path)
        self.activity_changed.emit()

    def save_csv(self, path: Path) -> bool:
        """Write the counts of all pictures; True if the file is there."""
        failed = [FailedImage(entry.path, entry.error) for entry in self.entries if entry.state is State.FAILED]
        data = to_csv(self.counted_images(), failed, self.classes)
        return self._save(path, lambda: path.write_bytes(data))

    def save_picture(self, path: Path, palette: Palette) -> bool:
        """Write the current picture with its boxes; True if the file is there."""
        entry, picture = self.current_entry, self.picture
        result = self.result(entry) if entry else None
        if entry is None or picture is None or result is None or entry.found is None:
            return False
        drawn = annotate(picture.image.pixels, entry.found.detections, result, self.classes, palette)
        return self._save(path, lambda: write_picture(drawn, path))

    def _save(self, path: Path, write: Callable[[], object]) -> bool:
        try:
            write()
        except OSError as error:
            reason = error.strerror or error
            self.message.emit(Level.ERROR, f"{path}: the file cannot be written ({reason}); choose another place.")
            return False
        self.message.emit(Level.INFO, f"Saved {path}.")
        return True

    def close(self) -> None:
        """Stop the worker thread; the document cannot be used afterwards."""
        if self._job is not None:
            self._job.cancel.set()
        self._job = None
        self._thread.stop()

    # -- the queue ---------------------------------------------------------------------------

    def _dispatch(self) -> None:
        """Give the worker its next job, if it is free: the current picture before the others."""
        if self._job is None and not self.opening_model:
            entry = self._next_entry()
            if entry is not None:
                detect = entry.state is State.WAITING and self.model is not None and not self._paused
                self._next_number += 1
                self._job = Job(self._next_number, entry.path, detect, entry.diameter)
                if detect:
                    self._set_state(entry, State.COUNTING)
                self._thread.run(self._job)
        self.activity_changed.emit()

    def _next_entry(self) -> Entry | None:
        current = self.current_entry
        if current is not None and current.state is not State.FAILED:
            must_count = current.state is State.WAITING and not self._paused and self.model is not None
            if self.picture is None or must_count:
                return current
        if self._paused or self.model is None:
            return None
        return next((entry for entry in self.entries if entry.state is State.WAITING), None)

    def _give_way_to_current(self) -> None:
        if self._job is not None and self._entry_of(self._job) is not self.current_entry:
            self._job.cancel.set()

    def _entry_of(self, job: Job) -> Entry | None:
        return next((entry for entry in self.entries if entry.path == job.path), None)

    def _set_state(self, entry: Entry, state: State) -> None:
        entry.state = state
        self.image_changed.emit(self.entries.index(entry))

    def _end_job(self, job: Job) -> Entry | None:
        """Free the worker; return the job's entry unless the job is stale."""
        if job is not self._job:
            return None
        self._job = None
        return self._entry_of(job)

    @Slot(object, object)
    def _on_loaded(self, job: Job, picture: Picture) -> None:
        entry, image = self._entry_of(job), picture.image
        if job is not self._job or entry is None:
            return
        entry.size, entry.notices, entry.seconds = (image.width, image.height), image.notices, image.seconds
        if entry is self.current_entry and self.picture is None:
            self.picture = picture
            self.picture_loaded.emit()

    @Slot(object, int, int)
    def _on_progressed(self, job: Job, done: int, total: int) -> None:
        if job is self._job:
            self.progressed.emit(done, total)

    @Slot(object, object)
    def _on_finished(self, job: Job, found: DetectorResult | None) -> None:
        entry = self._end_job(job)
        if entry is not None and found is not None:
            if job.cancel.is_set():  # asked for again while the last tile was under way
                self._set_state(entry, State.WAITING)
            else:
                entry.found = found
                entry.notices += found.notices
                self._set_state(entry, State.COUNTED)
                if entry is self.current_entry:
                    self.counts_changed.emit()
                    if entry.notices:
                        self.message.emit(Level.WARNING, " ".join(entry.notices))
        self._dispatch()

    @Slot(object, str)
    def _on_failed(self, job: Job, error: str) -> None:
        entry = self._end_job(job)
        if entry is not None:
            entry.error = error
            self._set_state(entry, State.FAILED)
            if entry is self.current_entry:
                self.counts_changed.emit()
        self._dispatch()

    @Slot(object)
    def _on_cancelled(self, job: Job) -> None:
        entry = self._end_job(job)
        if entry is not None and entry.state is State.COUNTING:
            self._set_state(entry, State.WAITING)
        self._dispatch()

    @Slot(object)
    def _on_model_opened(self, model: Model) -> None:
        self.opening_model = False
        self.model = model
        self.settings = CountSettings.suggested_by(model.card)
        for entry in self.entries:
            entry.found = None
            if entry.state is not State.FAILED:
                entry.state = State.WAITING
        self._paused = False
        self.model_changed.emit()
        self.images_changed.emit()
        self.counts_changed.emit()
        self._dispatch()

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        self.opening_model = False
        self._paused = False
        self.message.emit(Level.ERROR, error)
        self._dispatch()
