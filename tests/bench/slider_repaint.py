"""Print the median milliseconds from a slider's move until 5,000 boxes are painted again."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtWidgets import QApplication

from core.annotate import write_picture
from core.detections import Detections
from core.model import default_model_path
from core.session import Session, stamp_of
from core.session_values import StoredDetections
from gui.document import Document
from gui.preferences import Preferences
from gui.theme import Theme, apply_theme
from gui.window import MainWindow

CELLS = 5000
SIDE = 2592


def many_cells() -> Detections:
    """Return 5,000 red cells on a grid, their scores spread evenly from 0.3 to 1."""
    rng = np.random.default_rng(0)
    columns = int(np.ceil(np.sqrt(CELLS)))
    place = np.arange(CELLS)
    step = SIDE / columns
    corners = np.stack([place % columns, place // columns], axis=1) * step + rng.uniform(0, 4, (CELLS, 2))
    boxes = np.concatenate([corners, corners + 0.9 * step], axis=1).astype(np.float32)
    scores = rng.uniform(0.3, 1.0, CELLS).astype(np.float32)
    return Detections.from_model(boxes, scores, np.zeros(CELLS, np.int32))


def session_with(picture: Path, classes: tuple[str, ...], path: Path) -> Session:
    """Return a session in which the picture was counted and holds the 5,000 cells."""
    session = Session.create(path)
    image = session.add_images([picture])[0]
    cells = many_cells().numbered_from(session.new_ids(CELLS))
    session.set_counted(
        image.id,
        StoredDetections(cells, classes, 32.0, 2.0, "bench", ""),
        width=SIDE,
        height=SIDE,
        seconds=0.0,
        notices=(),
        stamp=stamp_of(picture),
    )
    return session


def main() -> None:
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    folder = Path(tempfile.mkdtemp())
    picture = folder / "many.png"
    write_picture(np.random.default_rng(1).integers(120, 255, (SIDE, SIDE, 3)).astype(np.uint8), picture)
    document = Document(default_model_path(), folder)
    window = MainWindow(document, Preferences(QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)))
    window.resize(1600, 1000)
    window.show()
    while document.model is None:
        QCoreApplication.processEvents()
    document.take_session(session_with(picture, document.model.card.classes, folder / "many.smearcount"))
    while document.picture is None:
        QCoreApplication.processEvents()
    slider = window.panel.classes.cards["RBC"].slider
    times = []
    for step in [40, 45, 42, 50, 41, 60, 35, 55] * 5:
        start = time.perf_counter()
        slider.setValue(step)
        window.canvas.viewport().repaint()
        times.append(1000 * (time.perf_counter() - start))
        QCoreApplication.processEvents()
    sys.stdout.write(f"{statistics.median(times):.1f}\n")
    window.close()


if __name__ == "__main__":
    main()
