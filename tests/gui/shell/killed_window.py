"""A window that is corrected without end until its process is killed: run by the tests.

``killed_window.py SESSION SEED``: open a session and correct its first picture. After each correction it prints the
number of lines of the history and a digest of the corrected cells, as they were when the call returned.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[3]))

from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtWidgets import QApplication

from gui.preferences import Preferences
from gui.shell.window import MainWindow
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from core.session.session import Session


def digest(session: Session) -> str:
    """Return what tells two states of the corrections apart."""
    image = session.images.all()[0]
    state = sorted((number, change.after) for number, change in session.edits.changes(image.id).items()), image.reviewed
    return hashlib.sha256(repr(state).encode()).hexdigest()


def correct(window: MainWindow, rng: random.Random) -> None:
    editing = window.workspace.editing
    shown = window.canvas.boxes.shown_ids()
    x, y = rng.uniform(0, 300), rng.uniform(0, 200)
    match rng.choice(["add", "add", "remove", "class", "reshape", "reviewed", "undo", "redo", "empty"]):
        case "add":
            editing.add_cell_at("RBC", x, y)
        case "remove" if shown:
            editing.remove_cells(rng.sample(shown, min(3, len(shown))))
        case "class" if shown:
            editing.reclassify([rng.choice(shown)], "WBC")
        case "reshape" if shown:
            editing.reshape(rng.choice(shown), (x, y, x + 40, y + 50))
        case "reviewed":
            editing.mark_reviewed(not window.workspace.images.items[0].reviewed)
        case "undo":
            window.workspace.history.undo()
        case "redo":
            window.workspace.history.redo()
        case _:
            editing.clear_area(x, y, x + 60, y + 60)


def main() -> None:
    path, rng = Path(sys.argv[1]), random.Random(sys.argv[2])
    app = QApplication([])
    # no model: nothing but the corrections changes the session
    workspace = Workspace(path.with_name("none.onnx"), path.parent, "Ada")
    settings = QSettings(str(path.with_name("settings.ini")), QSettings.Format.IniFormat)
    window = MainWindow(workspace, Preferences(settings))
    window.show()
    workspace.store.open(path)
    session = workspace.store.session
    assert session is not None
    while workspace.inference.shown is None:
        app.processEvents()
    while True:
        correct(window, rng)
        os.write(sys.stdout.fileno(), f"{len(session.edits.history(limit=100_000))} {digest(session)}\n".encode())
        QCoreApplication.processEvents()


if __name__ == "__main__":
    main()
