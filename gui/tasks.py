"""Work that takes long: in a thread of its own, or in steps between events."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, QThread, QTimer, Signal, Slot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_SLICE_S = 0.02


def many(number: int, one: str, more: str = "") -> str:
    """Return a number with its noun: ``1 picture``, ``4,812 boxes``."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


class Background(QThread):
    """One piece of work on a thread of its own.

    The work gets ``stopped`` to look at. ``ended`` carries this object and the result, or the exception
    that ended the work; after ``stop`` the result is of no interest.
    """

    ended = Signal(object, object)

    def __init__(self, work: Callable[[threading.Event], object], parent: QObject) -> None:
        super().__init__(parent)
        self.stopped = threading.Event()
        self._work = work
        self.finished.connect(self.deleteLater)
        app = QCoreApplication.instance()
        if app is not None:
            app.aboutToQuit.connect(self._stop_and_wait)

    def run(self) -> None:
        try:
            outcome = self._work(self.stopped)
        except Exception as error:  # noqa: BLE001  it is the receiver's to explain
            outcome = error
        self.ended.emit(self, outcome)

    def stop(self) -> None:
        """Ask the work to end soon; does not wait."""
        self.stopped.set()

    @Slot()
    def _stop_and_wait(self) -> None:
        self.stop()
        self.wait()


class Steps(QObject):
    """Long work on the window's own thread, done step by step between other events."""

    progressed = Signal(int)
    ended = Signal()

    def __init__(self, work: Iterator[object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._done = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def stop(self) -> None:
        """Take no further step; ``ended`` follows at once."""
        self._timer.stop()
        self.ended.emit()

    @Slot()
    def _go_on(self) -> None:
        until = time.monotonic() + _SLICE_S
        while time.monotonic() < until:
            try:
                next(self._work)
            except StopIteration:
                self.ended.emit()
                return
            self._done += 1
        self.progressed.emit(self._done)
        self._timer.start()
