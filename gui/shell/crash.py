"""Unexpected errors: one dialog in plain words, and a log that keeps the details.

The log holds no pixels and no results. It may name files, so it stays on this computer; the support file of
``gui.dialogs.self_check`` takes from it only what failed and where in the program. Where the program was when it was
killed by a fault below Python is in files beside the log, the last few of which are kept.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import platform
import sys
import threading
import traceback
from itertools import pairwise
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, TextIO

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
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

from core.text import gettext
from core.version import __version__
from gui.logs import LOG_FORMAT, LOG_NAME, LOGGERS, TRACE_NAMES

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

LOG = logging.getLogger("smearcount")
_LOG_BYTES = 500_000
_LOG_FILES = 3
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def _keep_last_trace(folder: Path) -> None:
    """Put what the last crash left out of the way of the next, and let go of the oldest."""
    last = folder / TRACE_NAMES[0]
    with contextlib.suppress(OSError):  # then the new trace is written after the old one
        if not last.exists() or last.stat().st_size == 0:
            return
        for name, older in reversed(list(pairwise(TRACE_NAMES))):
            if (folder / name).exists():
                (folder / name).replace(folder / older)


def explain(error: BaseException) -> str:
    """Explain in plain words what happened and what to do."""
    if isinstance(error, MemoryError):
        return gettext("The memory of this computer is full. Close other programs, then continue.")
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return gettext("A file or device failed: {reason}{where}.").format(reason=error.strerror, where=where)
    return gettext("An unexpected error occurred. Your last action may not have completed.")


class CrashGuard(QObject):
    """Catches what nobody caught, from the time it is made until ``close``."""

    happened = Signal(object)  # the exception; emitted on any thread

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.dialog: QMessageBox | None = None
        self._faults: TextIO | None = None
        self._handler = self._open_log()
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.setLevel(logging.INFO)
            logger.propagate = False
            logger.addHandler(self._handler)
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
        for name in LOGGERS:
            logger = logging.getLogger(name)
            logger.removeHandler(self._handler)
            logger.setLevel(logging.NOTSET)
            logger.propagate = True
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
                self._faults = (self.folder / TRACE_NAMES[0]).open("a", encoding="utf-8")
                faulthandler.enable(self._faults)
        except OSError:
            return logging.NullHandler()  # a computer that takes no log can still count
        handler.setFormatter(logging.Formatter(LOG_FORMAT))
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
        dialog.setWindowTitle(gettext("Something went wrong"))
        dialog.setText(explain(error))
        dialog.setInformativeText(
            gettext(
                "Your edits are safe: each was written to the session file when you made it. You can continue; if "
                "this happens again, quit and restart SmearCount."
            )
        )
        dialog.setDetailedText("".join(traceback.format_exception(error)))
        dialog.addButton(gettext("Continue"), QMessageBox.ButtonRole.AcceptRole)
        show_log = dialog.addButton(gettext("Show the log"), QMessageBox.ButtonRole.ActionRole)
        leave = dialog.addButton(gettext("Quit"), QMessageBox.ButtonRole.DestructiveRole)
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
