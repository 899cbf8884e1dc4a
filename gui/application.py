"""The program from start to end: one window, its crash guard, and what later starts ask of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from core.imaging.demo import demo_smear
from core.version import __version__
from gui.logs import log_folder
from gui.preferences import Preferences
from gui.shell.crash import CrashGuard
from gui.shell.single_instance import SingleInstance
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme, styled_in_the_end
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def application_icon() -> QIcon:
    """Return the icon of the program."""
    return QIcon(str(demo_smear().parent.parent / "icons" / "smearcount.svg"))


def answer_call(window: MainWindow, paths: Sequence[Path]) -> None:
    """Bring the window to the front and open what a later start was given."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
    if paths:
        window.dialogs.open_paths(paths)


def run_window(paths: Sequence[Path], model: Path) -> int:
    """Open the window on the given images and run until it is closed; return the exit code."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    app.setApplicationName("SmearCount")
    app.setDesktopFileName("smearcount")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(application_icon())
    guard = CrashGuard(log_folder())
    preferences = Preferences()
    apply_theme(app, preferences.theme)
    unfinished = preferences.unfinished_session
    with styled_in_the_end(app):
        window = MainWindow(Workspace(model, preferences.sessions), preferences)
    instance = SingleInstance()
    instance.called.connect(lambda paths: answer_call(window, paths))
    window.start_page.offer_unfinished(unfinished)
    window.show()
    if paths:
        window.dialogs.open_paths(paths)
    code = app.exec()
    instance.close()
    guard.close()
    return code
