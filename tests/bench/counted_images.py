"""Print as JSON how the window behaves with a session of many counted and reviewed images.

``counted_images.py COUNT ADDED``: seconds until a session of COUNT images of 150 cells each is open, drawn and answers;
then ADDED images are counted beside them: milliseconds of the window's thread for each. Then as many again: the longest
gap in milliseconds between the beats of a timer of 5 ms, meanwhile and at rest.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from field_window import make_window, wait_until
from many_images import Heart, copy, write_folder
from PySide6.QtCore import QEventLoop, QTimer

from core.cells import Detections
from core.imaging.synthetic import render_smear
from core.report.formats.annotated import write_picture
from core.session.session import Session, stamp_of
from core.session.values import Edit, StoredDetections, Subject, ValueChange
from gui.workspace.images import State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.detection.loading import AnyModel
    from gui.shell.window import MainWindow

CELLS = 150
WIDTH, HEIGHT = 640, 480


def make_session(folder: Path, count: int, model: AnyModel, each: int = CELLS) -> Path:
    """Make a session of counted and reviewed images with so many cells each; they show the same smear."""
    rng = np.random.default_rng(0)
    smear = render_smear(WIDTH, HEIGHT, red_cells=40, white_cells=1, platelets=2, diameter=64, rng=rng)
    paths = [folder / f"field {number:05}.jpg" for number in range(count)]
    write_picture(smear.image, paths[0])
    for path in paths[1:]:
        copy(paths[0], path)
    corners = rng.uniform(0, (WIDTH - 64, HEIGHT - 64), (each, 2))
    boxes = np.concatenate([corners, corners + 60], axis=1).astype(np.float32)
    scores, labels = rng.uniform(0.3, 1.0, each).astype(np.float32), np.zeros(each, np.int32)
    labels[:3] = 1, 2, 2
    cells, stamp, card = Detections.from_model(boxes, scores, labels), stamp_of(paths[0]), model.card
    with Session.create(folder / "many.smearcount") as session, session.transaction():
        session.models.keep(model.sha256, card)
        for number, image in enumerate(session.images.add(paths)):
            mine = replace(stamp, sha256=f"{number:064x}") if number else stamp  # no two are copies
            found = StoredDetections(
                cells.numbered_from(session.detections.new_ids(each)),
                card.classes,
                64.0,
                1.0,
                card.name,
                model.sha256,
                blur=4.0,
                levels=(60.0, 220.0),
                file=mine.sha256,
            )
            session.detections.set_counted(
                image.id, found, width=WIDTH, height=HEIGHT, seconds=0.1, notices=(), stamp=mine
            )
            review = ValueChange(Subject.REVIEW, image.id, dict.fromkeys(card.classes, 0) | {card.classes[0]: 120})
            session.edits.record(Edit(image.id, "Mark as reviewed", values=(review,)), "Bench")
        return session.path


def opening(window: MainWindow, path: Path) -> float:
    """Return the seconds from the command to open a session until the window is drawn and answers."""
    workspace = window.workspace
    start = time.perf_counter()
    workspace.opening.open([path])
    wait_until(lambda: workspace.inference.shown is not None)
    window.image_list.rows.viewport().repaint()
    window.canvas.viewport().repaint()
    answered: list[bool] = []
    QTimer.singleShot(0, lambda: answered.append(True))
    wait_until(lambda: bool(answered))
    return time.perf_counter() - start


def counting(window: MainWindow, folder: Path, watch: Callable[[QEventLoop], float]) -> float:
    """Open more images, and return what watching the event loop until all are counted gives."""
    images, loop = window.workspace.images, QEventLoop()
    before = len(images.items)
    window.workspace.opening.open([folder])
    added = [item.id for item in images.items[before:]]

    def is_counted(image: int) -> bool:
        item = images.item(image)
        return item is not None and item.state is State.COUNTED

    def check(image: int) -> None:
        if image == added[-1] and all(is_counted(one) for one in added):
            loop.quit()

    images.item_changed.connect(check)
    watched = watch(loop)
    images.item_changed.disconnect(check)
    return watched


def worked(loop: QEventLoop) -> float:
    """Return the milliseconds that the window's thread works until a loop is left."""
    start = time.thread_time()
    loop.exec()
    return 1000 * (time.thread_time() - start)


def adding(window: MainWindow, folders: Sequence[Path], count: int) -> dict[str, float]:
    """Count more images; return what each takes of the window's thread, and the longest gaps of the event loop."""
    heart, loop = Heart(), QEventLoop()
    wait_until(lambda: window.workspace.counts.complete)
    QTimer.singleShot(1500, loop.quit)
    rest = heart.longest_while(loop)
    added = counting(window, folders[0], worked) / count
    return {"rest": rest, "gap": counting(window, folders[1], heart.longest_while), "added": added}


def main() -> None:
    count, added = (int(number) for number in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        new = [write_folder(folder / name, added, (320, 240), 10, 48) for name in ("new", "newer")]
        window = make_window(folder)
        model = window.workspace.inference.model
        assert model is not None
        (folder / "fields").mkdir()
        path = make_session(folder / "fields", count, model)
        result = {"opened": opening(window, path), **adding(window, new, added)}
        window.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
