"""Print as JSON what each view and window costs with a sample of many images and a million cells.

``views.py COUNT CELLS``: of a session of COUNT counted and reviewed images with CELLS cells each. ``ms`` until a view
is painted and ``cpu``, those of the processor; ``gap``, the longest of the event loop while the rest comes in.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from counted_images import make_session, opening
from field_window import make_window, wait_until
from many_images import Heart
from PySide6.QtCore import QCoreApplication, QEventLoop, QTimer

from gui.commands.context import Dialog, View
from gui.panels.gallery.tiles import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell.window import MainWindow

SETTLED_MS = 2500
ROUNDS = 3


def shown(act: Callable[[], object]) -> dict[str, float]:
    """Return what it costs until a widget is painted after an act, and what follows."""
    start, worked = time.perf_counter(), time.thread_time()
    act()
    QCoreApplication.processEvents()
    times = {"ms": 1000 * (time.perf_counter() - start), "cpu": 1000 * (time.thread_time() - worked)}
    heart, loop = Heart(), QEventLoop()
    QTimer.singleShot(SETTLED_MS, loop.quit)
    worked = time.thread_time()
    times["gap"] = heart.longest_while(loop)
    times["later"] = 1000 * (time.thread_time() - worked)
    return times


def switching(window: MainWindow) -> dict[str, dict[str, float]]:
    """Go from view to view, and open the other windows."""
    figures: dict[str, dict[str, float]] = {}

    views = (View.CELLS, View.RESULTS, View.REVIEW)
    for view in views:
        figures[f"{view.value}, first"] = shown(lambda view=view: window.show_view(view))
    again: dict[str, list[dict[str, float]]] = {view.value: [] for view in views}
    for _ in range(ROUNDS):
        for view in views:
            again[view.value].append(shown(lambda view=view: window.show_view(view)))
    for name, rounds in again.items():
        figures[f"{name}, again"] = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    for dialog, widget in (
        (Dialog.COUNTING_SETTINGS, lambda: window.dialogs.counting),
        (Dialog.VERIFY, lambda: window.dialogs.verify),
    ):
        for when in ("first", "again"):
            figures[f"{dialog.name.lower()}, {when}"] = shown(lambda dialog=dialog: window.open_dialog(dialog))
            if (other := widget()) is not None:
                other.hide()
    return figures


def gallery(window: MainWindow) -> dict[str, dict[str, float]]:
    """Scroll and sort all cells."""
    figures: dict[str, dict[str, float]] = {}
    window.show_view(View.CELLS)
    gallery = window.gallery
    gallery.set_all(True)
    wait_until(lambda: not gallery.source.busy and bool(gallery.sections))
    section = gallery.sections["RBC"]
    bar = section.view.verticalScrollBar()
    wait_until(lambda: bar.maximum() > 0)
    figures["Cells, scrolled"] = shown(lambda: bar.setValue(bar.maximum() // 2))
    for order in (Order.LARGEST, Order.IMAGE, Order.UNCERTAIN):
        figures[f"Cells, sorted: {order.value}"] = shown(lambda order=order: gallery.bar.order_chosen.emit(order))
    figures["Cells, one selected"] = shown(lambda: section.view.setCurrentIndex(section.view.tile_model.index(5)))
    figures["Cells, all selected"] = shown(gallery.select_all)
    figures["Cells, none selected"] = shown(lambda: window.workspace.selection.set(()))
    image, cell = int(section.view.tiles.images[3]), int(section.view.tiles.ids[3])
    figures["Cells, one removed"] = shown(lambda: window.workspace.editing.remove([(image, cell)]))
    figures["Cells, undo"] = shown(window.workspace.history.undo)
    figures["threshold, in Cells"] = shown(lambda: window.workspace.settings.set_threshold("RBC", 0.8))
    return figures


def main() -> None:
    count, cells = (int(number) for number in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        window = make_window(folder)
        model = window.workspace.inference.model
        assert model is not None
        (folder / "fields").mkdir()
        path = make_session(folder / "fields", count, model, cells)
        result = {"opened": opening(window, path)}
        wait_until(lambda: window.workspace.counts.complete)
        result |= switching(window) | gallery(window)
        window.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
