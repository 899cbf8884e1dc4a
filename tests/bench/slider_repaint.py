"""Print the median milliseconds from a slider's move until 5,000 boxes are painted again."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from field_window import make_window, show_field
from PySide6.QtCore import QCoreApplication

CELLS = 5000


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        window = make_window(folder)
        show_field(window, folder, CELLS)
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
