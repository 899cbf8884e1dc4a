"""Work beside the window: one thread, one job after the other, of which only the last asked for matters."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal, Slot
from shiboken6 import isValid

from core.cancel import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, eq=False)
class _Job:
    """Work that looks at ``cancel`` now and then, and tells of its progress through its second argument."""

    work: Callable[[threading.Event, Callable[[object], None]], Any]
    cancel: threading.Event = field(default_factory=threading.Event)


class _Worker(QObject):
    """Lives in the thread; every signal carries the job it is about."""

    reported = Signal(object, object)
    finished = Signal(object, object)
    failed = Signal(object, str)

    @Slot(object)
    def run(self, job: _Job) -> None:
        """Do one job."""
        if job.cancel.is_set():
            return
        try:
            result = job.work(job.cancel, lambda part: self.reported.emit(job, part))
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001  a bug in one answer must not end the thread
            self.failed.emit(job, f"{type(error).__name__}: {error}")
            return
        self.finished.emit(job, result)


def _end(thread: QThread, _worker: _Worker, *_: object) -> None:
    """End the thread; ``_worker`` is held until then."""
    if isValid(thread):  # at the end of the program it may be gone already
        thread.quit()
        thread.wait()


class Background(QObject):
    """A thread for one kind of work. A new job puts an end to the one before; its results are dropped."""

    reported = Signal(object)
    finished = Signal(object)
    failed = Signal(str)
    _run = Signal(object)

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._job: _Job | None = None
        self._worker = _Worker()
        self._thread = QThread(self)
        self._thread.setObjectName(name)
        self._worker.moveToThread(self._thread)
        self._run.connect(self._worker.run)
        self._worker.reported.connect(self._on_reported)
        self._worker.finished.connect(self._on_finished)
        self._worker.failed.connect(self._on_failed)
        self.destroyed.connect(partial(_end, self._thread, self._worker))

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._job is not None

    def start(self, work: Callable[[threading.Event, Callable[[object], None]], Any]) -> None:
        """Do this, and drop what was under way.

        ``work`` is called in the thread with an event that says when to give up (by raising ``Cancelled``), and
        a function that hands parts of the result over. What it touches must not change meanwhile.
        """
        self.cancel()
        self._job = _Job(work)
        if not self._thread.isRunning():
            self._thread.start()
        self._run.emit(self._job)

    def cancel(self) -> None:
        """Drop what is under way; nothing more is heard of it."""
        if self._job is not None:
            self._job.cancel.set()
            self._job = None

    def close(self) -> None:
        """End the thread."""
        self.cancel()
        _end(self._thread, self._worker)

    @Slot(object, object)
    def _on_reported(self, job: _Job, part: object) -> None:
        if job is self._job:
            self.reported.emit(part)

    @Slot(object, object)
    def _on_finished(self, job: _Job, result: object) -> None:
        if job is self._job:
            self._job = None
            self.finished.emit(result)

    @Slot(object, str)
    def _on_failed(self, job: _Job, text: str) -> None:
        if job is self._job:
            self._job = None
            self.failed.emit(text)
