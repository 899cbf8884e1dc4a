"""Print the seconds from the start of this process until the window was first painted."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import psutil


def main() -> None:
    started = psutil.Process().create_time()
    from PySide6.QtCore import QEvent, QObject, QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from core.models.network import default_model_path
    from gui.preferences import Preferences, Theme
    from gui.shell.window import MainWindow
    from gui.widgets.theme import apply_theme, styled_in_the_end
    from gui.workspace.workspace import Workspace

    class FirstPaint(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                sys.stdout.write(f"{time.time() - started:.3f}\n")
                watched.removeEventFilter(self)
                QTimer.singleShot(0, window.close)
            return False

    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    with styled_in_the_end(app):
        window = MainWindow(Workspace(default_model_path(), Path(tempfile.mkdtemp())), Preferences(QSettings()))
    watcher = FirstPaint()
    middle = window.centralWidget()
    assert middle is not None
    middle.installEventFilter(watcher)
    window.show()
    app.exec()


if __name__ == "__main__":
    main()
