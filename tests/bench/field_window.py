"""The real window for the bench: with one field of many cells, or with nothing open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtWidgets import QApplication

from core.cells import Detections
from core.models.network import default_model_path
from core.report.formats.annotated import write_picture
from core.session.session import Session, stamp_of
from core.session.values import StoredDetections
from gui.preferences import Preferences, Theme
from gui.shell.window import MainWindow
from gui.widgets.theme import apply_theme, styled_in_the_end
from gui.workspace.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 2592


def wait_until(condition: Callable[[], bool]) -> None:
    """Let the program go on until something is the case."""
    while not condition():
        QCoreApplication.processEvents()


def make_window(folder: Path) -> MainWindow:
    """Return the window as it is after the start, with its files in a folder."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app, Theme.LIGHT)
    workspace = Workspace(default_model_path(), folder / "sessions", "Bench")
    preferences = Preferences(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat))
    with styled_in_the_end(app):
        window = MainWindow(workspace, preferences)
    window.resize(1600, 1000)
    window.show()
    wait_until(lambda: workspace.inference.model is not None)
    return window


def grid_of_cells(count: int) -> Detections:
    """Return red cells on a grid over the whole field, their scores spread evenly from 0.3 to 1."""
    rng = np.random.default_rng(0)
    columns = max(int(np.ceil(np.sqrt(count))), 1)
    place = np.arange(count)
    step = SIDE / columns
    corners = np.stack([place % columns, place // columns], axis=1) * step + rng.uniform(0, 4, (count, 2))
    boxes = np.concatenate([corners, corners + 0.9 * step], axis=1).astype(np.float32)
    scores = rng.uniform(0.3, 1.0, count).astype(np.float32)
    return Detections.from_model(boxes, scores, np.zeros(count, np.int32))


def show_field(window: MainWindow, folder: Path, count: int) -> None:
    """Open a session whose only image was counted and holds so many cells, all of them above the threshold."""
    picture = folder / "field.png"
    if not picture.exists():
        write_picture(np.random.default_rng(1).integers(120, 255, (SIDE, SIDE, 3)).astype(np.uint8), picture)
    workspace = window.workspace
    model = workspace.inference.model
    assert model is not None
    session = Session.create(folder / f"{count} cells.smearcount")
    [image] = session.images.add([picture])
    cells = grid_of_cells(count).numbered_from(session.detections.new_ids(count))
    session.detections.set_counted(
        image.id,
        StoredDetections(cells, model.card.classes, 32.0, 2.0, "bench", model.sha256),
        width=SIDE,
        height=SIDE,
        seconds=0.0,
        notices=(),
        stamp=stamp_of(picture),
    )
    workspace.store.take(session)
    wait_until(lambda: workspace.inference.shown is not None)
    for name in workspace.settings.classes:
        workspace.settings.set_threshold(name, 0.3)
