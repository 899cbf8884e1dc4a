"""Print as JSON what the piles of kinds cost with many red cells.

``piles.py COUNT CELLS``: of COUNT images with CELLS red cells each, described and sorted: the median milliseconds of
the window's thread until the piles are shown anew, and until a cell that is given a kind, and an undo, are shown.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from counted_images import make_session
from field_window import make_window, wait_until

from core.kinds.embeddings import Embeddings
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.session.session import Session
from gui.commands.context import View

if TYPE_CHECKING:
    from collections.abc import Callable

    from gui.shell.window import MainWindow

ROUNDS = 9
TAUGHT = 20
KINDS = "normal-red-cell", "spherocyte"


def describe(path: Path) -> None:
    """Describe the red cells of a session: in turn they look like the one kind and like the other."""
    model, rng = EmbeddingModel(default_embedding_path()), np.random.default_rng(1)
    centres = rng.normal(size=(2, model.card.dimensions))
    with Session.open(path) as session, session.transaction():
        for image in session.images.all():
            found = session.detections.get(image.id)
            assert found is not None
            cells = found.detections
            vectors = centres[np.arange(len(cells)) % 2] + rng.normal(size=(len(cells), model.card.dimensions))
            known = Embeddings.of(cells.ids, cells.boxes, vectors.astype(np.float32))
            session.kinds.save_embeddings(image.id, model.sha256, known)


def worked(act: Callable[[], object]) -> float:
    """Return the milliseconds that the window's thread works on something."""
    start = time.thread_time()
    act()
    return 1000 * (time.thread_time() - start)


def measure(window: MainWindow) -> dict[str, float]:
    """Teach two kinds, and measure what is done in their piles."""
    kinds, page = window.workspace.kinds, window.cells.kinds
    assert kinds.tree.add_ready_set("RBC")
    wait_until(lambda: bool(kinds.piles.useful("RBC")))
    first = window.workspace.images.items[0].id
    cells = kinds.embeddings.cells_of(first)
    assert cells is not None
    ids = cells.cells.tolist()
    for start, kind in enumerate(KINDS):
        assert kinds.typed.give([(first, cell) for cell in ids[start:TAUGHT:2]], kind)
    wait_until(lambda: kinds.piles.figures("RBC") is not None)
    window.show_view(View.CELLS)
    window.cells.show_by_kind(True)
    wait_until(lambda: bool(page.area.layout_) and not kinds.embeddings.waiting)

    def shown() -> None:
        page.refresh()
        page.area.viewport().repaint()

    def given(cell: int) -> None:
        assert kinds.typed.give([(first, cell)], KINDS[0])
        shown()

    def undone() -> None:
        window.workspace.history.undo()
        shown()

    return {
        "cells": float(len(page.naming.cells.tiles)),
        "shown": statistics.median(worked(shown) for _ in range(ROUNDS)),
        "sorted again": statistics.median(worked(page.sort_again) for _ in range(ROUNDS)),
        "given": statistics.median(worked(lambda cell=cell: given(cell)) for cell in ids[TAUGHT : TAUGHT + ROUNDS]),
        "undone": statistics.median(worked(undone) for _ in range(ROUNDS)),
    }


def main() -> None:
    count, cells = (int(number) for number in sys.argv[1:])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        window = make_window(folder)
        model = window.workspace.inference.model
        assert model is not None
        (folder / "fields").mkdir()
        path = make_session(folder / "fields", count, model, cells)
        describe(path)
        window.workspace.opening.open([path])
        wait_until(lambda: window.workspace.counts.complete and window.workspace.inference.shown is not None)
        result = measure(window)
        window.close()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
