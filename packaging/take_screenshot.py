"""Photograph the real window: ``python packaging/take_screenshot.py OUT [--theme dark] [PATH...]``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from core.imaging.demo import demo_smear
from core.models.network import default_model_path
from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme
from gui.workspace.images import State
from gui.workspace.workspace import Workspace

parser = argparse.ArgumentParser()
parser.add_argument("out", type=Path)
parser.add_argument("paths", nargs="*", type=Path, default=[demo_smear()])
parser.add_argument("--theme", choices=[theme.value for theme in Theme], default="light")
parser.add_argument("--size", default="1280x800")
parser.add_argument("--empty", action="store_true", help="open nothing")
parser.add_argument("--model", type=Path, default=default_model_path())
arguments = parser.parse_args()

app = QApplication([])
with tempfile.TemporaryDirectory() as folder:
    preferences = Preferences(QSettings(f"{folder}/settings.ini", QSettings.Format.IniFormat))
    apply_theme(app, Theme(arguments.theme))
    window = MainWindow(Workspace(arguments.model, Path(folder) / "sessions", "Anna"), preferences)
    window.resize(*map(int, arguments.size.split("x")))
    window.show()
    if not arguments.empty:
        window.workspace.opening.open(arguments.paths)

    def shoot_when_done() -> None:
        """Wait until the images are counted."""
        workspace = window.workspace
        settled = all(item.state in (State.COUNTED, State.FAILED) for item in workspace.images.items)
        if workspace.inference.model is None or not settled:
            return
        watch.stop()
        QTimer.singleShot(300, shoot)

    def shoot() -> None:
        """Save the window as it looks now."""
        window.grab().save(str(arguments.out))
        window.close()
        app.quit()

    watch = QTimer()
    watch.timeout.connect(shoot_when_done)
    watch.start(50)
    app.exec()
