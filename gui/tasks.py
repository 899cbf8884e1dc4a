"""Long work without a window that stops: on a thread, in slices between events, or once things have settled."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, QThread, QTimer, Signal, Slot
from shiboken6 import isValid

from core.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Work = Callable[["Job"], Any]

_END = object()


@dataclass(frozen=True, eq=False)
class Job:
    """One start of a task, as its work sees it.

    ``cancelled`` is set when the work should end soon; long work looks at it now and then and raises ``Cancelled``.
    """

    work: Work
    parted: Callable[[Job, object], None]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def report(self, part: object) -> None:
        """Hand a part of the result over at once."""
        self.parted(self, part)


class _Worker(QObject):
    """Lives on the thread; every signal carries the job that it is about."""

    parted = Signal(object, object)
    succeeded = Signal(object, object)
    failed = Signal(object, object)

    @Slot(object)
    def run(self, job: Job) -> None:
        if job.cancelled.is_set():
            return
        try:
            result = job.work(job)
        except Cancelled:
            return
        except Exception as error:  # noqa: BLE001  the receiver explains it; the thread goes on
            self.failed.emit(job, error)
            return
        self.succeeded.emit(job, result)


def _end(thread: QThread, _worker: _Worker, *_: object) -> None:
    """End a thread; ``_worker`` is held until then."""
    if isValid(thread):  # at the end of the program it may be gone already
        thread.quit()
        thread.wait()


class Task(QObject):
    """Work on one named thread, of which only the latest start matters.

    The thread starts with the first work and ends with the task, at the latest when the program quits, which waits
    for it. The slots are called on the thread of the task, and never for work that was cancelled or replaced.

    Parameters
    ----------
    name
        of the thread, for debuggers and crash reports
    on_result
        receives what the work returned
    parent
        the owner; the task ends with it
    on_error
        receives the exception that ended the work; without it, the exception is raised on the thread of the task
    on_part
        receives what the work hands over through ``Job.report``
    priority
        of the thread
    """

    _run = Signal(object)
    # connected to the slots of the owner, which a bound method kept here would keep alive
    _result = Signal(object)
    _error = Signal(object)
    _part = Signal(object)

    def __init__(
        self,
        name: str,
        on_result: Callable[[Any], object],
        parent: QObject,
        *,
        on_error: Callable[[Exception], object] | None = None,
        on_part: Callable[[Any], object] | None = None,
        priority: QThread.Priority = QThread.Priority.InheritPriority,
    ) -> None:
        super().__init__(parent)
        self._result.connect(on_result)
        self._explains_errors = on_error is not None
        if on_error is not None:
            self._error.connect(on_error)
        if on_part is not None:
            self._part.connect(on_part)
        self._priority = priority
        self._job: Job | None = None
        self._closed = False
        self._worker = _Worker()
        self._thread = QThread(self)
        self._thread.setObjectName(name)
        self._worker.moveToThread(self._thread)
        self._run.connect(self._worker.run)
        self._worker.parted.connect(self._on_parted)
        self._worker.succeeded.connect(self._on_succeeded)
        self._worker.failed.connect(self._on_failed)
        self.destroyed.connect(partial(_end, self._thread, self._worker))
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self.close)

    @property
    def busy(self) -> bool:
        """Whether a result is still to come."""
        return self._job is not None

    def start(self, work: Work) -> None:
        """Do this now, instead of what is under way; nothing after ``close``.

        ``work`` is called on the thread with its ``Job``. What it touches must not change meanwhile.
        """
        self.cancel()
        if self._closed:
            return
        self._job = Job(work, self._worker.parted.emit)
        if not self._thread.isRunning():
            self._thread.start(self._priority)
        self._run.emit(self._job)

    def stop(self) -> None:
        """Ask the work under way to end; what it returns or raises is answered all the same."""
        if self._job is not None:
            self._job.cancelled.set()

    def cancel(self) -> None:
        """Drop what is under way; does not wait."""
        if self._job is not None:
            self._job.cancelled.set()
            self._job = None

    @Slot()
    def close(self) -> None:
        """Cancel, and wait for the end of the thread."""
        self._closed = True
        self.cancel()
        _end(self._thread, self._worker)

    @Slot(object, object)
    def _on_parted(self, job: Job, part: object) -> None:
        if job is self._job:
            self._part.emit(part)

    @Slot(object, object)
    def _on_succeeded(self, job: Job, result: object) -> None:
        if job is self._job:
            self._job = None
            self._result.emit(result)

    @Slot(object, object)
    def _on_failed(self, job: Job, error: Exception) -> None:
        if job is self._job:
            self._job = None
            if not self._explains_errors:
                raise error
            self._error.emit(error)


class IdleLoop(QObject):
    """Work on the window's own thread, a slice at a time between other events.

    The work is an iterator, and one step of it is what may hold the window up: keep steps short. Of two works
    started, only the latter goes on.
    """

    progressed = Signal(int)
    """Emitted after each slice but the last: steps done."""
    ended = Signal()
    """Emitted when the iterator is exhausted; not after ``stop``."""

    def __init__(self, parent: QObject, budget_ms: float = 10.0) -> None:
        super().__init__(parent)
        self._budget_s = budget_ms / 1000
        self._steps: Iterator[object] | None = None
        self._done = 0
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    @property
    def running(self) -> bool:
        """Whether steps are left."""
        return self._steps is not None

    def start(self, steps: Iterator[object]) -> None:
        """Take these steps from the next turn of the event loop on."""
        self._steps, self._done = steps, 0
        self._timer.start()

    def stop(self) -> None:
        """Take no further step."""
        self._steps = None
        self._timer.stop()

    @Slot()
    def _go_on(self) -> None:
        steps, until = self._steps, time.perf_counter() + self._budget_s
        while steps is not None:
            try:
                left = next(steps, _END) is not _END
            except Exception:
                self.stop()
                raise
            if self._steps is not steps:  # a step stopped the loop, or started another
                return
            if not left:
                self.stop()
                self.ended.emit()
                return
            self._done += 1
            if time.perf_counter() >= until:
                self.progressed.emit(self._done)
                return


class Debounce(QTimer):
    """Calls a slot once, a while after the last ``start``; ``stop`` forgets the call that is due."""

    def __init__(self, ms: int, slot: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self.setSingleShot(True)
        self.setInterval(ms)
        self.timeout.connect(slot)

    def start_unless_due(self) -> None:
        """Start unless a call is due already: a steady stream of changes then cannot put it off for ever."""
        if not self.isActive():
            self.start()

    def flush(self) -> None:
        """Make the call that is due now."""
        if self.isActive():
            self.stop()
            self.timeout.emit()
