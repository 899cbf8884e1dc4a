"""The thread that reads images and runs the network, so that the window never waits."""

from __future__ import annotations

import ctypes
import logging
import os
import sys
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PySide6.QtCore import QObject, QThread, Signal, Slot

from core.counting.count import CountSettings, precompute
from core.detection.loading import AnyModel, CellDetector, detector_for, open_model
from core.errors import Cancelled
from core.imaging.containers.pixel_size import micrometres_in_file
from core.imaging.files.copies import pixel_digest
from core.imaging.files.output_mark import is_output
from core.imaging.reading import ImageError, SmearImage, read_image
from core.models.network import ModelError
from core.session.session import FileStamp, SessionError, stamp_of
from core.text import gettext

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from core.counting.region import Region
    from core.detection.detector import DetectorResult
    from core.imaging.batch import BatchDepth
    from core.imaging.depth import Span
    from core.models.card import ModelCard

LOG = logging.getLogger(__name__)

_LARGEST_DRAWN = 2048


@dataclass(frozen=True, eq=False)
class LoadedImage:
    """An image ready to be shown.

    ``levels`` are copies uint8 RGB (H, W, 3), each half as large as the one before, the first being
    ``image.pixels``; a large image is drawn from the coarsest that is sharp enough. ``micrometres`` is how many a
    pixel has, if the file says so.
    """

    image: SmearImage
    levels: tuple[NDArray[np.uint8], ...]
    micrometres: float | None = None

    @classmethod
    def of(cls, image: SmearImage) -> LoadedImage:
        """Make the copies; takes a noticeable time for a large image."""
        levels = [image.pixels]
        while max(levels[-1].shape[:2]) > _LARGEST_DRAWN:
            smaller = cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(smaller, np.uint8))
        return cls(image, tuple(levels), micrometres_in_file(image.path))


@dataclass(frozen=True, eq=False)
class Reading:
    """What reading a file found out, and the image itself if the job asked for it; ``pixels`` is their digest."""

    width: int
    height: int
    seconds: float
    notices: tuple[str, ...]
    stamp: FileStamp
    loaded: LoadedImage | None
    span: Span | None = None
    pixels: str = ""


@dataclass(frozen=True, eq=False)
class Job:
    """One image to read and, with ``detect``, to find the cells of.

    ``image`` is its id in the session; with ``show`` the pixels are returned. ``diameter``: red cell
    diameter in pixels set by hand, None to estimate it. ``batch``: the images that share a scale. ``settings`` and
    ``region``: how the cells will be counted, as far as that is known. ``cancel`` is checked between the tiles.
    """

    image: int
    path: Path
    detect: bool
    show: bool
    diameter: float | None = None
    batch: BatchDepth | None = None
    settings: CountSettings | None = None
    region: Region | None = None
    cancel: threading.Event = field(default_factory=threading.Event)


class Worker(QObject):
    """Lives in its own thread and owns the detector. Every signal carries the job it is about."""

    loaded = Signal(object, object)  # Job, Reading
    progressed = Signal(object, int, int)  # Job, tiles done, tiles in all
    finished = Signal(object, object)  # Job, DetectorResult | None
    failed = Signal(object, str)
    unreachable = Signal(object, str)  # the folder of the image is not there
    cancelled = Signal(object)
    model_opened = Signal(object)  # AnyModel
    model_failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._detector: CellDetector | None = None

    @Slot(object, object)
    def open_model(self, path: Path, like: ModelCard | None) -> None:
        """Open a model file; the old one stays in use if this one cannot be opened."""
        try:
            model = open_model(path, like)
        except ModelError as error:
            self.model_failed.emit(str(error))
            return
        self._detector = detector_for(model)
        self.model_opened.emit(model)

    @Slot(object)
    def use_model(self, model: AnyModel) -> None:
        """Use a model that is open already."""
        self._detector = detector_for(model)
        self.model_opened.emit(model)

    @Slot(object)
    def run(self, job: Job) -> None:
        """Read an image and find its cells."""
        try:
            if job.cancel.is_set():
                raise Cancelled
            if job.detect and is_output(job.path):
                text = gettext("{path}: SmearCount wrote this image itself; open the image that it was made from.")
                raise ImageError(text.format(path=job.path))
            image = read_image(job.path, batch=job.batch)
            loaded = LoadedImage.of(image) if job.show else None
            stamp = stamp_of(job.path)
            digest = pixel_digest(image.pixels) if job.detect else ""
            reading = Reading(
                image.width, image.height, image.seconds, image.notices, stamp, loaded, image.span, digest
            )
            self.loaded.emit(job, reading)
            found = None
            if job.detect and self._detector is not None:
                found = self._detector.detect(
                    image.pixels,
                    diameter=job.diameter,
                    progress=lambda done, total: self.progressed.emit(job, done, total),
                    cancel=job.cancel,
                )
                _count_ahead(job, image, found, self._detector.card)
            self.finished.emit(job, found and replace(found, doubts=(*found.doubts, *image.doubts)))
        except Cancelled:
            self.cancelled.emit(job)
        except (ImageError, SessionError) as error:
            # asked here, since a network that is gone may take its time to say so
            (self.unreachable if _folder_is_gone(job.path) else self.failed).emit(job, str(error))
        except MemoryError:
            self.failed.emit(
                job,
                gettext("{path}: too large for the free memory; close other programs or crop it.").format(
                    path=job.path
                ),
            )
        except Exception as error:
            LOG.exception("counting %s", job.path)
            text = gettext("{path}: counting stopped unexpectedly ({error}); the other images go on.")
            self.failed.emit(job, text.format(path=job.path, error=error))
        finally:
            _return_freed_memory()


def _count_ahead(job: Job, image: SmearImage, found: DetectorResult, card: ModelCard) -> None:
    """Count what was found as the window will, so that its own thread need not."""
    settings = job.settings or CountSettings.suggested_by(card)
    if set(settings.thresholds) == set(card.classes):
        frame = settings.frame(image.width, image.height, job.region)
        precompute(found.detections, settings, frame, card.classes)


def _return_freed_memory() -> None:
    """Return what an image took to the system: glibc keeps freed blocks, and thousands of images pile them up."""
    if sys.platform.startswith("linux") and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


def _folder_is_gone(path: Path) -> bool:
    """Tell whether not only an image is missing, but all of its folder; an unmounted drive leaves an empty one."""
    try:
        with os.scandir(path.parent) as files:
            return not any(files)
    except PermissionError:
        return False
    except OSError:
        return True


class WorkerThread(QObject):
    """Starts and stops the thread of a ``Worker`` and passes requests on to it."""

    _run = Signal(object)
    _open_model = Signal(object, object)
    _use_model = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.worker = Worker()
        self._thread = QThread(self)
        self._thread.setObjectName("detector")
        self.worker.moveToThread(self._thread)
        self._run.connect(self.worker.run)
        self._open_model.connect(self.worker.open_model)
        self._use_model.connect(self.worker.use_model)
        self._thread.start()

    def run(self, job: Job) -> None:
        """Queue a job."""
        self._run.emit(job)

    def open_model(self, path: Path, like: ModelCard | None) -> None:
        """Queue the opening of a model file, with the counting methods of the card, if one is given."""
        self._open_model.emit(path, like)

    def use_model(self, model: AnyModel) -> None:
        """Queue the change to a model that is open already."""
        self._use_model.emit(model)

    def stop(self) -> None:
        """End the thread; running jobs must have been cancelled."""
        self._thread.quit()
        self._thread.wait()
