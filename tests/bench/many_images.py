"""Print as JSON how the window behaves with many pictures.

``many_images.py list COUNT``: seconds until a folder is listed and painted, and what only listing it takes.
``many_images.py beat COUNT WIDTH HEIGHT RED_CELLS``: the longest gap in milliseconds between the beats of a timer of
5 ms while the images of a folder are counted, and while nothing happens.
``many_images.py memory COUNT``: MiB after 50 images and after all, each opened, counted and shown.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil
from field_window import make_window, wait_until
from PySide6.QtCore import QEventLoop, Qt, QTimer

from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from gui.workspace.images import State

if TYPE_CHECKING:
    from gui.shell.window import MainWindow

RENDERED = 20
WARM_UP = 50


def write_folder(folder: Path, count: int, size: tuple[int, int], red_cells: int, diameter: int) -> Path:
    """Write images of smears; after the first few, each is a copy of an earlier one."""
    folder.mkdir()
    paths = [folder / f"{folder.name} {number:05}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        if number < RENDERED:
            rng = np.random.default_rng(number)
            # no two of the same size: what is kept for a size must not pile up
            smear = render_smear(
                size[0] + 4 * number,
                size[1] + 2 * number,
                red_cells=red_cells,
                white_cells=1,
                platelets=2,
                diameter=diameter,
                rng=rng,
            )
            write_picture(smear.image, path)
        copy(paths[number % RENDERED], path)
    return folder


def copy(image: Path, to: Path) -> None:
    """Write the same JPEG image to another file, whose contents differ by a comment: it is no duplicate."""
    start, rest = (data := image.read_bytes())[:2], data[2:]
    comment = to.name.encode()
    to.write_bytes(start + b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big") + comment + rest)


def listing(window: MainWindow, folder: Path) -> dict[str, float]:
    start = time.perf_counter()
    with os.scandir(folder) as files:
        count = len(list(files))
    scanned = time.perf_counter()
    window.workspace.opening.open([folder])
    window.image_list.rows.viewport().repaint()
    return {"pictures": count, "scandir": scanned - start, "listed": time.perf_counter() - scanned}


class Heart:
    """Notes the times between the beats of a timer in the thread of the window."""

    def __init__(self) -> None:
        self.gaps: list[float] = []
        self._last = 0.0
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(5)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps.append(1000 * (now - self._last))
        self._last = now

    def longest_while(self, loop: QEventLoop) -> float:
        """Return the longest gap in milliseconds until a loop is left."""
        self.gaps.clear()
        self._last = time.perf_counter()
        self._timer.start()
        loop.exec()
        self._timer.stop()
        return max(self.gaps)


def beating(window: MainWindow, folder: Path) -> dict[str, float]:
    workspace, heart, loop = window.workspace, Heart(), QEventLoop()
    images = workspace.images
    QTimer.singleShot(1500, loop.quit)
    idle = heart.longest_while(loop)
    workspace.opening.open([folder])

    def check(_image: int) -> None:
        if all(item.state is State.COUNTED for item in images.items):
            loop.quit()

    images.item_changed.connect(check)
    start = time.perf_counter()
    longest = heart.longest_while(loop)
    return {
        "pictures": len(images.items),
        "seconds": time.perf_counter() - start,
        "idle": idle,
        "counting": longest,
        "99 %": float(np.percentile(heart.gaps, 99)),
    }


def remembering(window: MainWindow, folder: Path) -> dict[str, float]:
    workspace, process = window.workspace, psutil.Process()
    workspace.opening.open([folder])
    after: dict[int, float] = {}
    for place, item in enumerate(workspace.images.items):
        workspace.images.set_current(item.id)
        wait_until(lambda item=item: item.state is State.COUNTED and workspace.inference.shown is not None)
        window.canvas.viewport().repaint()
        after[place + 1] = process.memory_info().rss / 2**20
    return {"pictures": len(after), "after 50": after[min(WARM_UP, len(after))], "after all": after[len(after)]}


def main() -> None:
    mode, numbers = sys.argv[1], [int(number) for number in sys.argv[2:]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if mode == "beat":
            count, width, height, red_cells = numbers
            pictures = write_folder(folder / "pictures", count, (width, height), red_cells, 64)
        else:
            size, red_cells, diameter = ((96, 64), 3, 20) if mode == "list" else ((320, 240), 10, 48)
            pictures = write_folder(folder / "pictures", numbers[0], size, red_cells, diameter)
        window = make_window(folder)
        result = {"list": listing, "beat": beating, "memory": remembering}[mode](window, pictures)
        window.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
