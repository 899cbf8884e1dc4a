"""Print as JSON the median milliseconds of a frame with 5,000 boxes and with none, for each thing a person does.

``field_frames.py [ROUNDS]``: each thing is done so often. An edit and an undo include their way to the disk.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from field_window import SIDE, make_window, show_field
from PySide6.QtCore import QCoreApplication, QPointF

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell.window import MainWindow

CELLS = 5000
ROUNDS = 40


def frame(window: MainWindow, act: Callable[[], object]) -> float:
    """Return the milliseconds from an act until the canvas is painted."""
    start = time.perf_counter()
    act()
    window.canvas.viewport().repaint()
    taken = 1000 * (time.perf_counter() - start)
    QCoreApplication.processEvents()
    return taken


def measure(window: MainWindow, rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each thing a person does."""
    canvas, editing, history = window.canvas, window.workspace.editing, window.workspace.history
    times: dict[str, list[float]] = {name: [] for name in ("pan", "pan at 100 %", "zoom", "edit", "undo")}
    for name, zoom in (("pan", None), ("pan at 100 %", 1.0)):
        canvas.fit()
        if zoom is not None:
            canvas.zoom_to(zoom)
        for number in range(rounds):
            where = QPointF(SIDE / 2 + 17 * number % 97, SIDE / 2 + 11 * number % 89)
            times[name].append(frame(window, lambda where=where: canvas.centerOn(where)))
    canvas.fit()
    for number in range(rounds):
        times["zoom"].append(frame(window, canvas.zoom_in if number % 20 < 10 else canvas.zoom_out))
    canvas.fit()
    for number in range(rounds):
        box = (20.0 + number, 20.0 + number, 60.0 + number, 60.0 + number)
        times["edit"].append(frame(window, lambda box=box: editing.add_cell("RBC", box)))
    for _ in range(rounds):
        times["undo"].append(frame(window, history.undo))
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        window = make_window(folder)
        result = {}
        for key, cells in (("empty", 0), ("boxes", CELLS)):
            show_field(window, folder, cells)
            result[key] = measure(window, rounds)
        window.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
