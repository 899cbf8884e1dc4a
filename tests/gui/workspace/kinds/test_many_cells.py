"""A sample of tens of thousands of red cells with kinds: it is sorted beside the window, which goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from core.cells import Detections
from core.kinds.embeddings import Embeddings, in_8_bits
from core.models.embedding import EmbeddingModel, default_embedding_path
from core.session.session import Session
from core.session.values import FileStamp, StoredDetections
from tests.gui.workspace.kinds.kinds_steps import WAIT_MS

if TYPE_CHECKING:
    from pathlib import Path

    from pytestqt.qtbot import QtBot

    from core.models.network import Model
    from gui.workspace.workspace import Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not default_embedding_path().exists(), reason="there is no embedding model in resources/models"),
]
IMAGES, CELLS = 20, 1000


def described_session(folder: Path, model: Model) -> Path:
    """Make a session of many red cells of two kinds, in turn, counted and described; the images are gone."""
    embedding = EmbeddingModel(default_embedding_path())
    rng = np.random.default_rng(1)
    corners = np.stack(np.meshgrid(np.arange(40) * 50, np.arange(25) * 50), axis=-1).reshape(-1, 2)
    boxes = np.concatenate([corners, corners + 40], axis=1).astype(np.float32)
    centres = rng.normal(size=(2, embedding.card.dimensions))
    with Session.create(folder / "many.smearcount") as session, session.transaction():
        session.models.keep(model.sha256, model.card)
        for number, image in enumerate(session.images.add([folder / f"{number}.png" for number in range(IMAGES)])):
            cells = Detections.from_model(boxes, np.linspace(0.99, 0.9, CELLS, dtype=np.float32), np.zeros(CELLS, int))
            cells = cells.numbered_from(session.detections.new_ids(CELLS))
            found = StoredDetections(cells, model.card.classes, 64.0, 1.0, model.card.name, model.sha256)
            stamp = FileStamp(f"{number:064x}", 1, 1)
            session.detections.set_counted(image.id, found, width=2000, height=1300, seconds=0, notices=(), stamp=stamp)
            vectors = centres[np.arange(CELLS) % 2] + rng.normal(size=(CELLS, embedding.card.dimensions))
            known = Embeddings(cells.ids, cells.boxes, *in_8_bits(vectors.astype(np.float32)))
            session.kinds.save_embeddings(image.id, embedding.sha256, known)
        return session.path


def test_the_window_goes_on_while_a_large_sample_is_sorted(
    workspace: Workspace, model: Model, qtbot: QtBot, tmp_path: Path
) -> None:
    workspace.opening.open([described_session(tmp_path, model)])
    qtbot.waitUntil(lambda: workspace.counts.counted_images == IMAGES, timeout=WAIT_MS)
    kinds = workspace.kinds
    assert kinds.tree.add_ready_set("RBC")
    qtbot.waitUntil(lambda: len(kinds.piles.useful("RBC")) > 0, timeout=WAIT_MS)
    first, second = (item.id for item in workspace.images.items[:2])
    ids = {image: known.cells.tolist() for image in (first, second) if (known := kinds.embeddings.of(image))}
    said = {
        kind: [(image, cell) for image in ids for cell in ids[image][start:12:2]] for start, kind in enumerate("ab")
    }
    for cells, kind in zip(said.values(), ("normal-red-cell", "spherocyte"), strict=True):
        assert kinds.typed.give(cells, kind)
    turns, timer = [], QTimer()
    timer.timeout.connect(lambda: turns.append(kinds.piles.figures("RBC") is None))
    timer.start(0)
    kinds.piles.sort_now()
    qtbot.waitUntil(lambda: kinds.piles.figures("RBC") is not None, timeout=WAIT_MS)
    assert sum(turns) > 1  # the window had its turns meanwhile
    numbers = kinds.piles.numbers("RBC")
    kinds_there = ("normal-red-cell", "spherocyte", "")
    assert sum(numbers[kind].suggested + numbers[kind].confirmed for kind in kinds_there if kind in numbers) == 20_000
    kinds.piles.sort_now()
    cell = (first, ids[first][500])
    assert kinds.typed.give([cell], "teardrop")  # nobody has to wait for the piles
    assert kinds.typed.of(first)[cell[1]] == "teardrop"
    assert cell not in kinds.piles.suggested("RBC")
    workspace.history.undo()
    assert cell[1] not in kinds.typed.of(first)
