"""The queue: which picture the worker reads and counts next, and how long the rest will take."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from gui.workspace.images import Entry, State
from gui.workspace.inference.worker import Job, Picture, Reading, WorkerThread

if TYPE_CHECKING:
    from pathlib import Path

    from core.detection.detector import DetectorResult
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard

_KEPT_PIXELS = 100_000_000
"""Photographs kept ready beside the current one, in pixels of all of them."""


class CountingQueue(QObject):
    """Hands pictures to the worker one by one: the current one, then its neighbours, then those that wait."""

    loaded = Signal(object, object)  # Entry, Reading
    progressed = Signal(int, int)  # tiles done, tiles in all, of the picture under way
    counted = Signal(object, object)  # Entry, DetectorResult
    failed = Signal(object, str)
    unreachable = Signal(object, str)  # Entry whose folder is not there; it waits
    state_changed = Signal(object)  # Entry
    activity_changed = Signal()
    model_opened = Signal(object)  # Model
    model_failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.paused = False
        self.opening_model = True
        self.model: AnyModel | None = None
        self._entries: dict[int, Entry] = {}
        self._order: list[Entry] = []
        self._waiting: OrderedDict[int, Entry] = OrderedDict()
        self._current: Entry | None = None
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._unreadable: set[int] = set()
        self._gone: set[Path] = set()
        self._job: Job | None = None
        self._started = 0.0
        self._pace: float | None = None
        self._done = 0
        self._thread = WorkerThread(self)
        worker = self._thread.worker
        worker.loaded.connect(self._on_loaded)
        worker.progressed.connect(self._on_progressed)
        worker.finished.connect(self._on_finished)
        worker.failed.connect(self._on_failed)
        worker.unreachable.connect(self._on_unreachable)
        worker.cancelled.connect(self._on_cancelled)
        worker.model_opened.connect(self._on_model_opened)
        worker.model_failed.connect(self._on_model_failed)

    # -- what the document asks --------------------------------------------------------------

    @property
    def busy(self) -> Entry | None:
        """The picture that is being counted at this moment."""
        return self._entries.get(self._job.image) if self._job and self._job.detect else None

    @property
    def waiting(self) -> int:
        """How many pictures wait to be counted."""
        return len(self._waiting)

    @property
    def done(self) -> int:
        """How many pictures were counted since the queue was last empty."""
        return self._done

    def seconds_left(self) -> float | None:
        """Estimate how long the waiting pictures will take; None before the first was counted."""
        left = self.waiting + (self.busy is not None)
        return None if self._pace is None else self._pace * left

    def picture(self, entry: Entry) -> Picture | None:
        """Return the photograph of a picture if it is at hand."""
        return self._pictures.get(entry.id)

    # -- what the document intends -------------------------------------------------------------

    def open_model(self, path: Path, like: ModelCard | None = None) -> None:
        """Open a model file; counting stops until it is open. Its masks are counted as the card ``like`` says."""
        self.opening_model = True
        self._stop_job()
        self._thread.open_model(path, like)
        self.activity_changed.emit()

    def use_model(self, model: AnyModel) -> None:
        """Go over to a model that is open already, such as the same one with another way of counting."""
        self.opening_model = True
        self._stop_job()
        self._thread.use_model(model)
        self.activity_changed.emit()

    def set_entries(self, entries: list[Entry], *, count: bool = True) -> None:
        """Take the pictures of the session, in the order of the list; those that wait are counted if ``count``."""
        self._entries = {entry.id: entry for entry in entries}
        self._order = entries
        waiting = (State.WAITING, State.COUNTING) if count else ()
        again = self._waiting.keys()  # counted earlier, and waiting for a folder that is not there
        self._waiting = OrderedDict(
            (entry.id, entry) for entry in entries if entry.state in waiting or entry.id in again
        )
        for image in [image for image in self._pictures if image not in self._entries]:
            del self._pictures[image]
        if self._job is not None and self._job.image not in self._entries:
            self._stop_job()
        if self._current is not None and self._current.id not in self._entries:
            self._current = None
        self.dispatch()

    def set_current(self, entry: Entry | None) -> None:
        """Put a picture first."""
        self._current = entry
        if entry is not None:
            self._unreadable.discard(entry.id)
            if entry.id in self._pictures:
                self._pictures.move_to_end(entry.id)
            if self._job is not None and self._job.image != entry.id and self._must_read(entry):
                self._job.cancel.set()
        self.dispatch()

    def count(self, entries: list[Entry]) -> None:
        """Count pictures (again); the queue goes on if it was paused."""
        for entry in entries:
            if self._job is not None and self._job.image == entry.id:
                self._stop_job()
            self._unreadable.discard(entry.id)
            self._gone.discard(entry.path.parent)
            entry.error = ""
            self._waiting[entry.id] = entry
            self._set_state(entry, State.WAITING)
        self.paused = False
        self.dispatch()

    def put_back(self, entry: Entry) -> None:
        """Count a picture again when the queue goes on; until then it is paused: its count could not be kept."""
        self._waiting[entry.id] = entry
        self._waiting.move_to_end(entry.id, last=False)
        self._done -= 1
        self._set_state(entry, State.WAITING)
        self.pause()

    def forget_picture(self, entry: Entry) -> None:
        """Read the photograph again when it is next needed: its file is another one now."""
        self._pictures.pop(entry.id, None)
        self._unreadable.discard(entry.id)

    def pause(self) -> None:
        """Count no further picture after the one under way."""
        self.paused = True
        self.activity_changed.emit()

    def go_on(self) -> None:
        """Count the waiting pictures; folders that were not there are looked for again."""
        self.paused = False
        self._gone.clear()
        self._unreadable -= self._waiting.keys()
        self.dispatch()

    def pause_or_go_on(self) -> None:
        """Do the one that is possible."""
        if self.paused:
            self.go_on()
        else:
            self.pause()

    def stop(self) -> None:
        """Stop at once; what is not counted stays in the list and waits."""
        self.paused = True
        if self._job is not None:
            self._job.cancel.set()
        self.activity_changed.emit()

    def close(self) -> None:
        """End the worker thread; the queue cannot be used afterwards."""
        self._stop_job()
        self._thread.stop()

    # -- the worker ----------------------------------------------------------------------------

    def dispatch(self) -> None:
        """Give the worker its next job if it is free."""
        if self._job is None and not self.opening_model:
            self._job = self._next_job()
            if self._job is not None:
                self._started = time.monotonic()
                if self._job.detect:
                    self._set_state(self._entries[self._job.image], State.COUNTING)
                self._thread.run(self._job)
            elif not self._waiting:
                self._done = 0
        self.activity_changed.emit()

    def _next_job(self) -> Job | None:
        current = self._current
        if current is not None and self._must_read(current):
            return self._job_for(current, show=True)
        if current is not None and current.id in self._pictures:
            for row in (current.row + 1, current.row - 1):
                neighbour = self._order[row] if 0 <= row < len(self._order) else None
                if neighbour is not None and self._worth_reading_ahead(neighbour):
                    return self._job_for(neighbour, show=True)
        if self._may_count() and self._waiting:
            reachable = (entry for entry in self._waiting.values() if entry.path.parent not in self._gone)
            entry = next(reachable, None)
            if entry is not None:
                return self._job_for(entry, show=False)
            self.paused = True
        return None

    def _job_for(self, entry: Entry, *, show: bool) -> Job:
        return Job(entry.id, entry.path, entry.id in self._waiting and self._may_count(), show, entry.diameter)

    def _may_count(self) -> bool:
        return self.model is not None and not self.paused

    def _must_read(self, entry: Entry) -> bool:
        if entry.id in self._unreadable:
            return False
        return entry.id not in self._pictures or (entry.id in self._waiting and self._may_count())

    def _worth_reading_ahead(self, entry: Entry) -> bool:
        size = entry.size[0] * entry.size[1]
        return entry.id not in self._pictures and entry.id not in self._unreadable and size < _KEPT_PIXELS // 4

    def _stop_job(self) -> None:
        if self._job is None:
            return
        self._job.cancel.set()
        entry = self._entries.get(self._job.image)
        self._job = None
        if entry is not None and entry.state is State.COUNTING:
            self._set_state(entry, State.WAITING)

    def _keep(self, entry: Entry, picture: Picture) -> None:
        self._pictures[entry.id] = picture
        pixels = sum(kept.image.width * kept.image.height for kept in self._pictures.values())
        for image in list(self._pictures):
            if pixels <= _KEPT_PIXELS and len(self._pictures) <= 8:
                break
            if image != entry.id and (self._current is None or image != self._current.id):
                dropped = self._pictures.pop(image)
                pixels -= dropped.image.width * dropped.image.height

    def _set_state(self, entry: Entry, state: State) -> None:
        entry.state = state
        self.state_changed.emit(entry)

    def _end(self, job: Job) -> Entry | None:
        """Free the worker; return the job's picture unless the job is stale."""
        if job is not self._job:
            return None
        self._job = None
        return self._entries.get(job.image)

    @Slot(object, object)
    def _on_loaded(self, job: Job, reading: Reading) -> None:
        entry = self._entries.get(job.image)
        if job is not self._job or entry is None:
            return
        if reading.picture is not None:
            self._keep(entry, reading.picture)
        self.loaded.emit(entry, reading)

    @Slot(object, int, int)
    def _on_progressed(self, job: Job, done: int, total: int) -> None:
        if job is self._job:
            self.progressed.emit(done, total)

    @Slot(object, object)
    def _on_finished(self, job: Job, found: DetectorResult | None) -> None:
        entry = self._end(job)
        if entry is not None and found is not None:
            if job.cancel.is_set():  # given up while the last tile was under way
                self._set_state(entry, State.WAITING)
            else:
                took = time.monotonic() - self._started
                self._pace = took if self._pace is None else 0.8 * self._pace + 0.2 * took
                self._done += 1
                self._waiting.pop(entry.id, None)
                self.counted.emit(entry, found)
        self.dispatch()

    @Slot(object, str)
    def _on_failed(self, job: Job, error: str) -> None:
        entry = self._end(job)
        if entry is not None:
            self._unreadable.add(entry.id)
            self._waiting.pop(entry.id, None)
            self.failed.emit(entry, error)
        self.dispatch()

    @Slot(object, str)
    def _on_unreachable(self, job: Job, error: str) -> None:
        """Put off all pictures of a folder that is not there; those of other folders go on."""
        entry = self._end(job)
        if entry is not None:
            self._unreadable.add(entry.id)
            self._gone.add(job.path.parent)
            for image in [other.id for other in self._waiting.values() if other.path.parent in self._gone]:
                self._waiting.move_to_end(image)
            if entry.state is State.COUNTING:
                self._set_state(entry, State.WAITING)
            self.unreachable.emit(entry, error)
        self.dispatch()

    @Slot(object)
    def _on_cancelled(self, job: Job) -> None:
        entry = self._end(job)
        if entry is not None and entry.state is State.COUNTING:
            self._set_state(entry, State.WAITING)
        self.dispatch()

    @Slot(object)
    def _on_model_opened(self, model: AnyModel) -> None:
        self.opening_model = False
        self.model = model
        self.model_opened.emit(model)
        self.dispatch()

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        self.opening_model = False
        self.model_failed.emit(error)
        self.dispatch()
