"""When something goes wrong that nobody thought of: one dialog in plain words, and a log that keeps the details.

The log holds no pixels and no results. It may name files, so it stays on this computer; the support file of
``gui.dialogs.self_check`` takes from it only what failed and where in the program. Where the program was when it was
killed by a fault below Python is in files beside the log, the last few of which are kept.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import platform
import re
import sys
import threading
import traceback
from datetime import UTC, datetime
from itertools import pairwise
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QStandardPaths,
    Qt,
    QtMsgType,
    QUrl,
    Signal,
    Slot,
    qInstallMessageHandler,
    qVersion,
)
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMessageBox

from core.version import __version__

if TYPE_CHECKING:
    from types import TracebackType

LOG = logging.getLogger("smearcount")
LOG_NAME = "smearcount.log"
_FAULTS_NAMES = ("faults.txt", "faults.1.txt", "faults.2.txt", "faults.3.txt")
_MOST_LINES = 200
_FILE_OF_FRAME = re.compile(r'File ".*?([^/\\"]+)"')
_LOG_BYTES = 500_000
_LOG_FILES = 3
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def log_folder() -> Path:
    """Return the folder of the log, as the platform has it."""
    state = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.StateLocation)
    return Path(state or Path.home()) / "logs"


def crash_traces(folder: Path) -> list[dict[str, Any]]:
    """Return when the program crashed and where it was then, the latest first; files are named without their folders.

    There is nothing but places in the program in them.
    """
    traces = []
    for name in _FAULTS_NAMES:
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
            when = datetime.fromtimestamp((folder / name).stat().st_mtime, UTC)
        except OSError:
            continue
        if text.strip():
            lines = [_FILE_OF_FRAME.sub(r'File "\1"', line) for line in text.splitlines()[:_MOST_LINES]]
            traces.append({"when": when.isoformat(timespec="seconds"), "trace": lines})
    return traces


def _keep_last_trace(folder: Path) -> None:
    """Put what the last crash left out of the way of the next, and let go of the oldest."""
    last = folder / _FAULTS_NAMES[0]
    with contextlib.suppress(OSError):  # then the new trace is written after the old one
        if not last.exists() or last.stat().st_size == 0:
            return
        for name, older in reversed(list(pairwise(_FAULTS_NAMES))):
            if (folder / name).exists():
                (folder / name).replace(folder / older)


def explain(error: BaseException) -> str:
    """Say in plain words what happened and what to do."""
    if isinstance(error, MemoryError):
        what = "The memory of this computer is full. Close other programs, then go on."
    elif isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        what = f"A file or device did not do what it should: {error.strerror}{where}."
    else:
        what = "SmearCount did something that it should not have done. What you did last may not have happened."
    return what


class CrashGuard(QObject):
    """Catches what nobody caught, from the time it is made until ``close``."""

    happened = Signal(object)  # the exception; emitted on any thread

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.dialog: QMessageBox | None = None
        self._faults: TextIO | None = None
        self._handler = self._open_log()
        LOG.setLevel(logging.INFO)
        LOG.propagate = False
        LOG.addHandler(self._handler)
        LOG.info("SmearCount %s, Qt %s, Python %s, %s", __version__, qVersion(), sys.version, platform.platform())
        self.happened.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._hooks = sys.excepthook, threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        self._qt_handler = qInstallMessageHandler(self._on_qt_message)

    def close(self) -> None:
        """Put everything back as it was."""
        sys.excepthook, threading.excepthook = self._hooks
        qInstallMessageHandler(self._qt_handler)
        LOG.removeHandler(self._handler)
        self._handler.close()
        if self._faults is not None:
            faulthandler.disable()
            self._faults.close()
            self._faults = None

    def _open_log(self) -> logging.Handler:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(
                self.folder / LOG_NAME, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
            )
            if not faulthandler.is_enabled():
                _keep_last_trace(self.folder)
                self._faults = (self.folder / _FAULTS_NAMES[0]).open("a", encoding="utf-8")
                faulthandler.enable(self._faults)
        except OSError:
            return logging.NullHandler()  # a computer that takes no log can still count
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        return handler

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        LOG.error("Unexpected: %s", "".join(traceback.format_exception(kind, error, trace)))
        if sys.stderr is not None:  # a window on Windows has none
            traceback.print_exception(kind, error, trace)
        self.happened.emit(error)

    def _on_thread_exception(self, details: threading.ExceptHookArgs) -> None:
        if details.exc_value is not None:
            self._on_exception(details.exc_type, details.exc_value, details.exc_traceback)

    def _on_qt_message(self, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        LOG.log(_QT_LEVELS.get(kind, logging.WARNING), "Qt: %s (%s)", text, context.category)
        if sys.stderr is not None:
            sys.stderr.write(f"{text}\n")

    @Slot(object)
    def _show(self, error: BaseException) -> None:
        """Show one dialog; what happens while it is open is in the log."""
        if self.dialog is not None:
            return
        self.dialog = dialog = QMessageBox(QApplication.activeWindow())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setIcon(QMessageBox.Icon.Warning)
        dialog.setWindowTitle("Something went wrong")
        dialog.setText(explain(error))
        dialog.setInformativeText(
            "Your corrections are safe: each is in the session file since you made it. You can go on; "
            "if this comes again, quit and start SmearCount anew."
        )
        dialog.setDetailedText("".join(traceback.format_exception(error)))
        dialog.addButton("Go on", QMessageBox.ButtonRole.AcceptRole)
        show_log = dialog.addButton("Show the log", QMessageBox.ButtonRole.ActionRole)
        leave = dialog.addButton("Quit", QMessageBox.ButtonRole.DestructiveRole)
        show_log.clicked.connect(self._show_log)
        leave.clicked.connect(QApplication.closeAllWindows)
        dialog.finished.connect(self._on_closed)
        dialog.open()

    @Slot()
    def _show_log(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.folder)))

    @Slot()
    def _on_closed(self) -> None:
        self.dialog = None
