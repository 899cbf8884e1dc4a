"""Print the median milliseconds from a slider's move until 5,000 boxes are painted again."""

from __future__ import annotations

import statistics
import sys
import time

import numpy as np
from PySide6.QtCore import QCoreApplication, QSettings
from PySide6.QtWidgets import QApplication

from core.detections import Detections
from core.detector import DetectorResult
from core.images import SmearImage
from core.model import default_model_path
from gui.document import Document, Entry, State
from gui.preferences import Preferences
from gui.theme import Theme, apply_theme
from gui.window import MainWindow
from gui.worker import Picture

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


def main() -> None:
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    document = Document(default_model_path())
    window = MainWindow(document, Preferences(QSettings()))
    window.resize(1600, 1000)
    window.show()
    while document.model is None:
        QCoreApplication.processEvents()
    pixels = np.random.default_rng(1).integers(120, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    image = SmearImage(default_model_path(), pixels)
    entry = Entry(image.path, State.COUNTED, DetectorResult(many_cells(), 32.0, 2.0), size=(SIDE, SIDE))
    document.entries, document.current, document.picture = [entry], 0, Picture.of(image)
    document.images_changed.emit()
    document.picture_loaded.emit()
    QCoreApplication.processEvents()
    slider = window.class_panel.cards["RBC"].slider
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
