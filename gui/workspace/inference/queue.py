"""The queue: which image the worker reads and counts next, and how long the rest will take."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from core.imaging.batch import BatchDepth
from gui.workspace.images import ImageItem, State
from gui.workspace.inference.worker import Job, LoadedImage, Reading, WorkerThread

if TYPE_CHECKING:
    from pathlib import Path

    from core.detection.detector import DetectorResult
    from core.detection.loading import AnyModel
    from core.models.card import ModelCard
    from gui.workspace.counting.settings import CountSettingsModel
    from gui.workspace.images import Images

LOG = logging.getLogger(__name__)

_KEPT_PIXELS = 100_000_000
"""Pixels of all images that are kept ready beside the current one."""


class CountingQueue(QObject):
    """Hands images to the worker one by one: the current one, then its neighbours, then those that wait."""

    loaded = Signal(object, object)  # ImageItem, Reading
    progressed = Signal(int, int)  # tiles done, tiles in all, of the image under way
    counted = Signal(object, object)  # ImageItem, DetectorResult
    failed = Signal(object, str)
    unreachable = Signal(object, str)  # ImageItem whose folder is not there; it waits
    state_changed = Signal(object)  # ImageItem
    activity_changed = Signal()
    model_opened = Signal(object)  # Model
    model_failed = Signal(str)

    def __init__(self, images: Images, settings: CountSettingsModel, parent: QObject) -> None:
        super().__init__(parent)
        self._images = images
        self._settings = settings
        self.paused = False
        self.opening_model = True
        self.model: AnyModel | None = None
        self._waiting: OrderedDict[int, ImageItem] = OrderedDict()
        self._batch = BatchDepth()
        self._batch_paths: list[Path] = []
        self._loaded: OrderedDict[int, LoadedImage] = OrderedDict()
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

    # -- how far it is ------------------------------------------------------------------------

    @property
    def busy(self) -> ImageItem | None:
        """The image that is being counted at this moment."""
        return self._images.item(self._job.image) if self._job and self._job.detect else None

    @property
    def waiting(self) -> int:
        """How many images wait to be counted."""
        return len(self._waiting)

    @property
    def done(self) -> int:
        """How many images were counted since the queue was last empty."""
        return self._done

    def seconds_left(self) -> float | None:
        """Estimate how long the waiting images will take; None before the first was counted."""
        left = self.waiting + (self.busy is not None)
        return None if self._pace is None else self._pace * left

    def loaded_image(self, image: int | None) -> LoadedImage | None:
        """Return the pixels of an image if they are at hand."""
        return None if image is None else self._loaded.get(image)

    # -- what to do ----------------------------------------------------------------------------

    def open_model(self, path: Path, like: ModelCard | None = None) -> None:
        """Open a model file; counting stops until it is open. Its counting methods are those of the card ``like``."""
        self.opening_model = True
        self._stop_job()
        self._thread.open_model(path, like)
        self.activity_changed.emit()

    def use_model(self, model: AnyModel) -> None:
        """Change to a model that is open already, such as the same one with another counting method."""
        self.opening_model = True
        self._stop_job()
        self._thread.use_model(model)
        self.activity_changed.emit()

    def take_images(self, *, count: bool = True) -> None:
        """Take the images of the list as it now is; those that wait are counted if ``count``."""
        self._take_batch([item.path for item in self._images.items])
        waiting = (State.WAITING, State.COUNTING) if count else ()
        again = self._waiting.keys()  # counted earlier, and waiting for a folder that is not there
        self._waiting = OrderedDict(
            (item.id, item) for item in self._images.items if item.state in waiting or item.id in again
        )
        for image in [image for image in self._loaded if self._images.item(image) is None]:
            del self._loaded[image]
        if self._job is not None and self._images.item(self._job.image) is None:
            self._stop_job()
        self.dispatch()

    def _take_batch(self, paths: list[Path]) -> None:
        """Have the images of the list share a scale of grey levels; those that are added join it."""
        known, self._batch_paths = self._batch_paths, paths
        if known and paths[: len(known)] == known:
            self._batch.add(paths[len(known) :])
        else:
            self._batch = BatchDepth(paths)

    def show(self, image: int | None) -> None:
        """Put the image that is shown now first."""
        item = self._images.item(image)
        if item is not None:
            self._unreadable.discard(item.id)
            if item.id in self._loaded:
                self._loaded.move_to_end(item.id)
            if self._job is not None and self._job.image != item.id and self._must_read(item):
                self._job.cancel.set()
        self.dispatch()

    def count(self, entries: list[ImageItem]) -> None:
        """Count images (again); the queue goes on if it was paused."""
        for item in entries:
            if self._job is not None and self._job.image == item.id:
                self._stop_job()
            self._unreadable.discard(item.id)
            self._gone.discard(item.path.parent)
            item.error = ""
            self._waiting[item.id] = item
            self._set_state(item, State.WAITING)
        self.paused = False
        self.dispatch()

    def put_back(self, item: ImageItem) -> None:
        """Count an image again when the queue resumes; until then it is paused: its count could not be stored."""
        self._waiting[item.id] = item
        self._waiting.move_to_end(item.id, last=False)
        self._done -= 1
        self._set_state(item, State.WAITING)
        self.pause()

    def forget_pixels(self, item: ImageItem) -> None:
        """Read the file again when its pixels are next needed: it is another one now."""
        self._loaded.pop(item.id, None)
        self._unreadable.discard(item.id)

    def forget(self) -> None:
        """Drop everything: another session has other images under the same ids."""
        if self._job is not None:
            self._job.cancel.set()
            self._job = None
        self._waiting.clear()
        self._loaded.clear()
        self._unreadable.clear()
        self._gone.clear()
        self._done = 0

    def pause(self) -> None:
        """Count no further image after the one under way."""
        self.paused = True
        self.activity_changed.emit()

    def resume(self) -> None:
        """Count the waiting images; folders that were not there are looked for again."""
        self.paused = False
        self._gone.clear()
        self._unreadable -= self._waiting.keys()
        self.dispatch()

    def toggle_pause(self) -> None:
        """Pause, or resume."""
        if self.paused:
            self.resume()
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
                item = self._images.item(self._job.image)
                if self._job.detect and item is not None:
                    self._set_state(item, State.COUNTING)
                self._thread.run(self._job)
            elif not self._waiting:
                self._done = 0
        self.activity_changed.emit()

    def _next_job(self) -> Job | None:
        current = self._images.current
        if current is not None and self._must_read(current):
            return self._job_for(current, show=True)
        if current is not None and current.id in self._loaded:
            for by in (1, -1):
                neighbour = self._images.neighbour(current, by)
                if neighbour is not None and self._worth_reading_ahead(neighbour):
                    return self._job_for(neighbour, show=True)
        if self._may_count() and self._waiting:
            reachable = (item for item in self._waiting.values() if item.path.parent not in self._gone)
            item = next(reachable, None)
            if item is not None:
                return self._job_for(item, show=False)
            self.paused = True
        return None

    def _job_for(self, item: ImageItem, *, show: bool) -> Job:
        detect = item.id in self._waiting and self._may_count()
        return Job(item.id, item.path, detect, show, item.diameter, self._batch, self._settings.value, item.region)

    def _may_count(self) -> bool:
        return self.model is not None and not self.paused

    def _must_read(self, item: ImageItem) -> bool:
        if item.id in self._unreadable:
            return False
        return item.id not in self._loaded or (item.id in self._waiting and self._may_count())

    def _worth_reading_ahead(self, item: ImageItem) -> bool:
        size = item.size[0] * item.size[1]
        return item.id not in self._loaded and item.id not in self._unreadable and size < _KEPT_PIXELS // 4

    def _stop_job(self) -> None:
        if self._job is None:
            return
        self._job.cancel.set()
        item = self._images.item(self._job.image)
        self._job = None
        if item is not None and item.state is State.COUNTING:
            self._set_state(item, State.WAITING)

    def _keep(self, item: ImageItem, loaded: LoadedImage) -> None:
        self._loaded[item.id] = loaded
        pixels = sum(kept.image.width * kept.image.height for kept in self._loaded.values())
        for image in list(self._loaded):
            if pixels <= _KEPT_PIXELS and len(self._loaded) <= 8:
                break
            if image != item.id and image != self._images.current_id:
                dropped = self._loaded.pop(image)
                pixels -= dropped.image.width * dropped.image.height

    def _set_state(self, item: ImageItem, state: State) -> None:
        item.state = state
        self.state_changed.emit(item)

    def _end(self, job: Job) -> ImageItem | None:
        """Free the worker; return the job's image unless the job is stale."""
        if job is not self._job:
            return None
        self._job = None
        return self._images.item(job.image)

    @Slot(object, object)
    def _on_loaded(self, job: Job, reading: Reading) -> None:
        item = self._images.item(job.image)
        if job is not self._job or item is None:
            return
        if reading.loaded is not None:
            self._keep(item, reading.loaded)
        self.loaded.emit(item, reading)

    @Slot(object, int, int)
    def _on_progressed(self, job: Job, done: int, total: int) -> None:
        if job is self._job:
            self.progressed.emit(done, total)

    @Slot(object, object)
    def _on_finished(self, job: Job, found: DetectorResult | None) -> None:
        item = self._end(job)
        if item is not None and found is not None:
            if job.cancel.is_set():  # given up while the last tile was under way
                self._set_state(item, State.WAITING)
            else:
                took = time.monotonic() - self._started
                self._pace = took if self._pace is None else 0.8 * self._pace + 0.2 * took
                self._done += 1
                LOG.info("counted %s: %d detections in %.2f s", job.path, len(found.detections), took)
                self._waiting.pop(item.id, None)
                self.counted.emit(item, found)
        self.dispatch()

    @Slot(object, str)
    def _on_failed(self, job: Job, error: str) -> None:
        item = self._end(job)
        if item is not None:
            LOG.warning("failed: %s", error)
            self._unreadable.add(item.id)
            self._waiting.pop(item.id, None)
            self.failed.emit(item, error)
        self.dispatch()

    @Slot(object, str)
    def _on_unreachable(self, job: Job, error: str) -> None:
        """Put off all images of a folder that is not there; those of other folders go on."""
        item = self._end(job)
        if item is not None:
            LOG.warning("unreachable: %s", error)
            self._unreadable.add(item.id)
            self._gone.add(job.path.parent)
            for image in [other.id for other in self._waiting.values() if other.path.parent in self._gone]:
                self._waiting.move_to_end(image)
            if item.state is State.COUNTING:
                self._set_state(item, State.WAITING)
            self.unreachable.emit(item, error)
        self.dispatch()

    @Slot(object)
    def _on_cancelled(self, job: Job) -> None:
        item = self._end(job)
        if item is not None and item.state is State.COUNTING:
            self._set_state(item, State.WAITING)
        self.dispatch()

    @Slot(object)
    def _on_model_opened(self, model: AnyModel) -> None:
        LOG.info("model opened: %s", model.path)
        self.opening_model = False
        self.model = model
        self.model_opened.emit(model)
        self.dispatch()

    @Slot(str)
    def _on_model_failed(self, error: str) -> None:
        LOG.warning("model refused: %s", error)
        self.opening_model = False
        self.model_failed.emit(error)
        self.dispatch()
